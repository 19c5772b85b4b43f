"""The metrics of one account and region: who measured what, second by second. Pure but for its lock.

A point is kept at its second even when its metric has the standard resolution of one minute, because the evaluator may
run on compressed time; `localcloud.observe.query.Timeline` knows where a query may see it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from localcloud.observe.samples import Samples, StatisticSet

MINUTE: Final = 60
SECONDS_KEPT: Final = 3 * 3600
"""After three hours only minutes remain, as on AWS."""
STANDARD_SECONDS_KEPT: Final = 15 * MINUTE
MINUTES_KEPT: Final = 15 * 24 * 3600
"""AWS keeps one-minute data for 15 days; coarser data is not kept here."""
OLDEST_POINT: Final = 14 * 24 * 3600
NEWEST_POINT: Final = 2 * 3600
"""A published point may be up to two weeks old and up to two hours in the future."""


@dataclass(frozen=True, slots=True)
class MetricId:
    """One metric: a namespace, a name and one set of dimensions, sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


def metric_id(namespace: str, name: str, dimensions: Mapping[str, str] | None = None) -> MetricId:
    """The metric of that name with exactly these dimensions."""
    return MetricId(namespace, name, tuple(sorted((dimensions or {}).items())))


def is_timely(at: float, now: float) -> bool:
    """Whether a point of `at` may be published at `now`, both in epoch seconds."""
    return now - OLDEST_POINT <= at <= now + NEWEST_POINT


@dataclass(frozen=True, slots=True)
class Stream:
    """Points of one metric that may be added up: the same unit, the same resolution."""

    unit: str
    high_resolution: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured in one second."""

    second: int
    stream: Stream
    samples: Samples


class MetricStore:
    """Points of all metrics of one account and region; safe to use from several threads."""

    def __init__(self) -> None:
        self._metrics: dict[MetricId, dict[Stream, dict[int, Samples]]] = {}
        self._lock = Lock()

    def record(
        self,
        metric: MetricId,
        value: float,
        *,
        at: float,
        unit: str = "None",
        count: float = 1.0,
        high_resolution: bool = False,
    ) -> None:
        """Counts `value` in the second of `at` (epoch seconds)."""
        with self._lock:
            self._samples(metric, Stream(unit, high_resolution), int(at)).add(value, count)

    def record_many(self, points: Iterable[tuple[MetricId, float]], *, at: float, unit: str = "None") -> None:
        """Counts one value for each of several standard-resolution metrics, under one lock."""
        stream = Stream(unit, high_resolution=False)
        with self._lock:
            for metric, value in points:
                self._samples(metric, stream, int(at)).add(value)

    def record_set(
        self, metric: MetricId, published: StatisticSet, *, at: float, unit: str = "None", high_resolution: bool = False
    ) -> None:
        """Keeps a statistic set in the second of `at`."""
        with self._lock:
            self._samples(metric, Stream(unit, high_resolution), int(at)).add_set(published)

    def _samples(self, metric: MetricId, stream: Stream, second: int) -> Samples:
        seconds = self._metrics.setdefault(metric, {}).setdefault(stream, {})
        found = seconds.get(second)
        if found is None:
            found = seconds[second] = Samples()
        return found

    def read(self, metric: MetricId, start: float, end: float, unit: str | None = None) -> list[Reading]:
        """The seconds in ``[start, end)`` in which `metric` was measured, in no particular order; copies."""
        with self._lock:
            streams = self._metrics.get(metric, {})
            return [
                Reading(second, stream, Samples(counts=dict(samples.counts), sets=list(samples.sets)))
                for stream, seconds in streams.items()
                if unit is None or stream.unit == unit
                for second, samples in _between(seconds, start, end)
            ]

    def metrics(self) -> list[MetricId]:
        """Every metric that has a point, in the order of first publication."""
        with self._lock:
            return list(self._metrics)

    def units(self, metric: MetricId) -> list[str]:
        """The units that `metric` was published with, oldest publication first."""
        with self._lock:
            return [stream.unit for stream in self._metrics.get(metric, {})]

    def last_second(self, metric: MetricId) -> int | None:
        """The newest second in which `metric` was measured."""
        with self._lock:
            return max((max(seconds) for seconds in self._metrics.get(metric, {}).values() if seconds), default=None)

    def compact(self, now: float) -> None:
        """Folds old seconds into their minutes and forgets what is older than `MINUTES_KEPT`."""
        for metric in self.metrics():
            with self._lock:
                streams = self._metrics.get(metric, {})
                for stream, seconds in list(streams.items()):
                    kept = SECONDS_KEPT if stream.high_resolution else STANDARD_SECONDS_KEPT
                    _fold(seconds, before=now - kept, forget_before=now - MINUTES_KEPT)
                    if not seconds:
                        del streams[stream]
                if not streams:
                    self._metrics.pop(metric, None)

    def clear(self) -> None:
        """Forgets every point."""
        with self._lock:
            self._metrics.clear()


def _between(seconds: dict[int, Samples], start: float, end: float) -> Iterator[tuple[int, Samples]]:
    first, last = int(-(-start // 1)), int(-(-end // 1))
    if last - first < len(seconds):
        return ((second, seconds[second]) for second in range(first, last) if second in seconds)
    return ((second, samples) for second, samples in seconds.items() if first <= second < last)


def _fold(seconds: dict[int, Samples], *, before: float, forget_before: float) -> None:
    for second in [second for second in seconds if second < before]:
        minute = second // MINUTE * MINUTE
        if second < forget_before:
            del seconds[second]
        elif second != minute:
            seconds.setdefault(minute, Samples()).merge(seconds.pop(second))
