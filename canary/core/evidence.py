"""What is remembered of one target on one metric path between two looks. Remembers; the judging is done elsewhere.

Periods become settled once they are too old to be revised. Their evidence is kept as capital, the younger ones are kept
as counts, so that a revised period can be replaced and replayed: feeding the difference in as news would be biased.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from canary.core.model import Counts, Metric, MetricResult, MetricWindow

REVISABLE_PERIODS = 3
"""How many of the last periods are read again each time."""
NEVER_DISTURBED = 1_000_000
"""More periods than any rollout has."""
LARGEST_LOG = 700.0
"""The logarithm of a number near the largest float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capital:
    """An e-process: what it has in reserve, and the logarithm of what it has staked on each alternative."""

    reserve: float = 1.0
    log_stakes: tuple[float, ...] = ()


_UNTOUCHED = Capital()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCapital:
    """The four tests of one metric.

    `absolute`: the canary is within the limit. `attribution`: it is no worse than stable. `relative`: it is not worse
    than stable by more than the tolerance. `floor`: it is below the share that nobody minds.

    `held_back` is how much of the first, as a logarithm, was not attributed to the canary when it was last compared
    with stable. `calm_periods` have passed since stable itself broke the limit by far.
    """

    metric: Metric
    absolute: Capital = _UNTOUCHED
    attribution: Capital = _UNTOUCHED
    relative: Capital = _UNTOUCHED
    floor: Capital = _UNTOUCHED
    held_back: float = 0.0
    calm_periods: int = NEVER_DISTURBED


_NOTHING = Counts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that periods add up to.

    `idle_periods` have passed without a request; `unanswered` requests went to stable since the canary's last one;
    `peak_log_e` is the highest logarithm of the combined e-value.
    """

    stable: Counts = _NOTHING
    canary: Counts = _NOTHING
    capitals: tuple[MetricCapital, ...] = ()
    idle_periods: int = 0
    unanswered: int = 0
    peak_log_e: float = 0.0


_START = Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything remembered; `Evidence()` is the start.

    `settled` holds what the periods before `settled_until` add up to; `recent` holds the periods after it, and those
    before it that the look back at stable's last minute still needs. `failed` is the failure, once there was one: it is
    never unlearnt.
    """

    settled_until: datetime | None = None
    settled: Standing = _START
    recent: tuple[MetricWindow, ...] = ()
    peak_log_e: float = 0.0
    failed: MetricResult | None = None

    def totals(self) -> tuple[Counts, Counts]:
        """The counts of (stable, canary) over all periods seen so far."""
        unsettled = self.unsettled()
        stable = added(self.settled.stable, *(window.stable for window in unsettled))
        return stable, added(self.settled.canary, *(window.canary for window in unsettled))

    def unsettled(self) -> tuple[MetricWindow, ...]:
        """The periods that may still be revised."""
        return tuple(w for w in self.recent if self.settled_until is None or w.start >= self.settled_until)

    def reread_from(self) -> datetime | None:
        """The start of the oldest period that must be read again; None when nothing was seen yet."""
        return next((window.start for window in self.unsettled()), self.settled_until)

    @property
    def max_e_value(self) -> float:
        """The highest combined e-value so far, at least 1; its inverse is an anytime-valid p-value."""
        return math.exp(min(self.peak_log_e, LARGEST_LOG))


def added(*counts: Counts) -> Counts:
    """The sum; slow requests are None where there were requests and nobody measured them."""
    measured = [count.slow for count in counts if count.slow is not None and count.requests]
    requests = sum(count.requests for count in counts)
    return Counts(
        requests=requests,
        errors=sum(count.errors for count in counts),
        slow=sum(measured) if measured or not requests else None,
    )
