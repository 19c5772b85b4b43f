"""Whole rollouts on a simulated alias, fleet and clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from canary.controller import Controller
from canary.core.judge import JudgeSettings
from canary.core.model import AliasName, FunctionName, RolloutId, Weight
from canary.core.plan import Shift, Strategy
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.opening import open_rollout, plan_rollout
from tests.fakes import Simulation, simulated_world

STEPS = Strategy(
    name="10-50-100",
    shifts=tuple(Shift(weight=Weight.percent(percent), bake=timedelta(minutes=1)) for percent in (10, 50, 100)),
)


@pytest.fixture
def simulation() -> Simulation:
    """A world with one function: version 1 serves live, version 2 is published."""
    simulation = simulated_world()
    simulation.router.add("pay", "1", "2", live="1", preview="1")
    return simulation


Open = Callable[..., Rollout]


@pytest.fixture
def opened(simulation: Simulation) -> Open:
    """Opens a rollout of the functions named, by default `pay`."""

    def open_it(*functions: str, **settings: Any) -> Rollout:  # noqa: ANN401 - passed to ReleaseRequest
        targets = tuple(
            TargetRequest(function=FunctionName(name), alias=AliasName("live")) for name in functions or ("pay",)
        )
        usual: dict[str, Any] = {"strategy": STEPS, "judge": JudgeSettings(), "by": "test", "min_requests": 100}
        request = ReleaseRequest(**({"targets": targets} | usual | settings))
        world = simulation.world
        rollout_id = RolloutId(f"r-{len(simulation.store.states) + 1}")
        planned = plan_rollout(request, world.router, world.metrics, world.clock, rollout_id)
        return open_rollout(planned, request, world.alarms, world.store, notifier=world.notifier, orders=world.orders)

    return open_it


@pytest.fixture
def watched(simulation: Simulation) -> Callable[[Rollout], Rollout]:
    """Watches a rollout to its end, with at most a simulated day of patience."""

    def watch(rollout: Rollout) -> Rollout:
        deadline = simulation.clock.now() + timedelta(days=1)
        controller = Controller(simulation.world, "test")

        def impatient(_tick: object) -> None:
            assert simulation.clock.now() < deadline, "the rollout did not end within a day"

        return controller.watch(rollout.id, impatient)

    return watch
