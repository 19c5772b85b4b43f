"""Whole rollouts, thousands at once, in numpy: for the cells of 20,000 runs of healthy releases only.

A copy of what `canary.core.reconcile` does with one target and no commands, hooks or alarms;
`tests/bench/test_fast_path.py` proves on equal traffic that every run ends as under the real code.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bench.detection.fast_rule import FastRule, Flags, Ints, Slot
from bench.detection.plans import Recipe
from bench.detection.product import FIRST_SLOT, OPENED_SLOT, VISIBLE_AFTER_S, Ending
from bench.detection.scenarios import SLOT_S, Floats, Generator, Rates
from canary.core.judge import ROUTING_SUSPECT, SILENT_PERIODS, JudgeSettings
from canary.core.leg import MetricPath
from canary.core.model import FULL_BASIS_POINTS, Metric

Draw = Callable[[int, Floats], Slot]
"""(slot, weight of every run) -> the counts of that slot."""
FIRST_SHIFT_SLOT = OPENED_SLOT + 1


@dataclass(frozen=True, slots=True)
class FastOutcomes:
    """How every run ended, as `bench.detection.product.Outcome`."""

    endings: list[Ending]
    seconds: Ints
    bad: Ints
    requests: Ints


def drawn(rng: Generator, rates: Rates, rps: float) -> Draw:
    """Traffic as `bench.detection.traffic.Service` serves it."""
    runs, slots = rates.canary[Metric.ERRORS].shape

    def draw(slot: int, weight: Floats) -> Slot:
        at = min(max(0, slot), slots - 1)
        arrivals = rng.poisson(rps * SLOT_S, size=runs)
        canary = rng.binomial(arrivals, weight)
        stable = arrivals - canary
        return Slot(
            canary=canary,
            stable=stable,
            canary_bad={metric: rng.binomial(canary, rates.canary[metric][:, at]) for metric in Metric},
            stable_bad={metric: rng.binomial(stable, rates.stable[metric][:, at]) for metric in Metric},
            mixed=np.zeros(runs, dtype=bool),
        )

    return draw


def release_all(recipe: Recipe, draw: Draw, runs: int, metric: Metric, settings: JudgeSettings) -> FastOutcomes:
    """Every run from its first look to its end; both metric paths are judged, each at half of alpha."""
    fleet = _Fleet(recipe, runs, metric, replace(settings, alpha=settings.alpha / 2))
    slot = FIRST_SLOT
    while not fleet.is_over(slot):
        fleet.tick(slot)
        fleet.keep(draw(slot, fleet.weight))
        slot += 1
    return fleet.outcomes()


class _Evidence:
    """One metric path of all runs: which periods can be read, and what the rule makes of them."""

    def __init__(self, path: MetricPath, runs: int, settings: JudgeSettings) -> None:
        period_s = int(path.period.total_seconds())
        self._slots = period_s // SLOT_S
        self._delay = VISIBLE_AFTER_S[path] // SLOT_S
        self._rule = FastRule(settings, runs, period_s)
        self._threshold = math.log(settings.threshold)
        self.rule = self._rule
        self.failed = np.zeros(runs, dtype=bool)

    def read(self, slot: int, kept: dict[int, Slot]) -> Slot | None:
        """The period that becomes readable at this tick, if one does; the rule has seen it then."""
        end = slot - self._delay
        if end % self._slots or end <= FIRST_SHIFT_SLOT:
            return None
        period = _summed([kept[index] for index in range(end - self._slots, end)])
        self._rule.see(period)
        self.failed |= self._rule.log_e >= self._threshold
        return period


class _Fleet:
    """The rollouts: where each stands in its plan, and what it has served."""

    def __init__(self, recipe: Recipe, runs: int, metric: Metric, settings: JudgeSettings) -> None:
        steps = recipe.plan.steps
        self._recipe, self._metric, self._warn = recipe, metric, math.log(settings.warn)
        self._weights = np.array([step.weight.basis_points / FULL_BASIS_POINTS for step in steps])
        self._bakes = np.array([step.bake.total_seconds() / SLOT_S for step in steps])
        self._deadlines = np.array([step.deadline.total_seconds() / SLOT_S for step in steps])
        self._needed = np.array([step.min_requests for step in steps])
        self._fast = _Evidence(MetricPath.EMF, runs, settings)
        self._standard = _Evidence(MetricPath.LAMBDA, runs, settings)
        self._kept: dict[int, Slot] = {}
        self.weight = np.zeros(runs)
        self._asked = np.zeros(runs)
        self._step = np.zeros(runs, dtype=int)
        self._reached = np.full(runs, np.inf)
        self._promoting, self._full_since = np.zeros(runs, dtype=bool), np.full(runs, np.inf)
        self._seen, self._in_step = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)
        self._idle, self._unanswered = np.zeros(runs, dtype=int), np.zeros(runs, dtype=np.int64)
        self._ending = np.full(runs, Ending.UNFINISHED, dtype=object)
        self._ended = np.full(runs, np.inf)
        self._bad, self._requests = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)

    def is_over(self, slot: int) -> bool:
        """Whether no run changes any more."""
        return slot > self._recipe.longest_slots or bool((self._ended <= slot).all())

    def tick(self, slot: int) -> None:
        """One look at everything, and what follows from it in the next slot."""
        self.weight = self._asked.copy()
        if slot == FIRST_SHIFT_SLOT:
            self._asked[:] = self._weights[0]
        if slot <= FIRST_SHIFT_SLOT:
            return
        self._learn(slot)
        going = np.isinf(self._ended)
        failed = going & (self._fast.failed | self._standard.failed)
        self._leave(failed, Ending.FAILED, slot)
        going &= ~failed
        self._promote(going & self._promoting, slot)
        arriving = going & np.isinf(self._reached) & ~self._promoting
        baking = going & np.isfinite(self._reached)
        passes = self._passes()
        baked = slot - self._reached >= self._bakes[self._step]
        late = slot - self._reached >= self._deadlines[self._step]
        self._leave(baking & ~passes & late, Ending.INCONCLUSIVE, slot)
        self._advance(baking & passes & baked)
        self._reached = np.where(arriving, slot, self._reached)

    def keep(self, served: Slot) -> None:
        """The counts of the slot that has passed."""
        slot = FIRST_SLOT + len(self._kept)
        mixed = self._asked != self.weight
        self._kept[slot] = replace(served, mixed=mixed)
        counted = self._ended > slot
        self._bad += served.canary_bad[self._metric] * counted
        self._requests += served.canary * counted

    def outcomes(self) -> FastOutcomes:
        """The end of every run."""
        ended = np.where(np.isinf(self._ended), self._recipe.longest_slots + 1, self._ended)
        return FastOutcomes(list(self._ending), (ended * SLOT_S).astype(int), self._bad, self._requests)

    def _learn(self, slot: int) -> None:
        self._standard.read(slot, self._kept)
        period = self._fast.read(slot, self._kept)
        if period is None:
            return
        self._seen += period.canary
        self._in_step += period.canary * (slot - 2 >= self._reached)
        self._idle = np.where(period.canary + period.stable > 0, 0, self._idle + 1)
        answered = (period.canary > 0) | period.mixed
        self._unanswered = np.where(answered, 0, self._unanswered + period.stable)

    def _passes(self) -> Flags:
        """Whether the verdict is a pass: evidence, data and enough requests."""
        rule = self._fast.rule
        passes: Flags = (self._seen > 0) & (rule.log_e < self._warn) & ~rule.incident & (self._idle < SILENT_PERIODS)
        passes &= ~rule.unattributed
        passes &= self._unanswered * self._weights[self._step] <= ROUTING_SUSPECT
        return passes & (self._in_step >= self._needed[self._step])

    def _advance(self, ready: Flags) -> None:
        last = self._step == len(self._weights) - 1
        self._promoting |= ready & last
        self._asked = np.where(ready & last, 1.0, self._asked)
        self._step = np.where(ready & ~last, self._step + 1, self._step)
        self._asked = np.where(ready & ~last, self._weights[self._step], self._asked)
        self._reached = np.where(ready, np.inf, self._reached)
        self._in_step = np.where(ready, 0, self._in_step)

    def _promote(self, arrived: Flags, slot: int) -> None:
        """A promoted release is followed until five minutes after it began to serve everything."""
        self._full_since = np.where((self.weight == 1.0) & np.isinf(self._full_since), slot, self._full_since)
        until = np.maximum(self._full_since + self._recipe.horizon_slots, slot)
        self._ended = np.where(arrived, until, self._ended)
        self._ending[arrived] = Ending.PROMOTED

    def _leave(self, leaving: Flags, ending: Ending, slot: int) -> None:
        self._asked = np.where(leaving, 0.0, self._asked)
        self._ended = np.where(leaving, slot + 1, self._ended)
        self._ending[leaving] = ending


def _summed(slots: list[Slot]) -> Slot:
    """Several slots as one period."""
    return Slot(
        canary=sum((slot.canary for slot in slots), start=np.zeros_like(slots[0].canary)),
        stable=sum((slot.stable for slot in slots), start=np.zeros_like(slots[0].stable)),
        canary_bad={m: np.sum([slot.canary_bad[m] for slot in slots], axis=0) for m in Metric},
        stable_bad={m: np.sum([slot.stable_bad[m] for slot in slots], axis=0) for m in Metric},
        mixed=np.any([slot.mixed for slot in slots], axis=0),
    )
