"""The alarms that a function and an API stage carry: what they watch, as data, and the resources made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stack.naming import Place

PERIOD_SECONDS: Final = 60
"""AWS's own metrics have one point a minute."""

ERROR_RATE_PERCENT: Final = 1.0
"""The SLO's limit (A7)."""

LATENCY_P99_MS: Final = 500.0
"""The SLO's limit (A8)."""

CLIENT_ERROR_SHARE: Final = 0.2
"""A fifth of all requests refused is more likely our contract broken than callers mistaken."""

NEAR_TIMEOUT: Final = 0.8
"""The share of its timeout at which a function's slowest call is worth a look."""

PERCENTILE_PERIODS: Final = 3
"""Minutes running that a percentile must be over its limit. Of fewer than a hundred calls the p99 is the slowest one,
and a cold start is slow: in one minute that is an accident, in three running it is what callers live with."""

NEAR_MAXIMUM: Final = 0.8
"""The share of a table's highest capacity at which auto-scaling soon has nothing left to give (A8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One metric and the value that it should stay below; an alarm fires at the value or above it."""

    purpose: str
    why: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    limit: float
    statistic: str = "Sum"
    """``Sum``, ``Average``, ``Maximum`` or a percentile such as ``p99``."""
    periods: int = 2
    limit_is_fine: bool = False
    """Whether the alarm fires only above the limit."""

    @property
    def is_percentile(self) -> bool:
        """Whether CloudWatch takes the statistic as an extended one."""
        return self.statistic.startswith("p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Where alarms belong: their environment, component and parent, and what both changes of state trigger."""

    place: Place
    component: str
    parent: pulumi.Resource
    actions: Sequence[pulumi.Input[str]] = ()

    def on(self, watch: Watch) -> aws.cloudwatch.MetricAlarm:
        """The alarm of one watch.

        A percentile is evaluated however few its samples are. The other choice, ``ignore``, keeps the alarm's state
        below 10 / (1 - p) samples a period (PutMetricAlarm, EvaluateLowSampleCountPercentile): for the p99 that is
        1,000 calls a minute, or 43 million a month, under which the alarm could neither go off nor come back.
        """
        full = self.place.name("alarm", watch.purpose)
        return aws.cloudwatch.MetricAlarm(
            full,
            name=full,
            alarm_description=watch.why,
            namespace=watch.namespace,
            metric_name=watch.metric,
            dimensions=watch.dimensions,
            period=PERIOD_SECONDS,
            statistic=None if watch.is_percentile else watch.statistic,
            extended_statistic=watch.statistic if watch.is_percentile else None,
            evaluate_low_sample_count_percentiles="evaluate" if watch.is_percentile else None,
            comparison_operator="GreaterThanThreshold" if watch.limit_is_fine else "GreaterThanOrEqualToThreshold",
            threshold=watch.limit,
            evaluation_periods=watch.periods,
            treat_missing_data="notBreaching",
            alarm_actions=list(self.actions),
            ok_actions=list(self.actions),
            tags=self.place.tags(self.component),
            opts=pulumi.ResourceOptions(parent=self.parent),
        )

    def on_error_rate(self, purpose: str, why: str, dimensions: Mapping[str, str]) -> aws.cloudwatch.MetricAlarm:
        """An alarm while Lambda's errors are over `ERROR_RATE_PERCENT` of its invocations, two minutes running."""
        full = self.place.name("alarm", purpose)
        return aws.cloudwatch.MetricAlarm(
            full,
            name=full,
            alarm_description=why,
            metric_queries=[
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="rate", expression="100 * errors / invocations", label="errors in %", return_data=True
                ),
                _sum_of("errors", "Errors", dimensions),
                _sum_of("invocations", "Invocations", dimensions),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=ERROR_RATE_PERCENT,
            evaluation_periods=2,
            treat_missing_data="notBreaching",
            alarm_actions=list(self.actions),
            ok_actions=list(self.actions),
            tags=self.place.tags(self.component),
            opts=pulumi.ResourceOptions(parent=self.parent),
        )


def _sum_of(query: str, metric: str, dimensions: Mapping[str, str]) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=query,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace="AWS/Lambda", metric_name=metric, dimensions=dimensions, period=PERIOD_SECONDS, stat="Sum"
        ),
    )


def function_watches(
    purpose: str,
    dimensions: Mapping[str, str],
    *,
    timeout_seconds: int,
    errors: int,
    throttles: int,
    answers_people: bool,
) -> tuple[Watch, ...]:
    """What is watched on a function's live alias; the p99 limit only where somebody waits for the answer."""

    def on(name: str, why: str, metric: str, limit: float, *, statistic: str = "Sum", periods: int = 1) -> Watch:
        return Watch(
            purpose=f"{purpose}-{name}",
            why=f"{purpose}: {why}",
            namespace="AWS/Lambda",
            metric=metric,
            dimensions=dimensions,
            limit=limit,
            statistic=statistic,
            periods=periods,
        )

    slowest = timeout_seconds * 1000 * NEAR_TIMEOUT
    watches = (
        on("errors", f"{errors} or more calls failed in a minute", "Errors", errors),
        on("throttles", f"{throttles} or more calls were throttled in a minute", "Throttles", throttles),
        on(
            "timeout",
            f"a call took {slowest:g} ms of {timeout_seconds} s",
            "Duration",
            slowest,
            statistic="Maximum",
            periods=2,
        ),
    )
    if not answers_people:
        return watches
    return (
        *watches,
        on(
            "p99",
            "one call in a hundred takes over 500 ms",
            "Duration",
            LATENCY_P99_MS,
            statistic="p99",
            periods=PERCENTILE_PERIODS,
        ),
    )


def stage_watches(api: str, stage: str) -> tuple[Watch, ...]:
    """What is watched on one stage of an API. The averages of the error metrics are shares of all requests."""

    def on(purpose: str, why: str, metric: str, limit: float, *, statistic: str = "Average", periods: int = 2) -> Watch:
        return Watch(
            purpose=f"{purpose}-{stage}",
            why=why,
            namespace="AWS/ApiGateway",
            metric=metric,
            dimensions={"ApiName": api, "Stage": stage},
            limit=limit,
            statistic=statistic,
            periods=periods,
            limit_is_fine=True,
        )

    return (
        on(
            "api-p99",
            f"p99 latency of stage {stage} is over 500 ms",
            "Latency",
            LATENCY_P99_MS,
            statistic="p99",
            periods=PERCENTILE_PERIODS,
        ),
        on("api-5xx", f"over 1 % of requests to stage {stage} fail", "5XXError", ERROR_RATE_PERCENT / 100),
        on("api-4xx", f"over 20 % of requests to stage {stage} are refused", "4XXError", CLIENT_ERROR_SHARE),
    )


def capacity_watches(purpose: str, table: str, indexes: Sequence[str], *, maximum: int) -> tuple[Watch, ...]:
    """What is watched on a table whose capacity ends somewhere: use of `NEAR_MAXIMUM` of it, for each index too.

    CloudWatch treats missing data of DynamoDB's metrics as ``ignore``, whatever an alarm says (PutMetricAlarm,
    TreatMissingData): of a table that nobody uses any more the last state stays.
    """
    places = [(purpose, {"TableName": table})]
    places += [(f"{purpose}-{each}", {"TableName": table, "GlobalSecondaryIndexName": each}) for each in indexes]
    limit = NEAR_MAXIMUM * maximum * PERIOD_SECONDS
    return tuple(
        Watch(
            purpose=f"{place}-{direction.lower()}s",
            why=f"{direction.lower()}s of {table} use 80 % of the {maximum} units a second that it may have",
            namespace="AWS/DynamoDB",
            metric=f"Consumed{direction}CapacityUnits",
            dimensions=dimensions,
            limit=limit,
        )
        for place, dimensions in places
        for direction in ("Read", "Write")
    )


def queue_watches(purpose: str, queue: str) -> tuple[Watch, ...]:
    """What is watched on a dead-letter queue: anything in it is a failed event that somebody must look at."""
    return (
        Watch(
            purpose=purpose,
            why=f"a failed event waits in {queue}: look at it, then replay it",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue},
            limit=1,
            statistic="Maximum",
            periods=1,
        ),
    )
