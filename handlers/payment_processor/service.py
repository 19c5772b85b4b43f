"""Carrying out one payment: keep it, tell about it, and keep the attempt when something unexpected fails (A1, A4).

A failed attempt goes to the dead-letter queue in the form of an event that this very function takes, so one command
replays what Lambda itself dead-lettered and what is kept here. It names the payment's id: a replay cannot pay twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from handlers.payment_processor.payments import Payment, decide
from handlers.payment_processor.store import PaymentStore
from handlers.shared.aws_call import AwsError, AwsUnreachable, Service
from handlers.shared.exact_json import parse_json, render_json
from handlers.shared.order import Order, Party, parse_order
from handlers.shared.refusal import Refusal

log = logging.getLogger(__name__)

SNS_VERSION: Final = "2010-03-31"
REPLAY: Final = "replay_payment"
"""The member that marks an event as a replay; its value is what `replay_event` makes."""

ReplayEvent: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCommand:
    """An order, and the id that it will have whenever and however often it is carried out."""

    payment_id: str
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements:
    """The topic on which every payment is announced; subscribers know a repetition by its payment_id."""

    sns: Service
    topic_arn: str

    def publish(self, payment: Payment) -> None:
        """Announces one payment."""
        message = render_json({"type": f"payment.{payment.status}", **payment.members()})
        self.sns.call_form("Publish", version=SNS_VERSION, TopicArn=self.topic_arn, Message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """The queue that keeps failed attempts."""

    sqs: Service
    queue_url: str

    def keep(self, command: PaymentCommand, error: Exception, *, request_id: str) -> None:
        """Keeps an attempt with its error; the attributes are those that Lambda gives its own dead letters."""
        attributes = {"RequestID": request_id, "ErrorCode": type(error).__name__, "ErrorMessage": "see the log"}
        self.sqs.call(
            "SendMessage",
            QueueUrl=self.queue_url,
            MessageBody=render_json(replay_event(command)),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentService:
    """The function's one job, with what it needs for it."""

    store: PaymentStore
    announcements: Announcements | None
    dead_letters: DeadLetters | None

    def carry_out(self, command: PaymentCommand, *, at: datetime, version: str) -> Payment:
        """The payment; the one that was kept first when the command is repeated, announced again.

        Raises:
            Refusal: 422, the id belongs to another order.
        """
        decided = decide(command.order, payment_id=command.payment_id, at=at, version=version)
        kept = self.store.insert(decided)
        if not command.order.repeats(kept.order):
            raise Refusal(422, "idempotency_key_reused", "this Idempotency-Key was used with another body")
        if self.announcements is not None:
            self.announcements.publish(kept)
        return kept

    def keep_failed(self, command: PaymentCommand, error: Exception, *, request_id: str) -> None:
        """Keeps an attempt that failed unexpectedly, if there is a queue for it."""
        if self.dead_letters is None:
            return
        try:
            self.dead_letters.keep(command, error, request_id=request_id)
        except (AwsError, AwsUnreachable):
            log.exception("a failed payment could not be kept for a replay", extra={"payment_id": command.payment_id})


def replay_event(command: PaymentCommand) -> dict[str, dict[str, str]]:
    """The event that carries out a command; the order is JSON inside a string, which keeps the digits of its amount."""
    others = {} if command.order.others is None else {"others": command.order.others}
    return {REPLAY: {"payment_id": command.payment_id, "order": render_json(command.order.members()), **others}}


def parse_replay(event: ReplayEvent) -> PaymentCommand:
    """The command in an event that `replay_event` made.

    Raises:
        ValueError: the event holds none.
        Refusal: the order in it is not valid.
    """
    replayed = event[REPLAY]
    order = parse_json(replayed["order"])
    if not isinstance(order, Mapping):
        raise ValueError(f"{REPLAY} holds no order")  # noqa: TRY004 - a wrong event, not a wrong type of argument
    ordered = replace(parse_order(order, Party.CUSTOMER), others=replayed.get("others"))
    return PaymentCommand(payment_id=replayed["payment_id"], order=ordered)
