"""The test against a limit alone, request by request: its samples beside Wald's bound and an oracle's (M8)."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.detection.scenarios import Generator
from canary.core.judge_settings import ABSOLUTE_PRIOR
from canary.core.statistics import grown, log_or_nothing, log_sum, one_sample_log_factors

LIMIT: Final = 0.01
ALPHA: Final = 0.01
PERIOD: Final = 100
"""Requests in a period: capital for late faults is staked once a period, the test looks after every request."""
SHARES: Final = (0.015, 0.02, 0.03, 0.05, 0.08, 0.2, 0.5, 1.0)
"""The targets name 2, 5, 20 and 100 %; the others show that the prior was not fitted to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Mean samples until the failure of a release with this share of bad requests, and what they are compared with."""

    share: float
    samples: float
    bound: float
    oracle: float
    bad: float

    @property
    def over_bound(self) -> float:
        """Samples over ln(1/alpha) / KL: no valid test can do better on average, but for overshoot."""
        return self.samples / self.bound

    @property
    def over_oracle(self) -> float:
        """Samples over those of Wald's test that knows the share beforehand."""
        return self.samples / self.oracle


def measure(rng: Generator, share: float, runs: int) -> Efficiency:
    """One row of the table."""
    ours = [_samples(rng, share) for _ in range(runs)]
    divergence = share * math.log(share / LIMIT)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - LIMIT))
    return Efficiency(
        share=share,
        samples=float(np.mean(ours)),
        bound=math.log(1 / ALPHA) / divergence,
        oracle=float(np.mean([_oracle(rng, share) for _ in range(runs)])),
        bad=float(np.mean(ours)) * share,
    )


def _samples(rng: Generator, share: float) -> int:
    """Requests until the e-value reaches 1/alpha; it can do so only at a bad one."""
    reserve, stakes = 1.0, tuple[float, ...]()
    start, bad, seen = 0, 0, 0
    while True:
        seen += int(rng.geometric(share))
        while seen > start + PERIOD:
            reserve, stakes = _bet(reserve, stakes, bad, PERIOD)
            start, bad = start + PERIOD, 0
        bad += 1
        left, now = _bet(reserve, stakes, bad, seen - start)
        if log_sum((log_or_nothing(left), *now)) >= math.log(1 / ALPHA):
            return seen


def _bet(reserve: float, stakes: tuple[float, ...], bad: int, requests: int) -> tuple[float, tuple[float, ...]]:
    factors = one_sample_log_factors(bad, requests, LIMIT, ABSOLUTE_PRIOR.multipliers)
    return (reserve, stakes) if factors is None else grown(reserve, stakes, factors, ABSOLUTE_PRIOR)


def _oracle(rng: Generator, share: float) -> int:
    """Wald's sequential probability ratio test of the true share against the limit, at one error bound."""
    up = math.log(share / LIMIT)
    down = math.log((1 - share) / (1 - LIMIT)) if share < 1 else -math.inf
    log_ratio, seen = 0.0, 0
    while log_ratio < math.log(1 / ALPHA) - 1e-12:
        step = int(rng.geometric(share))
        seen += step
        log_ratio += up + (step - 1) * down if step > 1 else up
    return seen
