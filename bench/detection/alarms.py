"""The rules of others on the same traffic, thousands of runs at once: CloudWatch alarms and Kayenta.

Each answers when it decides to roll back, in seconds after the canary's first request (infinity: never). Everybody's
decision takes effect ten seconds later.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.detection.scenarios import SLOT_S, Floats, Generator, Rates
from canary.core.model import Metric

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

REACTION_S = 10
LIMIT = 0.01
POINTS_BEFORE_A_LOOK = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A metric path: the length of its periods, when they can be read, how often somebody looks."""

    period_s: int
    visible_after_s: int
    look_every_s: int

    @property
    def slots(self) -> int:
        """Slots in a period."""
        return self.period_s // SLOT_S


STANDARD = Path(period_s=60, visible_after_s=60, look_every_s=60)
FAST = Path(period_s=10, visible_after_s=10, look_every_s=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Counts of the metric that a scenario is about: arrays of (runs, slots), by the plan's timetable."""

    canary: Ints
    canary_bad: Ints
    stable: Ints
    stable_bad: Ints

    def by(self, path: Path) -> "Traffic":
        """The same counts in the periods of a path."""
        parts = (self.canary, self.canary_bad, self.stable, self.stable_bad)
        canary, canary_bad, stable, stable_bad = (_grouped(counts, path.slots) for counts in parts)
        return Traffic(canary=canary, canary_bad=canary_bad, stable=stable, stable_bad=stable_bad)


def _grouped(counts: Ints, slots: int) -> Ints:
    whole = counts.shape[1] // slots * slots
    grouped: Ints = counts[:, :whole].reshape(len(counts), -1, slots).sum(axis=2)
    return grouped


def by_timetable(rng: Generator, rates: Rates, metric: Metric, rps: float, weights: Floats) -> Traffic:
    """The traffic of a plan that nobody stops; `weights` is (slots,) or (runs, slots)."""
    canary_rate, stable_rate = rates.canary[metric], rates.stable[metric]
    arrivals = rng.poisson(rps * SLOT_S, size=canary_rate.shape)
    canary = rng.binomial(arrivals, weights)
    stable = arrivals - canary
    return Traffic(
        canary=canary,
        canary_bad=rng.binomial(canary, canary_rate),
        stable=stable,
        stable_bad=rng.binomial(stable, stable_rate),
    )


Rule = Callable[[Generator, Traffic, Path], Floats]


def ratio_alarm(breaches_needed: int, *, on_alias: bool) -> Rule:
    """CloudWatch: bad / requests above 1 % in so many periods in a row; periods without data do not breach."""

    def decide(rng: Generator, traffic: Traffic, path: Path) -> Floats:
        seen = traffic.by(path)
        bad = seen.canary_bad + seen.stable_bad * on_alias
        requests = seen.canary + seen.stable * on_alias
        return _fires(rng, bad > LIMIT * requests, breaches_needed, path)

    return decide


def sam_docs_alarm(rng: Generator, traffic: Traffic, path: Path) -> Floats:
    """The alarm of the SAM documentation: more than 0 errors on the alias in two periods in a row."""
    seen = traffic.by(path)
    return _fires(rng, seen.canary_bad + seen.stable_bad > 0, 2, path)


def _fires(rng: Generator, breaching: Flags, needed: int, path: Path) -> Floats:
    """When the last of so many breaching periods in a row can be read, and somebody looks."""
    runs, periods = breaching.shape
    row = np.ones((runs, max(0, periods - needed + 1)), dtype=bool)
    for shift in range(needed):
        row &= breaching[:, shift : shift + row.shape[1]]
    found = row.any(axis=1)
    first = np.where(found, row.argmax(axis=1) + needed - 1, 0)
    readable = (first + 1.0) * path.period_s + path.visible_after_s
    waits = rng.uniform(0, path.look_every_s, size=runs) if path.look_every_s > SLOT_S else 0.0
    return np.where(found, readable + waits, np.inf)


def kayenta(rng: Generator, traffic: Traffic, path: Path) -> Floats:
    """`NetflixACAJudge` looked at anew each period from five points on: Mann-Whitney at 98 %, tolerance 0.25.

    The error rate of each period is a point, 0 where there were no requests (`nanStrategy` replace); `High` fails.
    """
    seen = traffic.by(path)
    points = [
        np.divide(bad, requests, out=np.zeros(bad.shape), where=requests > 0)
        for bad, requests in ((seen.canary_bad, seen.canary), (seen.stable_bad, seen.stable))
    ]
    runs, periods = points[0].shape
    high = np.zeros((runs, periods), dtype=bool)
    every = max(1, STANDARD.period_s // path.period_s)
    for count in range(POINTS_BEFORE_A_LOOK, periods + 1, every):
        undecided = ~high.any(axis=1)
        high[undecided, count - 1] = _is_high(points[0][undecided, :count], points[1][undecided, :count])
    return _fires(rng, high, 1, path)


def _is_high(experiment: Floats, control: Floats) -> Flags:
    """Whether the confidence interval of the shift lies above a quarter of its Hodges-Lehmann estimate.

    R's asymptotic two-sample interval in closed form: it begins at the pairwise difference at which the standardised
    rank sum, with its continuity correction, crosses the normal quantile.
    """
    n, m = experiment.shape[1], control.shape[1]
    differences = np.sort((experiment[:, :, None] - control[:, None, :]).reshape(len(experiment), n * m), axis=1)[
        :, ::-1
    ]
    ties = np.array([_tied(ours) + _tied(theirs) for ours, theirs in zip(experiment, control, strict=True)])
    total = n + m
    sigma = np.sqrt(np.maximum(0.0, n * m / 12 * (total + 1 - ties / (total * (total - 1)))))
    needed = np.ceil(n * m / 2 + 0.5 + 2.3263478740408408 * sigma).astype(int)
    lower = np.take_along_axis(differences, np.clip(needed - 1, 0, n * m - 1)[:, None], axis=1)[:, 0]
    estimate = np.median(differences, axis=1)
    high: Flags = (lower > 0.25 * np.abs(estimate)) & (sigma > 0)
    return high


def _tied(row: Floats) -> float:
    counts = np.unique(row, return_counts=True)[1]
    return float((counts**3.0 - counts).sum())


def bad_served(traffic: Traffic, decided_s: Floats, until_s: float) -> tuple[Flags, Floats, Floats]:
    """Whether each run is rolled back, the seconds to the end of its canary's traffic, the bad responses until then.

    Nobody watches after `until_s`.
    """
    rolled = decided_s <= until_s
    slots = traffic.canary.shape[1]
    ended = np.where(rolled, np.minimum(decided_s + REACTION_S, slots * SLOT_S), slots * SLOT_S)
    full = np.floor(ended / SLOT_S).astype(int)
    sums = np.concatenate([np.zeros((len(rolled), 1)), traffic.canary_bad.cumsum(axis=1)], axis=1)
    rows = np.arange(len(rolled))
    part = (ended / SLOT_S - full) * traffic.canary_bad[rows, np.minimum(full, slots - 1)]
    return rolled, ended, sums[rows, full] + np.where(full < slots, part, 0.0)
