"""CloudWatch statistics: the text of one, and its value over the samples of one period. Pure.

Names and ranges as in the CloudWatch user guide, "Statistics definitions". How ranks are counted is not published.
Here the sample at ``p`` percent of n is the one of rank ``ceil(n * p / 100)`` in ascending order (nearest rank), so
that, as the guide says, p99 is the greatest of the values that tm99 averages.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, assert_never

from localcloud.observe.errors import ApiError, validation_error
from localcloud.observe.samples import Samples

Ranked = list[tuple[float, float]]
"""(value, count), ascending."""


class Kind(StrEnum):
    """What is computed."""

    SAMPLE_COUNT = "SampleCount"
    SUM = "Sum"
    AVERAGE = "Average"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    PERCENTILE = "p"
    TRIMMED_MEAN = "TM"
    WINSORIZED_MEAN = "WM"
    TRIMMED_COUNT = "TC"
    TRIMMED_SUM = "TS"
    PERCENTILE_RANK = "PR"


BASIC: Final = (Kind.SAMPLE_COUNT, Kind.SUM, Kind.AVERAGE, Kind.MINIMUM, Kind.MAXIMUM)
_NUMBER: Final = r"\d+(?:\.\d{1,10})?"
_SHORT: Final = re.compile(rf"(p|tm|wm|tc|ts)({_NUMBER})")
_RANGE: Final = re.compile(rf"(TM|WM|TC|TS|PR)\(({_NUMBER})?(%?):({_NUMBER})?(%?)\)")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """One statistic with its bounds: percent of the samples, or values of the metric (above low, up to high)."""

    kind: Kind
    low: Decimal | None = None
    high: Decimal | None = None
    percent: bool = True

    @property
    def is_basic(self) -> bool:
        """Whether a statistic set is enough to compute it; all others need each sample."""
        return self.kind in BASIC

    @property
    def is_percentile(self) -> bool:
        """Whether it is a percentile such as p99."""
        return self.kind is Kind.PERCENTILE

    def of(self, samples: Samples) -> float | None:
        """The value over `samples`; None where CloudWatch has no data point."""
        if not samples.size:
            return None
        if self.is_basic:
            return _basic(self.kind, samples)
        if samples.sets or any(value < 0 for value in samples.counts):
            return None
        ranked = sorted((value, count) for value, count in samples.counts.items() if count)
        return self._extended(ranked)

    def _extended(self, ranked: Ranked) -> float | None:
        inside = list(self._inside(ranked))
        match self.kind:
            case Kind.PERCENTILE:
                return inside[-1][0] if inside else ranked[0][0]
            case Kind.TRIMMED_MEAN:
                return _mean(inside) if inside else None
            case Kind.TRIMMED_COUNT:
                return _count(inside)
            case Kind.TRIMMED_SUM:
                return _total(inside)
            case Kind.PERCENTILE_RANK:
                return 100 * _count(inside) / _count(ranked)
            case Kind.WINSORIZED_MEAN:
                return _mean(self._winsorized(ranked, inside)) if inside else None
            case Kind.SAMPLE_COUNT | Kind.SUM | Kind.AVERAGE | Kind.MINIMUM | Kind.MAXIMUM:
                raise AssertionError(self.kind)
        assert_never(self.kind)

    def _inside(self, ranked: Ranked) -> Iterator[tuple[float, float]]:
        if not self.percent:
            low = -math.inf if self.low is None else float(self.low)
            high = math.inf if self.high is None else float(self.high)
            yield from ((value, count) for value, count in ranked if low < value <= high)
            return
        total = Decimal(_count(ranked))
        first = math.floor(total * (self.low or Decimal(0)) / _HUNDRED)
        last = math.ceil(total * (_HUNDRED if self.high is None else self.high) / _HUNDRED)
        rank = 0.0
        for value, count in ranked:
            kept = min(rank + count, last) - max(rank, first)
            rank += count
            if kept > 0:
                yield value, kept

    def _winsorized(self, ranked: Ranked, inside: Ranked) -> Ranked:
        if self.percent:
            floor, ceiling = inside[0][0], inside[-1][0]
        else:
            floor = ranked[0][0] if self.low is None else float(self.low)
            ceiling = ranked[-1][0] if self.high is None else float(self.high)
        return [(min(max(value, floor), ceiling), count) for value, count in ranked]


def parse_statistic(text: str) -> Statistic:
    """The statistic that `text` names, such as ``Sum``, ``p99.9``, ``tm99``, ``TM(10%:90%)``, ``IQM`` or ``PR(:500)``.

    Raises:
        ApiError: ``ValidationError``, for anything that CloudWatch would refuse.
    """
    if text in tuple(BASIC):
        return Statistic(kind=Kind(text))
    if text == "IQM":
        return Statistic(kind=Kind.TRIMMED_MEAN, low=Decimal(25), high=Decimal(75))
    if short := _SHORT.fullmatch(text):
        name, number = short.groups()
        kind = Kind.PERCENTILE if name == "p" else Kind(name.upper())
        return _checked(Statistic(kind=kind, high=Decimal(number)), text)
    if found := _RANGE.fullmatch(text):
        name, low, low_mark, high, high_mark = found.groups()
        marks = {mark for bound, mark in ((low, low_mark), (high, high_mark)) if bound is not None}
        stray = (low is None and low_mark) or (high is None and high_mark)
        if len(marks) == 1 and not stray:
            return _checked(
                Statistic(
                    kind=Kind(name),
                    low=None if low is None else Decimal(low),
                    high=None if high is None else Decimal(high),
                    percent=marks == {"%"},
                ),
                text,
            )
    raise _unknown(text)


def _checked(statistic: Statistic, text: str) -> Statistic:
    bounds = [bound for bound in (statistic.low, statistic.high) if bound is not None]
    if statistic.percent and (statistic.kind is Kind.PERCENTILE_RANK or max(bounds) > _HUNDRED):
        raise _unknown(text)
    if statistic.low is not None and statistic.high is not None and statistic.low >= statistic.high:
        raise _unknown(text)
    return statistic


def _unknown(text: str) -> ApiError:
    return validation_error(
        f"The value {text} for parameter Stat is not supported: use SampleCount, Sum, Average, Minimum, Maximum, p99, "
        "tm99, wm99, tc99, ts99, IQM, TM(10%:90%), TM(150:1000), WM(), TC(), TS() or PR(:300)."
    )


def _basic(kind: Kind, samples: Samples) -> float:
    parts = _parts(samples)
    if kind is Kind.SAMPLE_COUNT:
        return samples.size
    if kind is Kind.MINIMUM:
        return min(low for _, low, _ in parts)
    if kind is Kind.MAXIMUM:
        return max(high for _, _, high in parts)
    total = math.fsum(total for total, _, _ in parts)
    return total if kind is Kind.SUM else total / samples.size


def _parts(samples: Samples) -> list[tuple[float, float, float]]:
    """(total, minimum, maximum) of every value and every statistic set."""
    values = [(value * count, value, value) for value, count in samples.counts.items() if count]
    return values + [(published.total, published.minimum, published.maximum) for published in samples.sets]


def _count(ranked: Iterable[tuple[float, float]]) -> float:
    return math.fsum(count for _, count in ranked)


def _total(ranked: Iterable[tuple[float, float]]) -> float:
    return math.fsum(value * count for value, count in ranked)


def _mean(ranked: Ranked) -> float:
    return _total(ranked) / _count(ranked)
