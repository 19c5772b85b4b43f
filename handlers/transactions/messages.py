"""What the queues carry, and how it gets there. A message's group is its transaction: nothing waits for another one.

Deduplication ids are derived from what the message says, so that a repeated send within five minutes is one message;
whoever receives one twice all the same changes nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from handlers.shared.aws_call import Service
from handlers.shared.exact_json import Json, parse_json, render_json
from handlers.shared.order import Party, parse_order
from handlers.transactions.transaction import Transaction

MESSAGE_FORMAT: Final = 1


class UnknownMessage(Exception):
    """A message that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a merchant is told about a transaction's outcome; the same text at each attempt, so it signs the same."""

    event_id: str
    """The same for each delivery of one outcome: what a merchant recognises a repetition by."""
    merchant_id: str
    transaction_id: str
    text: str
    """The JSON body of the webhook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A FIFO queue that messages are sent to."""

    sqs: Service
    url: str

    def send(self, body: Json, *, group: str, deduplication: str) -> None:
        """Sends one message."""
        self.sqs.call(
            "SendMessage",
            QueueUrl=self.url,
            MessageBody=render_json(body),
            MessageGroupId=group,
            MessageDeduplicationId=deduplication,
        )


def send_transaction(queue: Queue, transaction: Transaction) -> None:
    """Queues a transaction for processing."""
    fingerprint = transaction.order.fingerprint()
    queue.send(
        transaction_message(transaction),
        group=transaction.transaction_id,
        deduplication=f"{transaction.transaction_id}-{fingerprint}",
    )


def transaction_message(transaction: Transaction) -> dict[str, Json]:
    """What is queued: all of a transaction, so that it can be carried out without its record."""
    return {
        "format": MESSAGE_FORMAT,
        "transaction_id": transaction.transaction_id,
        "created_at": transaction.history[0].at,
        "version": transaction.history[0].version,
        "order": transaction.order.members(),
        "others": transaction.order.others,
    }


def parse_transaction(text: str) -> Transaction:
    """The transaction in a message, as it was when it was sent.

    Raises:
        UnknownMessage: the text is no such message of this format.
    """
    body = _parse(text, {"transaction_id", "created_at", "version"})
    order = body["order"]
    if not isinstance(order, dict):
        raise UnknownMessage("a transaction message holds no order")
    others = body.get("others")
    return Transaction.opened(
        str(body["transaction_id"]),
        replace(parse_order(order, Party.MERCHANT), others=others if isinstance(others, str) else None),
        at=str(body["created_at"]),
        version=str(body["version"]),
    )


def send_outcome(queue: Queue, transaction: Transaction) -> None:
    """Queues what its merchant must know; for a transaction that is not final there is nothing to tell."""
    if not transaction.is_final:
        return
    event_id = f"{transaction.transaction_id}-{transaction.status.value}"
    body: dict[str, Json] = {
        "format": MESSAGE_FORMAT,
        "event_id": event_id,
        "type": f"transaction.{transaction.status.value}",
        "transaction_id": transaction.transaction_id,
        "merchant_id": transaction.order.party_id,
        "amount": transaction.order.amount.sent,
        "currency": transaction.order.currency.value,
        "occurred_at": transaction.history[-1].at,
    }
    queue.send(body, group=transaction.transaction_id, deduplication=event_id)


def parse_notification(text: str) -> Notification:
    """The notification in a message.

    Raises:
        UnknownMessage: the text is no such message of this format.
    """
    body = _parse(text, {"event_id", "merchant_id", "transaction_id"})
    return Notification(
        event_id=str(body["event_id"]),
        merchant_id=str(body["merchant_id"]),
        transaction_id=str(body["transaction_id"]),
        text=text,
    )


def _parse(text: str, names: set[str]) -> dict[str, Json]:
    try:
        body = parse_json(text)
    except ValueError as error:
        raise UnknownMessage("a message is no JSON") from error
    if not isinstance(body, dict) or render_json(body.get("format")) != str(MESSAGE_FORMAT):
        raise UnknownMessage(f"a message is not of format {MESSAGE_FORMAT}")
    if not all(isinstance(body.get(name), str) for name in names):
        raise UnknownMessage(f"a message needs {', '.join(sorted(names))}")
    return body
