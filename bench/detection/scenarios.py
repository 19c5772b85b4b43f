"""What may happen to a release: the share of bad requests of both versions in every ten-second slot of a run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canary.core.model import Metric

SLOT_S = 10
HEALTHY_ERRORS = 0.001
HEALTHY_SLOW = 0.002

Floats = NDArray[np.float64]
Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of bad requests by metric, version and run: arrays of (runs, slots)."""

    canary: dict[Metric, Floats]
    stable: dict[Metric, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that may happen. `is_healthy`: the canary is no worse than stable, so that a failure is a false one.

    `metric` is what the scenario is about: the bad requests that are counted. `draw` gives (canary, stable) shares of
    it; the other metric stays at its healthy level for both versions.
    """

    name: str
    metric: Metric = Metric.ERRORS
    is_healthy: bool = False
    draw: Callable[[Generator, int, int], tuple[Floats, Floats]]

    def rates(self, rng: Generator, runs: int, slots: int) -> Rates:
        """The shares of both metrics for many runs."""
        canary, stable = self.draw(rng, runs, slots)
        other = Metric.SLOW if self.metric is Metric.ERRORS else Metric.ERRORS
        level = HEALTHY_SLOW if other is Metric.SLOW else HEALTHY_ERRORS
        calm = np.full((runs, slots), level)
        return Rates(canary={self.metric: canary, other: calm}, stable={self.metric: stable, other: calm})


def constant(canary: float, stable: float) -> Callable[[Generator, int, int], tuple[Floats, Floats]]:
    """The same shares throughout."""

    def draw(_: Generator, runs: int, slots: int) -> tuple[Floats, Floats]:
        return np.full((runs, slots), canary), np.full((runs, slots), stable)

    return draw


def late(canary: float, stable: float, *, onset_s: int) -> Callable[[Generator, int, int], tuple[Floats, Floats]]:
    """A canary that is as good as stable until it turns bad."""

    def draw(_: Generator, runs: int, slots: int) -> tuple[Floats, Floats]:
        shares = np.where(np.arange(slots) * SLOT_S >= onset_s, canary, stable)
        return np.tile(shares, (runs, 1)), np.full((runs, slots), stable)

    return draw


def incident(
    peak: float, level: float, *, lasting_s: tuple[int, int], shape: str = "box"
) -> Callable[[Generator, int, int], tuple[Floats, Floats]]:
    """Trouble that both versions share, at a random time within the first eight minutes.

    `box`: at once and over at once. `ramp`: rises and falls linearly. `flap`: every second slot.
    """

    def draw(rng: Generator, runs: int, slots: int) -> tuple[Floats, Floats]:
        start = rng.uniform(0, 480, size=(runs, 1))
        length = rng.uniform(*lasting_s, size=(runs, 1))
        middle = np.arange(slots)[None, :] * SLOT_S + SLOT_S / 2
        position = (middle - start) / length
        inside = (position >= 0) & (position < 1)
        height = {
            "box": np.ones_like(position),
            "ramp": 1 - np.abs(2 * position - 1),
            "flap": (np.arange(slots)[None, :] % 2 == 0) * np.ones_like(position),
        }[shape]
        shares = np.where(inside, level + (peak - level) * height, level)
        return shares, shares

    return draw


def overdispersed(
    mean: float, *, law: str, lasting_s: int, spread: float
) -> Callable[[Generator, int, int], tuple[Floats, Floats]]:
    """Shares that both versions have in common and that change at random every `lasting_s`.

    `gamma`: coefficient of variation `spread`. `lognormal`: sigma `spread`. `bursts`: a share `spread` of the
    intervals holds all the errors.
    """

    def draw(rng: Generator, runs: int, slots: int) -> tuple[Floats, Floats]:
        each = lasting_s // SLOT_S
        shape = (runs, -(-slots // each))
        match law:
            case "gamma":
                drawn = rng.gamma(1 / spread**2, mean * spread**2, size=shape)
            case "lognormal":
                drawn = mean * np.exp(rng.normal(-(spread**2) / 2, spread, size=shape))
            case _:
                drawn = np.where(rng.random(shape) < spread, mean / spread, 0.0)
        shares = np.clip(np.repeat(drawn, each, axis=1)[:, :slots], 0, 1)
        return shares, shares

    return draw


BAD = (
    Scenario(name="errors 0.5 %", draw=constant(0.005, HEALTHY_ERRORS)),
    Scenario(name="errors 2 %", draw=constant(0.02, HEALTHY_ERRORS)),
    Scenario(name="errors 5 %", draw=constant(0.05, HEALTHY_ERRORS)),
    Scenario(name="errors 20 %", draw=constant(0.2, HEALTHY_ERRORS)),
    Scenario(name="errors 100 %", draw=constant(1.0, HEALTHY_ERRORS)),
    Scenario(name="errors 2 %, stable 0.5 %", draw=constant(0.02, 0.005)),
    Scenario(name="errors 5 %, stable 0.5 %", draw=constant(0.05, 0.005)),
    Scenario(name="slow 2 %", metric=Metric.SLOW, draw=constant(0.02, HEALTHY_SLOW)),
    Scenario(name="slow 5 %", metric=Metric.SLOW, draw=constant(0.05, HEALTHY_SLOW)),
    Scenario(name="slow 20 %", metric=Metric.SLOW, draw=constant(0.2, HEALTHY_SLOW)),
    Scenario(name="errors 5 % from 4 min", draw=late(0.05, HEALTHY_ERRORS, onset_s=240)),
)
"""Releases that ought to be rolled back; 0.5 % is within the limit and five times stable's share."""

HEALTHY = (
    Scenario(name="same 0.1 %", is_healthy=True, draw=constant(HEALTHY_ERRORS, HEALTHY_ERRORS)),
    Scenario(name="same 0.5 %", is_healthy=True, draw=constant(0.005, 0.005)),
    Scenario(name="same 1 %: both at the limit", is_healthy=True, draw=constant(0.01, 0.01)),
    Scenario(name="slow same 1 %", metric=Metric.SLOW, is_healthy=True, draw=constant(0.01, 0.01)),
    Scenario(name="0.75 % against 0.5 %: at the tolerance", is_healthy=True, draw=constant(0.00748, 0.005)),
)
"""Releases that must not be rolled back: every null hypothesis holds, some of them with equality."""

SHARED = (
    Scenario(name="incident 20 %, 3-6 min", is_healthy=True, draw=incident(0.2, 0.001, lasting_s=(180, 360))),
    Scenario(name="incident 100 %, 30 s", is_healthy=True, draw=incident(1.0, 0.001, lasting_s=(30, 30))),
    Scenario(name="incident 5 %, 10 min", is_healthy=True, draw=incident(0.05, 0.001, lasting_s=(600, 600))),
    Scenario(name="incident 3 %, 1-4 min", is_healthy=True, draw=incident(0.03, 0.001, lasting_s=(60, 240))),
    Scenario(
        name="incident ramp to 10 %, 4 min",
        is_healthy=True,
        draw=incident(0.1, 0.001, lasting_s=(240, 240), shape="ramp"),
    ),
    Scenario(
        name="incident flapping 30 %, 5 min",
        is_healthy=True,
        draw=incident(0.3, 0.001, lasting_s=(300, 300), shape="flap"),
    ),
    Scenario(
        name="slow incident 20 %, 3-6 min",
        metric=Metric.SLOW,
        is_healthy=True,
        draw=incident(0.2, 0.002, lasting_s=(180, 360)),
    ),
)
"""Trouble of both versions; the first shape is the one that the attribution rule was tuned on."""

DISPERSED = (
    Scenario(
        name="gamma CV 1, 1 min, 0.3 %",
        is_healthy=True,
        draw=overdispersed(0.003, law="gamma", lasting_s=60, spread=1.0),
    ),
    Scenario(
        name="gamma CV 2, 30 s, 0.3 %",
        is_healthy=True,
        draw=overdispersed(0.003, law="gamma", lasting_s=30, spread=2.0),
    ),
    Scenario(
        name="lognormal 1.2, 2 min, 0.3 %",
        is_healthy=True,
        draw=overdispersed(0.003, law="lognormal", lasting_s=120, spread=1.2),
    ),
    Scenario(
        name="bursts 5 % of 10 s, 0.3 %",
        is_healthy=True,
        draw=overdispersed(0.003, law="bursts", lasting_s=10, spread=0.05),
    ),
)
"""A common rate that jumps about; the first law is the one that the attribution rule was tuned on."""
