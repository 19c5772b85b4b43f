"""Metric data queries: points of metrics and of expressions over a span of time. Pure.

Time here is alarm time: epoch seconds multiplied by the speed of the evaluator, which is 1 for every API call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from localcloud.observe.mathexpr import Evaluator, MathError, Node, Series, Value, parse
from localcloud.observe.samples import Samples
from localcloud.observe.statistics import Statistic
from localcloud.observe.store import MINUTE, MetricId, Reading

Read = Callable[[MetricId, float, float, str | None], list[Reading]]
"""(metric, first second, second after the last, unit or any) to what was measured; see `MetricStore.read`."""

DEFAULT_PERIOD: Final = MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """A statistic of one metric for each period, of `period` seconds."""

    identifier: str
    metric: MetricId
    period: int
    statistic: Statistic
    stat_text: str
    unit: str | None = None
    label: str | None = None
    returned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MathQuery:
    """An expression over other queries."""

    identifier: str
    expression: str
    period: int | None = None
    label: str | None = None
    returned: bool = True


Query = MetricQuery | MathQuery


@dataclass(frozen=True, slots=True)
class Span:
    """``[start, end)`` in whole seconds."""

    start: int
    end: int

    def aligned(self, period: int) -> "Span":
        """The span from the last boundary that CloudWatch rounds a start time down to."""
        return Span(self.start // (step := min(period, MINUTE)) * step, self.end)

    def timestamps(self, period: int) -> range:
        """The start of every period."""
        return range(self.start, self.end, period)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where points are read and how fast their time passes."""

    read: Read
    speed: float = 1.0

    def buckets(self, metric: MetricId, period: int, span: Span, unit: str | None = None) -> dict[int, Samples]:
        """The samples of each period that has any, by the start of the period."""
        last = -(-span.end // MINUTE) * MINUTE
        found: dict[int, Samples] = {}
        for reading in self.read(metric, span.start / self.speed, last / self.speed, unit):
            at = self.timestamp(reading)
            if span.start <= at < span.end:
                start = span.start + (at - span.start) // period * period
                found.setdefault(start, Samples()).merge(reading.samples)
        return found

    def timestamp(self, reading: Reading) -> int:
        """When `reading` shows: its second, or the minute it lies in for a metric of standard resolution."""
        at = int(reading.second * self.speed)
        return at if reading.stream.high_resolution else at // MINUTE * MINUTE


def statistic_series(buckets: Mapping[int, Samples], statistic: Statistic) -> Series:
    """The value of each period that has one."""
    values = ((at, statistic.of(samples)) for at, samples in sorted(buckets.items()))
    return {at: value for at, value in values if value is not None}


def answers(queries: Sequence[Query], timeline: Timeline, span_of: Callable[[int], Span]) -> dict[str, Value]:
    """The value of every query that is returned, over the span that `span_of` gives for its period.

    Raises:
        MathError: An expression without a value, or whose value is a scalar.
    """
    metrics = {query.identifier: query for query in queries if isinstance(query, MetricQuery)}
    series = {
        identifier: statistic_series(
            timeline.buckets(query.metric, query.period, span_of(query.period), query.unit), query.statistic
        )
        for identifier, query in metrics.items()
    }
    periods = {identifier: query.period for identifier, query in metrics.items()}
    expressions = {query.identifier: parse(query.expression) for query in queries if isinstance(query, MathQuery)}
    return {
        query.identifier: _final(query, series, periods, expressions, span_of) for query in queries if query.returned
    }


def _final(
    query: Query,
    series: Mapping[str, Series],
    periods: Mapping[str, int],
    expressions: Mapping[str, Node],
    span_of: Callable[[int], Span],
) -> Value:
    if isinstance(query, MetricQuery):
        return series[query.identifier]
    period = query.period or min(periods.values(), default=DEFAULT_PERIOD)
    timestamps = span_of(period).timestamps(period)
    value = Evaluator(series, periods, expressions, timestamps).value(query.identifier)
    if isinstance(value, float):
        raise MathError(f"The expression '{query.identifier}' gives a scalar: it must give a time series")
    return value
