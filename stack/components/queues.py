"""`FifoQueue`: a FIFO queue and its dead-letter queue, which must be FIFO too (B4)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack.alarms import Alarms, queue_watches
from stack.grants import fifo_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.naming import Place

DAY_SECONDS: Final = 24 * 3600
RETENTION_SECONDS: Final = 4 * DAY_SECONDS
DEAD_LETTER_SECONDS: Final = 14 * DAY_SECONDS
"""SQS's longest: time to look at a failed event and to replay it."""

TRIES: Final = 3

VISIBILITY_TIMEOUTS: Final = 6
"""A message stays hidden for six timeouts of its consumer (Lambda guide, 'Using Lambda with Amazon SQS')."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FifoQueueArgs:
    """One queue, and how long its consumer may take."""

    place: Place
    purpose: str
    consumer_timeout_seconds: int
    key_arn: pulumi.Input[str] | None = None
    alarm_actions: Sequence[pulumi.Input[str]] = ()


class FifoQueue(pulumi.ComponentResource):
    """Messages in order by group; after `TRIES` deliveries a message moves to the dead-letter queue and alarms."""

    def __init__(self, args: FifoQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:FifoQueue", f"{args.purpose}-queue", None, opts)
        self.name = fifo_name(args.place, args.purpose)
        self.purpose = args.purpose
        self.dead_letter_name = fifo_name(args.place, f"{args.purpose}-dead")
        dead_letters = self._queue(args, self.dead_letter_name, message_retention_seconds=DEAD_LETTER_SECONDS)
        redrive = {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": TRIES}
        self.queue = self._queue(
            args,
            self.name,
            message_retention_seconds=RETENTION_SECONDS,
            visibility_timeout_seconds=VISIBILITY_TIMEOUTS * args.consumer_timeout_seconds,
            redrive_policy=pulumi.Output.json_dumps(redrive),
        )
        self._allow_redrive(args, dead_letters)
        alarms = Alarms(place=args.place, component=args.purpose, parent=self, actions=args.alarm_actions)
        for watch in queue_watches(f"{args.purpose}-dead", self.dead_letter_name):
            alarms.on(watch)
        self.arn, self.url = self.queue.arn, self.queue.url
        self.register_outputs({"name": self.name, "url": self.url, "deadLetterUrl": dead_letters.url})

    def _queue(
        self,
        args: FifoQueueArgs,
        name: str,
        *,
        message_retention_seconds: int,
        visibility_timeout_seconds: int | None = None,
        redrive_policy: pulumi.Input[str] | None = None,
    ) -> aws.sqs.Queue:
        return aws.sqs.Queue(
            name.removesuffix(".fifo"),
            name=name,
            fifo_queue=True,
            content_based_deduplication=True,
            deduplication_scope="messageGroup",
            fifo_throughput_limit="perMessageGroupId",
            message_retention_seconds=message_retention_seconds,
            visibility_timeout_seconds=visibility_timeout_seconds,
            redrive_policy=redrive_policy,
            kms_master_key_id=args.key_arn,
            sqs_managed_sse_enabled=None if args.key_arn else True,
            tags=args.place.tags(args.purpose),
            opts=pulumi.ResourceOptions(parent=self, protect=args.place.protects(name)),
        )

    def _allow_redrive(self, args: FifoQueueArgs, dead_letters: aws.sqs.Queue) -> None:
        """Lets this queue, and no other, use the dead-letter queue."""
        aws.sqs.RedriveAllowPolicy(
            args.place.name("redrive", args.purpose),
            queue_url=dead_letters.url,
            redrive_allow_policy=json.dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [args.place.arn("sqs", self.name)]}
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.queue]),
        )
