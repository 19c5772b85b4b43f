"""What a metric alarm watches and when it fires: the stored PutMetricAlarm request as a typed value. Pure."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from localcloud.observe.model import Plain
from localcloud.observe.queries import metric_of, parse_queries
from localcloud.observe.query import DEFAULT_PERIOD, MetricQuery, Query
from localcloud.observe.statistics import parse_statistic
from localcloud.observe.store import MINUTE

EXTRA_PERIODS: Final = 2
"""How many periods beyond EvaluationPeriods are read. AWS documents 5 for 3 and leaves other sizes unpublished."""
HIGH_RESOLUTION_STEP: Final = 10
SINGLE: Final = "m1"


class State(StrEnum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class MissingData(StrEnum):
    """What a missing data point counts as."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


COMPARISONS: Final[Mapping[str, tuple[Callable[[float, float], bool], str]]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""Operator to (how it compares a value with the threshold, how a reason puts it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """One metric alarm.

    Attributes:
        queries: What it reads.
        watched: The id of the query that is compared with the threshold.
        period: Seconds of one data point.
        evaluation_periods: N, how many data points are looked at.
        datapoints_to_alarm: M, how many of them must breach.
        names_m: Whether the request named M; the reason text differs.
        holds_on_few_samples: Whether percentiles of too few samples leave the state as it is.
    """

    name: str
    queries: tuple[Query, ...]
    watched: str
    period: int
    evaluation_periods: int
    datapoints_to_alarm: int
    names_m: bool
    threshold: float
    comparison: str
    missing: MissingData
    holds_on_few_samples: bool

    @property
    def metric(self) -> MetricQuery | None:
        """The metric of an alarm without metric math."""
        only = self.queries[0]
        return only if len(self.queries) == 1 and isinstance(only, MetricQuery) else None

    @property
    def step(self) -> int:
        """How often the alarm is evaluated, in seconds: 60, or 10 for a period below a minute."""
        return HIGH_RESOLUTION_STEP if self.period < MINUTE else MINUTE

    @property
    def range_size(self) -> int:
        """How many periods the evaluation range has."""
        return self.evaluation_periods + EXTRA_PERIODS

    def breaches(self, value: float | None) -> bool:
        """Whether `value` is on the wrong side of the threshold; a missing one is not."""
        return value is not None and COMPARISONS[self.comparison][0](value, self.threshold)


def alarm_rule(stored: Plain) -> AlarmRule:
    """The rule of a stored alarm.

    Raises:
        ApiError: A query, period, statistic or dimension that CloudWatch refuses.
    """
    queries = tuple(parse_queries(stored["Metrics"]) if stored.get("Metrics") else [_single(stored)])
    periods = [query.period for query in queries if query.period is not None]
    evaluation_periods = int(stored.get("EvaluationPeriods") or 1)
    return AlarmRule(
        name=stored["AlarmName"],
        queries=queries,
        watched=next((query.identifier for query in queries if query.returned), queries[0].identifier),
        period=periods[0] if periods else DEFAULT_PERIOD,
        evaluation_periods=evaluation_periods,
        datapoints_to_alarm=int(stored.get("DatapointsToAlarm") or evaluation_periods),
        names_m=stored.get("DatapointsToAlarm") is not None,
        threshold=float(stored.get("Threshold") or 0),
        comparison=stored["ComparisonOperator"],
        missing=_missing(stored, queries),
        holds_on_few_samples=stored.get("EvaluateLowSampleCountPercentile") == "ignore",
    )


def _single(stored: Plain) -> MetricQuery:
    text = stored.get("ExtendedStatistic") or stored.get("Statistic") or "Average"
    return MetricQuery(
        identifier=SINGLE,
        metric=metric_of(stored),
        period=int(stored.get("Period") or DEFAULT_PERIOD),
        statistic=parse_statistic(text),
        stat_text=text,
        unit=stored.get("Unit"),
    )


def _missing(stored: Plain, queries: tuple[Query, ...]) -> MissingData:
    """As asked, but DynamoDB's metrics always ignore missing data (PutMetricAlarm, TreatMissingData)."""
    if any(isinstance(query, MetricQuery) and query.metric.namespace == "AWS/DynamoDB" for query in queries):
        return MissingData.IGNORE
    return MissingData(stored.get("TreatMissingData") or MissingData.MISSING)
