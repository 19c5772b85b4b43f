"""Requests by version, drawn slot by slot: Poisson arrivals, binomial routing by weight, binomial outcomes."""

from dataclasses import dataclass

import numpy as np

from bench.detection.scenarios import SLOT_S, Generator, Rates
from canary.core.model import Counts, Metric


@dataclass(frozen=True, slots=True)
class Served:
    """What one slot of one run counted."""

    stable: Counts
    canary: Counts


class Service:
    """One run's service: `serve` answers the next slot at a weight."""

    def __init__(self, rng: Generator, rates: Rates, run: int, rps: float) -> None:
        slots = rates.canary[Metric.ERRORS].shape[1]
        self._rng = rng
        self._arrivals = [int(count) for count in rng.poisson(np.full(slots, rps * SLOT_S))]
        self._shares = [[rates.stable[metric][run].tolist(), rates.canary[metric][run].tolist()] for metric in Metric]

    def serve(self, slot: int, weight: float) -> Served:
        """The counts of a slot; the last slot's rates go on for ever."""
        slot = min(slot, len(self._arrivals) - 1)
        arrivals = self._arrivals[slot]
        canary = self._draw(arrivals, weight)
        return Served(self._counts(arrivals - canary, slot, 0), self._counts(canary, slot, 1))

    def _counts(self, requests: int, slot: int, version: int) -> Counts:
        errors, slow = (self._draw(requests, shares[version][slot]) for shares in self._shares)
        return Counts(requests=requests, errors=errors, slow=slow)

    def _draw(self, requests: int, share: float) -> int:
        if requests == 0 or share <= 0:
            return 0
        return requests if share >= 1 else int(self._rng.binomial(requests, share))


def bad(counts: Counts, metric: Metric) -> int:
    """The bad requests of the metric that a scenario is about."""
    return counts.errors if metric is Metric.ERRORS else counts.slow or 0
