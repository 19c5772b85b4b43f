"""(strategy, settings) -> Plan: CodeDeploy's nine Lambda presets, its canary and linear forms, free step lists."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Final

from canary.core.errors import ConfigError
from canary.core.model import ALL_TRAFFIC, FULL_BASIS_POINTS, NO_TRAFFIC, Weight

PRESET_PREFIX: Final = "CodeDeployDefault."
LONGEST_BAKE: Final = timedelta(hours=48)
"""CodeDeploy's own bound on the time from the first to the last shift of one deployment (2,880 minutes)."""
MOST_STEPS: Final = 100
"""One for each percent; all of them are kept with every state of a rollout."""
REQUESTS_FOR_P99: Final = 299
"""Requests without a slow one that show p99 at 95 % confidence: ceil(ln 0.05 / ln 0.99)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One rung of a strategy: the weight to shift to and how long it is observed before the next.

    With `approval` a person must approve the end of the step within that time.
    """

    weight: Weight
    bake: timedelta
    approval: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A named recipe of shifts with rising weights; the last one is 100 %, and its bake is the bake after 100 %.

    With `held_back` that share stays on stable during the last bake, as something to compare with: the last weight is
    100 % without it, and the promotion follows from there.
    """

    name: str
    shifts: tuple[Shift, ...]
    held_back: Weight = NO_TRAFFIC

    def __post_init__(self) -> None:
        """Refuse a recipe that does not rise to where it ends, or takes too many steps to it."""
        if len(self.shifts) > MOST_STEPS:
            raise ConfigError(
                f"strategy {self.name:.60}: {len(self.shifts)} steps are more than {MOST_STEPS}; take larger ones"
            )
        weights = [shift.weight for shift in self.shifts]
        last = Weight(FULL_BASIS_POINTS - self.held_back.basis_points)
        if not weights or weights[-1] != last:
            raise ConfigError(f"strategy {self.name}: the last step must be {last}; add {last} at the end")
        if weights[0] == NO_TRAFFIC or any(later <= earlier for earlier, later in pairwise(weights)):
            raise ConfigError(
                f"strategy {self.name}: weights must rise from above 0 % to {last}, got {_listed(weights)}"
            )
        for shift in self.shifts:
            if shift.approval is not None and shift.approval <= timedelta(0):
                raise ConfigError(f"strategy {self.name}: an approval must have time; write it like approve=2h")
            if not timedelta(0) <= shift.bake <= LONGEST_BAKE:
                raise ConfigError(f"strategy {self.name}: a bake of {shift.bake} is outside 0 to 48 hours")

    def with_final_bake(self, bake: timedelta) -> "Strategy":
        """The same recipe with another bake after 100 %."""
        return replace(self, shifts=(*self.shifts[:-1], replace(self.shifts[-1], bake=bake)))

    def holding_back(self, share: Weight) -> "Strategy":
        """The same recipe with that share left on stable during the last bake.

        Raises:
            ConfigError: nothing would be left for the last step.
        """
        last = replace(self.shifts[-1], weight=Weight(FULL_BASIS_POINTS - share.basis_points))
        name = f"{self.name}, {share} held back"
        return Strategy(name=name, shifts=(*self.shifts[:-1], last), held_back=share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A shift made concrete: it ends when `bake` has passed *and* the canary has answered `min_requests`.

    A step still without a clear pass `deadline` after its weight was observed is decided by the release's policy.
    """

    weight: Weight
    bake: timedelta
    min_requests: int
    deadline: timedelta
    approval: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The recipe made concrete for one release."""

    strategy: str
    steps: tuple[Step, ...]

    @property
    def shortest(self) -> timedelta:
        """The time from the first shift to promotion when every step passes at once."""
        return sum((step.bake for step in self.steps), timedelta(0))


def plan_steps(strategy: Strategy, *, min_requests: int = REQUESTS_FOR_P99, hold_limit: timedelta) -> Plan:
    """The plan of a release: every shift with the requests it must see and its deadline, `hold_limit` after its bake.

    Raises:
        ConfigError: negative `min_requests`, or a `hold_limit` that is not positive.
    """
    if min_requests < 0:
        raise ConfigError(f"min_requests is {min_requests}; give 0 or more")
    if hold_limit <= timedelta(0):
        raise ConfigError(f"hold_limit is {hold_limit}; give a positive time such as 10m")
    return Plan(
        strategy=strategy.name,
        steps=tuple(
            Step(
                weight=shift.weight,
                bake=shift.bake,
                min_requests=min_requests,
                deadline=shift.bake + hold_limit,
                approval=shift.approval,
            )
            for shift in strategy.shifts
        ),
    )


def canary_strategy(weight: Weight, interval: timedelta, *, name: str = "canary") -> Strategy:
    """CodeDeploy's time-based canary: `weight` for `interval`, then everything, baking five minutes more at most."""
    final_bake = min(interval, timedelta(minutes=5))
    return Strategy(
        name=name,
        shifts=(Shift(weight=weight, bake=interval), Shift(weight=ALL_TRAFFIC, bake=final_bake)),
    )


def linear_strategy(weight: Weight, interval: timedelta, *, name: str = "linear") -> Strategy:
    """CodeDeploy's time-based linear: `weight` more every `interval`; the interval is also waited out at 100 %."""
    if weight == NO_TRAFFIC:
        raise ConfigError(f"strategy {name}: an increment of 0 % never arrives; give 1 % to 99 %")
    rungs = range(weight.basis_points, FULL_BASIS_POINTS, weight.basis_points)
    weights = [*(Weight(rung) for rung in rungs), ALL_TRAFFIC]
    return Strategy(name=name, shifts=tuple(Shift(weight=w, bake=interval) for w in weights))


def all_at_once_strategy(*, name: str = "all-at-once", bake: timedelta = timedelta(minutes=5)) -> Strategy:
    """Everything in one shift, observed for `bake` before it becomes final."""
    return Strategy(name=name, shifts=(Shift(weight=ALL_TRAFFIC, bake=bake),))


def _presets() -> Iterable[Strategy]:
    ten = Weight.percent(10)
    for minutes in (5, 10, 15, 30):
        yield canary_strategy(
            ten, timedelta(minutes=minutes), name=f"{PRESET_PREFIX}LambdaCanary10Percent{minutes}Minutes"
        )
    for minutes in (1, 2, 3, 10):
        plural = "" if minutes == 1 else "s"
        name = f"{PRESET_PREFIX}LambdaLinear10PercentEvery{minutes}Minute{plural}"
        yield linear_strategy(ten, timedelta(minutes=minutes), name=name)
    yield all_at_once_strategy(name=f"{PRESET_PREFIX}LambdaAllAtOnce")


PRESETS: Final = {preset.name: preset for preset in _presets()}
"""The nine predefined Lambda deployment configurations of CodeDeploy, by full name (CodeDeploy User Guide)."""


def strategy_named(name: str) -> Strategy:
    """The preset of that name, with or without ``CodeDeployDefault.`` and ``Lambda``, in any spelling of minute(s).

    Raises:
        ConfigError: no preset has that name; the text lists all nine.
    """
    for preset in PRESETS.values():
        if _folded(preset.name) == _folded(name):
            return preset
    short = ", ".join(known.removeprefix(f"{PRESET_PREFIX}Lambda") for known in PRESETS)
    raise ConfigError(
        f"unknown strategy {name!r}; choose one of {short}, or give steps such as '10%:5m,50%:10m,100%:5m'"
    )


def _folded(name: str) -> str:
    bare = name.strip().removeprefix(PRESET_PREFIX).removeprefix("Lambda").lower()
    return re.sub(r"minutes?$", "minute", bare)


def _listed(weights: Iterable[Weight]) -> str:
    return ", ".join(map(str, weights))
