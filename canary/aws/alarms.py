"""The AlarmSource on CloudWatch: reads alarm states, and makes the guards on one version of one alias."""

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

from canary import schema
from canary.aws.clients import aws_errors
from canary.core.facts import AlarmFacts, MetricRead
from canary.core.model import AlarmReading, AlarmState, Metric, MetricSpec, Target

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        MetricAlarmTypeDef,
        MetricDataQueryTypeDef,
        MetricOutputTypeDef,
        MetricStatTypeDef,
        MetricTypeDef,
        PutMetricAlarmInputTypeDef,
    )

NAMES_A_CALL: Final = 100
"""DescribeAlarms' own limit."""
GUARD_FLOOR: Final = 20
"""Requests in a period below which a guard says nothing: one failure among few is for the judge, not for an alarm."""
P99_FLOOR: Final = 200
"""Requests in a period below which its 99th percentile is one or two requests' accident."""
GUARD_MULTIPLE: Final = 5
"""A guard on errors is the independent brake for gross failures, so it stands at a multiple of the SLO's limit."""
THROTTLED_PERCENT: Final = 5.0
"""Calls that found no concurrency left, above which a release goes back: what it needs is not there."""


class CloudWatchAlarms:
    """`DescribeAlarms` in batches of 100, `PutMetricAlarm` for guards, `DeleteAlarms` after a rollout."""

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def read_alarms(self, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        """One call for each 100 names, and one more where some of them are no metric alarms but may be composite."""
        return tuple(facts.reading for facts in self.read_facts(names))

    def read_facts(self, names: Sequence[str]) -> tuple[AlarmFacts, ...]:
        """The same, with the metrics that each alarm watches."""
        found: dict[str, AlarmFacts] = {}
        for start in range(0, len(names), NAMES_A_CALL):
            found |= self._describe(names[start : start + NAMES_A_CALL])
        return tuple(found.get(name) or _missing(name) for name in names)

    def list_guards(self) -> tuple[AlarmFacts, ...]:
        """Every alarm that carries the prefix of guards, of whatever rollout; one call a page."""
        pages = self._client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=schema.GUARD_ALARM_PREFIX)
        with aws_errors("listing guard alarms"):
            return tuple(_facts(alarm) for page in pages for alarm in page["MetricAlarms"])

    def put_guards(self, target: Target, specs: Sequence[MetricSpec]) -> tuple[str, ...]:
        """Four alarms a target: by Lambda gross errors, slowness and throttled calls, by its own metrics gross faults.

        They carry no action: the controller reads them, and an alarm-state event reaches it where it runs inside AWS.
        """
        guards = [
            *(_lambda_guard(target, spec) for spec in specs),
            *(_own_guard(target, spec) for spec in specs if spec.metric is Metric.ERRORS),
            _throttle_guard(target),
        ]
        with aws_errors(f"making guard alarms for {target.resource}"):
            for guard in guards:
                self._client.put_metric_alarm(**guard)
        return tuple(guard["AlarmName"] for guard in guards)

    def remove_guards(self, names: Sequence[str]) -> None:
        """One call for each 100 names."""
        with aws_errors("removing guard alarms"):
            for start in range(0, len(names), NAMES_A_CALL):
                self._client.delete_alarms(AlarmNames=list(names[start : start + NAMES_A_CALL]))

    def _describe(self, names: Sequence[str]) -> dict[str, AlarmFacts]:
        """Composite alarms are asked for by themselves: a role that may read named alarms only may not read those.

        CloudWatch API reference, DescribeAlarms: composite alarms need the right on ``*``.
        """
        with aws_errors("reading alarms"):
            answer = self._client.describe_alarms(
                AlarmNames=list(names), AlarmTypes=["MetricAlarm"], MaxRecords=NAMES_A_CALL
            )
        found = {alarm["AlarmName"]: _facts(alarm) for alarm in answer["MetricAlarms"]}
        others = [name for name in names if name not in found]
        return found | self._composites(others) if others else found

    def _composites(self, names: Sequence[str]) -> dict[str, AlarmFacts]:
        with aws_errors("reading composite alarms"):
            answer = self._client.describe_alarms(
                AlarmNames=list(names), AlarmTypes=["CompositeAlarm"], MaxRecords=NAMES_A_CALL
            )
        return {
            alarm["AlarmName"]: AlarmFacts(
                reading=AlarmReading(
                    name=alarm["AlarmName"], state=AlarmState(alarm["StateValue"]), reason=alarm.get("StateReason", "")
                )
            )
            for alarm in answer["CompositeAlarms"]
        }


def _missing(name: str) -> AlarmFacts:
    return AlarmFacts(reading=AlarmReading(name=name, state=AlarmState.MISSING))


def _facts(alarm: "MetricAlarmTypeDef") -> AlarmFacts:
    """The alarm and what it watches: one metric of its own, or those of its metric math."""
    queried = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]
    own: MetricTypeDef = {
        "Namespace": alarm.get("Namespace", ""),
        "MetricName": alarm.get("MetricName", ""),
        "Dimensions": alarm.get("Dimensions", []),
    }
    watched = queried if "MetricName" not in alarm else [own]
    return AlarmFacts(reading=_reading(alarm), metrics=tuple(_metric_read(metric) for metric in watched))


def _metric_read(metric: "MetricTypeDef | MetricOutputTypeDef") -> MetricRead:
    dimensions = tuple((dimension["Name"], dimension["Value"]) for dimension in metric.get("Dimensions", ()))
    return MetricRead(namespace=metric.get("Namespace", ""), metric=metric.get("MetricName", ""), dimensions=dimensions)


def _reading(alarm: "MetricAlarmTypeDef") -> AlarmReading:
    since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return AlarmReading(
        name=alarm["AlarmName"],
        state=AlarmState(alarm["StateValue"]),
        since=since.astimezone(UTC) if since is not None else None,
        reason=alarm.get("StateReason", ""),
        had_data=alarm["StateValue"] != AlarmState.INSUFFICIENT_DATA,
    )


def _lambda_guard(target: Target, spec: MetricSpec) -> "PutMetricAlarmInputTypeDef":
    """Lambda's standard metrics, one-minute periods: unhandled errors by metric math, and the 99th percentile."""
    if spec.metric is Metric.ERRORS:
        queries = _ratio(target, "AWS/Lambda", "Invocations", "Errors", 60)
        return _guard(target, "errors", queries, _percent(spec), "unhandled errors of the candidate, in percent")
    queries = [
        _read("requests", "AWS/Lambda", "Invocations", "Sum", target, 60),
        _read("p99", "AWS/Lambda", "Duration", "p99", target, 60),
        _watched(f"IF(requests >= {P99_FLOOR}, p99, 0)"),
    ]
    return _guard(target, "p99", queries, schema.SLOW_AFTER_MS, "p99 of the candidate's duration, in milliseconds")


def _own_guard(target: Target, spec: MetricSpec) -> "PutMetricAlarmInputTypeDef":
    """The function's own metrics, ten-second periods: a handled HTTP 500 is not in Lambda's errors."""
    queries = _ratio(target, schema.METRIC_NAMESPACE, schema.REQUESTS, schema.FAULTS, 10)
    return _guard(
        target, "faults", queries, _percent(spec), "answers of the candidate with status 500 or more, in percent"
    )


def _throttle_guard(target: Target) -> "PutMetricAlarmInputTypeDef":
    """Throttled calls by the alias: Lambda refuses them before a version is chosen, so none of them has a version."""
    queries = [
        _read("requests", "AWS/Lambda", "Invocations", "Sum", target, 60, schema.METRIC_DIMENSIONS[:2]),
        _read("throttles", "AWS/Lambda", "Throttles", "Sum", target, 60, schema.METRIC_DIMENSIONS[:2]),
        _watched(f"IF(requests + throttles >= {GUARD_FLOOR}, 100 * throttles / (requests + throttles), 0)"),
    ]
    return _guard(target, "throttles", queries, THROTTLED_PERCENT, "calls that found no concurrency left, in percent")


def _guard(
    target: Target, what: str, queries: "list[MetricDataQueryTypeDef]", percent: float, told: str
) -> "PutMetricAlarmInputTypeDef":
    return {
        "AlarmName": f"{schema.GUARD_ALARM_PREFIX}{target.function}-{target.alias}-v{target.canary}-{what}",
        "AlarmDescription": f"{told} (version {target.canary} on {target.resource}); made for a rollout",
        "Metrics": queries,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "Threshold": percent,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def _ratio(target: Target, namespace: str, requests: str, errors: str, seconds: int) -> "list[MetricDataQueryTypeDef]":
    return [
        _read("requests", namespace, requests, "Sum", target, seconds),
        _read("errors", namespace, errors, "Sum", target, seconds),
        _watched(f"IF(requests >= {GUARD_FLOOR}, 100 * errors / requests, 0)"),
    ]


def _read(  # noqa: PLR0917 - the parts of one query, in CloudWatch's order
    identity: str,
    namespace: str,
    metric: str,
    statistic: str,
    target: Target,
    seconds: int,
    by: Sequence[str] = schema.METRIC_DIMENSIONS,
) -> "MetricDataQueryTypeDef":
    values = dict(zip(schema.METRIC_DIMENSIONS, (target.function, target.resource, target.canary), strict=True))
    dimensions: list[DimensionTypeDef] = [{"Name": name, "Value": values[name]} for name in by]
    named: MetricTypeDef = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    read: MetricStatTypeDef = {"Metric": named, "Period": seconds, "Stat": statistic}
    return {"Id": identity, "MetricStat": read, "ReturnData": False}


def _watched(expression: str) -> "MetricDataQueryTypeDef":
    return {"Id": "watched", "Expression": expression, "Label": "watched", "ReturnData": True}


def _percent(spec: MetricSpec) -> float:
    return 100 * spec.limit * GUARD_MULTIPLE
