"""`BlueGreenFunction`: a function that is released by version only, behind the aliases ``live`` and ``preview``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS
from stack.alarms import Alarms, function_watches
from stack.components.function import Function, FunctionArgs

if TYPE_CHECKING:
    from stack.components.queues import FifoQueue

BATCH_SIZE: Final = 10
"""The most that Lambda takes from a FIFO queue at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreenFunctionArgs(FunctionArgs):
    """A function that is released, and what its alarms watch beside its error rate."""

    errors: int
    """Errors in one minute that are an alarm."""
    throttles: int
    """Throttled calls in one minute that are an alarm."""
    answers_people: bool = False
    """Whether somebody waits for the answer, so that the p99 limit applies."""


class BlueGreenFunction(Function):
    """A published function, its aliases and the alarms on what production calls.

    The aliases are created on the first version; after that the release controller alone moves them. Every other input
    of theirs is constant, because an update of one input would send the recorded routing along.
    """

    is_published = True
    live: aws.lambda_.Alias
    preview: aws.lambda_.Alias
    error_rate_alarm: aws.cloudwatch.MetricAlarm

    def __init__(self, args: BlueGreenFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        self._watched = args
        super().__init__(args, opts)

    def _finish(self) -> None:
        self.live = self._alias(LIVE_ALIAS, "What production calls. Moved by the release controller alone.")
        self.preview = self._alias(PREVIEW_ALIAS, "The candidate, without production traffic.")
        self.error_rate_alarm = self._watch()
        self.register_outputs({**self._outputs(), "liveArn": self.live.arn, "previewArn": self.preview.arn})

    def consume(self, queue: FifoQueue, *, at_once: int) -> None:
        """Feeds the queue's messages to the live alias, so that a release shifts their processing too.

        At most `at_once` batches (2..1000) are worked on at the same time, whatever waits: Lambda asks the queue for no
        more, in place of being throttled and letting messages count as tried (Lambda guide, 'Configuring maximum
        concurrency for Amazon SQS event sources').
        """
        place = self._watched.place
        aws.lambda_.EventSourceMapping(
            place.name("source", f"{self.purpose}-{queue.purpose}"),
            event_source_arn=queue.arn,
            function_name=self.live.arn,
            batch_size=BATCH_SIZE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=at_once),
            tags=place.tags(self.purpose),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _alias(self, alias: str, description: str) -> aws.lambda_.Alias:
        return aws.lambda_.Alias(
            self._watched.place.name("alias", f"{self.purpose}-{alias}"),
            name=alias,
            description=description,
            function_name=self.function.name,
            function_version=self.function.version,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["functionVersion", "routingConfig"]),
        )

    def _watch(self) -> aws.cloudwatch.MetricAlarm:
        args = self._watched
        live = {"FunctionName": self.name, "Resource": f"{self.name}:{LIVE_ALIAS}"}
        alarms = Alarms(place=args.place, component=self.purpose, parent=self, actions=args.alarm_actions)
        for watch in function_watches(
            self.purpose,
            live,
            timeout_seconds=args.timeout_seconds,
            errors=args.errors,
            throttles=args.throttles,
            answers_people=args.answers_people,
        ):
            alarms.on(watch)
        return alarms.on_error_rate(f"{self.purpose}-error-rate", f"over 1 % of calls of {self.name} fail", live)
