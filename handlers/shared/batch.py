"""A batch from a FIFO queue: message by message, failures given back one by one, order kept within a group.

After a failure the rest of the *same group* is given back unread, so nothing overtakes; other groups go on (Lambda
guide, 'Reporting batch item failures'; a group here is one transaction). A message that is given back becomes visible
again after a pause that doubles with each attempt, not after the queue's visibility timeout, which is at least six
timeouts of the function. With a third of its time left the function begins no further message, so that what it has
done is acknowledged.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from handlers.shared.aws_call import AwsError, AwsUnreachable, Service
from handlers.shared.card_data import part_holds_card_data
from handlers.shared.invocation import LambdaContext
from handlers.shared.settings import required

log = logging.getLogger(__name__)

DEFAULT_PAUSE_SECONDS: Final = 10
LONGEST_PAUSE_SECONDS: Final = 900
MOST_DOUBLINGS: Final = 10
RESERVE: Final = 3
"""The part of the function's time in which no message is begun: one third."""
QueueEvent: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a batch."""

    message_id: str
    receipt: str
    group: str
    body: str
    receives: int
    """How often it has been received, this time included."""


class Undeliverable(Exception):
    """A message could not be carried out now; the queue tries again and in the end keeps it as a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a queue's messages are carried out."""

    sqs: Service
    queue_url: str
    first_pause_seconds: int

    def carry_out(self, event: QueueEvent, context: LambdaContext, act: Callable[[Message], None]) -> dict[str, Any]:
        """Lambda's answer to a batch: the ids of the messages that were not carried out."""
        reserve_ms = context.get_remaining_time_in_millis() // RESERVE
        waiting: list[Message] = []
        for message in map(parse_message, event["Records"]):
            is_blocked = message.group in {earlier.group for earlier in waiting}
            is_late = context.get_remaining_time_in_millis() < reserve_ms
            if is_blocked or is_late or not _is_done(message, act):
                # Of those behind a failure too: SQS gives out none of a group while it thinks one is being worked on.
                self._postpone(message)
                waiting.append(message)
        return {"batchItemFailures": [{"itemIdentifier": message.message_id} for message in waiting]}

    def _postpone(self, message: Message) -> None:
        doublings = min(MOST_DOUBLINGS, message.receives - 1)
        pause = min(LONGEST_PAUSE_SECONDS, self.first_pause_seconds << doublings)
        try:
            self.sqs.call(
                "ChangeMessageVisibility",
                QueueUrl=self.queue_url,
                ReceiptHandle=message.receipt,
                VisibilityTimeout=pause,
            )
        except (AwsError, AwsUnreachable) as error:
            log.warning("message waits for the queue's own timeout", extra={"reason": error})


def _is_done(message: Message, act: Callable[[Message], None]) -> bool:
    try:
        _screen(message)
        act(message)
    except Undeliverable as reason:
        log.warning("message not delivered", extra={"message_id": message.message_id, "reason": reason})
    except Exception:
        # One bad message must not take the batch with it; it is logged here and kept by the queue.
        log.exception("message failed", extra={"message_id": message.message_id, "receives": message.receives})
    else:
        return True
    return False


def _screen(message: Message) -> None:
    """Lets every message pass that this service has queued: its parts were searched one by one before."""
    if part_holds_card_data(message.body):
        raise Undeliverable("it seems to hold card data; look at its dead letter, which is shown masked, and delete it")


def queue_batch(sqs: Service, setting: str) -> Batch:
    """The batch of the queue whose URL is in the environment variable `setting`.

    ``RETRY_FIRST_SECONDS`` is the pause before the second attempt; each further one is twice as long.
    """
    pause = int(os.environ.get("RETRY_FIRST_SECONDS") or DEFAULT_PAUSE_SECONDS)
    return Batch(sqs=sqs, queue_url=required(setting), first_pause_seconds=pause)


def parse_message(record: Mapping[str, Any]) -> Message:
    """The message in a record of Lambda's event (Lambda guide, 'Example FIFO queue message event')."""
    attributes = record["attributes"]
    return Message(
        message_id=record["messageId"],
        receipt=record["receiptHandle"],
        group=attributes["MessageGroupId"],
        body=record["body"],
        receives=int(attributes["ApproximateReceiveCount"]),
    )
