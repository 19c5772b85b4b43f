"""The plans that are compared: the same weights for everybody, by CodeDeploy's timetable or by our plan's steps."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bench.detection.scenarios import SLOT_S
from canary.core.model import FULL_BASIS_POINTS, NO_TRAFFIC, Weight
from canary.core.plan import PRESETS, Plan, Shift, Strategy, plan_steps

AFTER_S: Final = 300
"""Bad responses of a release that nobody stopped are counted until five minutes after it serves everything."""
HOLD_LIMIT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One plan: `weights` of every slot by the timetable, for those who only watch; `plan` for our controller."""

    name: str
    plan: Plan
    weights: tuple[float, ...]

    @property
    def shifted_slots(self) -> int:
        """When, by the timetable, the last weight is reached: CodeDeploy stops watching there."""
        return len(self.weights)

    @property
    def horizon_slots(self) -> int:
        """How long after the last shift bad responses are counted."""
        return AFTER_S // SLOT_S

    @property
    def all_weights(self) -> tuple[float, ...]:
        """The timetable up to the horizon."""
        return (*self.weights, *((1.0,) * self.horizon_slots))

    @property
    def longest_slots(self) -> int:
        """No rollout takes longer: every step's deadline, and the horizon."""
        longest = sum((step.deadline + HOLD_LIMIT for step in self.plan.steps), timedelta(0))
        return int(longest.total_seconds()) // SLOT_S + self.horizon_slots


def recipe(name: str, strategy: Strategy, *, min_requests: int = 299) -> Recipe:
    """A strategy made concrete for both sides; those who only watch a timetable see its last weight as it is."""
    timed = strategy.shifts[:-1] if strategy.held_back == NO_TRAFFIC else strategy.shifts
    weights = [
        shift.weight.basis_points / FULL_BASIS_POINTS
        for shift in timed
        for _ in range(int(shift.bake.total_seconds()) // SLOT_S)
    ]
    plan = plan_steps(strategy, min_requests=min_requests, hold_limit=HOLD_LIMIT)
    return Recipe(name=name, plan=plan, weights=tuple(weights))


def _strategy(name: str, *steps: tuple[int, int]) -> Strategy:
    shifts = (Shift(weight=Weight.percent(percent), bake=timedelta(seconds=bake)) for percent, bake in steps)
    return Strategy(name=name, shifts=tuple(shifts))


CANARY = recipe("Canary10Percent5Minutes", PRESETS["CodeDeployDefault.LambdaCanary10Percent5Minutes"])
LINEAR = recipe("Linear10PercentEvery1Minute", PRESETS["CodeDeployDefault.LambdaLinear10PercentEvery1Minute"])
OWN = recipe("1/5/25/50", _strategy("1/5/25/50", (1, 120), (5, 120), (25, 120), (50, 120), (100, 300)))
HELD_BACK = recipe(
    "Canary10Percent5Minutes, 10 % held back",
    PRESETS["CodeDeployDefault.LambdaCanary10Percent5Minutes"].holding_back(Weight.percent(10)),
)
"""The canary preset with a tenth of the traffic left on stable during the bake, as something to compare with."""


def budgeted(rps: int) -> Recipe:
    """A plan whose first weight risks fifty requests until a rollback thirty seconds later, whatever the load.

    Rounded down to two digits: 16 %, 1.6 % and 0.16 % at 10, 100 and 1000 requests a second.
    """
    exact = int(50 / (rps * 30) * FULL_BASIS_POINTS)
    unit = 10 ** (len(str(exact)) - 2)
    shifts = (
        Shift(weight=Weight(exact // unit * unit), bake=timedelta(minutes=2)),
        Shift(weight=Weight.percent(100), bake=timedelta(minutes=5)),
    )
    return recipe(f"first weight by budget at {rps} rps", Strategy(name="budget", shifts=shifts))
