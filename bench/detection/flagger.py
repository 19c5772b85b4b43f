"""Flagger's rule as its source has it (fluxcd/flagger, `advanceCanary`), on CloudWatch's counts.

Every tick first rolls back if the number of failed checks has reached the threshold, and only then checks: a rollback
comes a tick after the check that earned it. A failed check is counted for good (a passing one resets nothing) and
pauses the advance; no data is a failed check. After the last weight has passed, the release is promoted and unwatched.
"""

from dataclasses import dataclass

import numpy as np

from bench.detection.alarms import LIMIT, REACTION_S, Flags, Ints, Path
from bench.detection.plans import Recipe
from bench.detection.scenarios import SLOT_S, Floats, Generator, Rates
from canary.core.model import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggerEnd:
    """The end of every run: whether it was rolled back, the seconds until then, the bad responses."""

    rolled: Flags
    seconds: Floats
    bad: Ints


class FlaggerFleet:
    """Many releases under Flagger; it pauses on failed checks, so it needs traffic of its own."""

    def __init__(self, recipe: Recipe, path: Path, *, threshold: int, phases: Ints) -> None:
        runs = len(phases)
        self._recipe, self._path, self._threshold, self._phases = recipe, path, threshold, phases
        self._every = path.look_every_s // SLOT_S
        self._weights = np.array(recipe.weights[:: self._every])
        self._passed, self._failed = np.zeros(runs, dtype=int), np.zeros(runs, dtype=int)
        self._rolled, self._ended = np.zeros(runs, dtype=bool), np.full(runs, np.inf)

    def run(self, rng: Generator, rates: Rates, metric: Metric, rps: float) -> FlaggerEnd:
        """Serves and watches every slot."""
        canary_rate = rates.canary[metric]
        runs, slots = canary_rate.shape
        arrivals = rng.poisson(rps * SLOT_S, size=(runs, slots))
        canary, bad = np.zeros_like(arrivals), np.zeros_like(arrivals)
        for slot in range(slots):
            self._tick(slot, canary, bad)
            canary[:, slot] = rng.binomial(arrivals[:, slot], self._shares(slot))
            bad[:, slot] = rng.binomial(canary[:, slot], canary_rate[:, slot])
        horizon = np.where(self._rolled, np.inf, self._ended + self._recipe.horizon_slots * SLOT_S)
        counted = np.arange(slots) * SLOT_S < horizon[:, None]
        return FlaggerEnd(rolled=self._rolled, seconds=self._ended + REACTION_S, bad=(bad * counted).sum(axis=1))

    def _tick(self, slot: int, canary: Ints, bad: Ints) -> None:
        looking = (slot >= self._phases) & ((slot - self._phases) % self._every == 0) & np.isinf(self._ended)
        out = looking & (self._failed >= self._threshold)
        self._rolled |= out
        end = (slot * SLOT_S - self._path.visible_after_s) // self._path.period_s * self._path.slots
        since = end - self._path.slots
        checked = looking & ~out & (since >= 0)
        requests, broken = canary[:, max(0, since) : end].sum(axis=1), bad[:, max(0, since) : end].sum(axis=1)
        passes = (requests > 0) & (broken <= LIMIT * requests)
        self._failed += checked & ~passes
        self._passed += checked & passes
        self._ended = np.where(out | (checked & (self._passed >= len(self._weights))), slot * SLOT_S, self._ended)

    def _shares(self, slot: int) -> Floats:
        """The canary's share of the traffic in this slot."""
        by_progress = self._weights[np.minimum(self._passed, len(self._weights) - 1)]
        gone = self._rolled & (slot * SLOT_S >= self._ended + REACTION_S)
        promoted = np.isfinite(self._ended) & ~self._rolled
        return np.where(gone, 0.0, np.where(promoted, 1.0, by_progress))
