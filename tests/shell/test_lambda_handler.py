"""T6: the same controller inside AWS, ticked by a schedule and by alarms."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from canary import lambda_handler
from canary.controller import Controller, Tick
from canary.core.errors import ConfigError
from canary.core.judge import JudgeSettings
from canary.core.model import AlarmState, AliasName, FunctionName, Phase, RolloutId
from canary.core.plan import strategy_named
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.opening import open_rollout, plan_rollout
from canary.wiring import Wired
from tests.fakes import Simulation, simulated_world

Call = Callable[[dict[str, Any]], dict[str, Any]]


class AMinute:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def simulation() -> Simulation:
    simulation = simulated_world()
    for function in ("pay", "ship"):
        simulation.router.add(function, "1", "2", live="1")
    return simulation


@pytest.fixture
def call(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("CANARY_STORE", "rollouts")
    wired = Wired(
        world=simulation.world,
        controller=Controller(simulation.world, "lambda"),
        clients=None,  # type: ignore[arg-type]  # nothing of AWS is reached
        store_table="rollouts",
        where="",
    )
    monkeypatch.setattr(lambda_handler, "_wired", lambda _store: wired)
    monkeypatch.setattr(lambda_handler, "time", SimpleNamespace(monotonic=lambda: 0.0))  # only simulated time passes
    return lambda event: lambda_handler.handler(event, AMinute())


def opened(simulation: Simulation, function: str) -> Rollout:
    target = TargetRequest(function=FunctionName(function), alias=AliasName("live"))
    request = ReleaseRequest(
        targets=(target,),
        strategy=strategy_named("Canary10Percent5Minutes"),
        judge=JudgeSettings(),
        by="amy",
        min_requests=50,
    )
    world = simulation.world
    planned = plan_rollout(request, world.router, world.metrics, world.clock, RolloutId(f"r-{function}"))
    return open_rollout(planned, request, world.alarms, world.store)


def test_the_schedule_carries_every_open_rollout_to_its_end(simulation: Simulation, call: Call) -> None:
    rollouts = [opened(simulation, function) for function in ("pay", "ship")]

    call({"source": "aws.events"})

    assert [simulation.store.states[rollout.id].phase for rollout in rollouts] == [Phase.PROMOTED] * 2


def test_not_always_the_same_rollout_comes_last(
    simulation: Simulation, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for function in ("pay", "ship"):
        opened(simulation, function)
    last = set[RolloutId]()
    tick_all = Controller.tick_all

    def spied(controller: Controller, rollout_ids: Sequence[RolloutId]) -> tuple[Tick, ...]:
        last.add(rollout_ids[-1])
        return tick_all(controller, rollout_ids)

    monkeypatch.setattr(Controller, "tick_all", spied)

    call({"source": "aws.events"})  # over a hundred rounds

    assert last == {"r-pay", "r-ship"}


def test_the_schedule_does_nothing_while_nothing_is_open(call: Call) -> None:
    assert call({"source": "aws.events"}) == {"rollouts": []}


def test_an_alarm_takes_back_at_once_what_it_guards_and_touches_nothing_else(
    simulation: Simulation, call: Call
) -> None:
    pay, ship = opened(simulation, "pay"), opened(simulation, "ship")
    simulation.alarms.set(pay.guards[0], AlarmState.ALARM)

    told = call({"detail-type": "CloudWatch Alarm State Change", "detail": {"alarmName": pay.guards[0]}})

    assert [entry["phase"] for entry in told["rollouts"]] == ["rolled_back"]
    assert simulation.store.states[ship.id].phase is Phase.PENDING


def test_one_rollout_is_ticked_once_when_it_is_named(simulation: Simulation, call: Call) -> None:
    rollout = opened(simulation, "pay")

    told = call({"rollout": rollout.id})

    assert told["rollouts"] == [{"rollout": rollout.id, "phase": "gating", "weight_percent": 0.0, "trouble": None}]


def test_a_watchdog_takes_one_rollout_back(simulation: Simulation, call: Call) -> None:
    pay, ship = opened(simulation, "pay"), opened(simulation, "ship")

    told = call({"abort": pay.id, "by": "watchdog", "why": "customers complain"})

    assert [entry["phase"] for entry in told["rollouts"]] == ["aborted"]
    assert simulation.store.states[pay.id].aborted == "aborted by watchdog: customers complain"
    assert simulation.store.states[ship.id].phase is Phase.PENDING


def test_a_watchdog_takes_everything_back(simulation: Simulation, call: Call) -> None:
    rollouts = [opened(simulation, "pay"), opened(simulation, "ship")]

    call({"abort": "all"})

    assert [simulation.store.states[rollout.id].phase for rollout in rollouts] == [Phase.ABORTED] * 2
    assert simulation.store.states[rollouts[0].id].aborted == "aborted by a watchdog: no reason was given"


def test_what_is_not_there_cannot_be_taken_back(call: Call) -> None:
    with pytest.raises(ConfigError, match="there is no rollout r-nowhere"):
        call({"abort": "r-nowhere"})
