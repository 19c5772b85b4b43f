"""Measured values, folded so that memory grows with distinct values and not with calls. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticSet:
    """A publisher's own summary of values that it does not send one by one."""

    count: float
    total: float
    minimum: float
    maximum: float

    @property
    def is_one_value(self) -> bool:
        """Whether the set stands for one value, seen `count` times; only then do percentiles see it."""
        return self.minimum == self.maximum and self.total == self.minimum * self.count


@dataclass(slots=True, kw_only=True)
class Samples:
    """A growing multiset of values: how often each was seen, and the statistic sets published beside them."""

    counts: dict[float, float] = field(default_factory=dict)
    sets: list[StatisticSet] = field(default_factory=list)

    def add(self, value: float, count: float = 1.0) -> None:
        """Counts `value` `count` times more."""
        self.counts[value] = self.counts.get(value, 0.0) + count

    def add_set(self, published: StatisticSet) -> None:
        """Takes a statistic set; one that stands for a single value is kept as that value."""
        if published.is_one_value:
            self.add(published.minimum, published.count)
        else:
            self.sets.append(published)

    def merge(self, other: "Samples") -> None:
        """Takes everything that `other` holds."""
        for value, count in other.counts.items():
            self.add(value, count)
        self.sets.extend(other.sets)

    @property
    def size(self) -> float:
        """How many measurements this stands for."""
        return sum(self.counts.values()) + sum(published.count for published in self.sets)


def samples_of(values: Iterable[float] | Mapping[float, float]) -> Samples:
    """The multiset of `values`, or of a mapping from value to count."""
    found = Samples()
    for value, count in values.items() if isinstance(values, Mapping) else ((value, 1.0) for value in values):
        found.add(value, count)
    return found
