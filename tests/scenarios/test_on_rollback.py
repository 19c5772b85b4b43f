"""What runs after a rollback is told in the ledger, delays nothing and decides nothing (issue 4, hooks)."""

from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.errors import Unavailable
from canary.core.hooks import Hook, HookReading, HookStage, HookStatus
from canary.core.ledger import EntryKind
from canary.core.model import Phase
from canary.core.rollout import Rollout
from tests.fakes import Behaviour, Simulation
from tests.scenarios.test_rollouts import Open

TELL = Hook(name="tell", stage=HookStage.ON_ROLLBACK, run="codedeploy:tell", deadline=timedelta(minutes=5))
HOUR = timedelta(hours=1)


def rolled_back(simulation: Simulation, opened: Open) -> tuple[Rollout, Controller]:
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.3)
    controller = Controller(simulation.world, "test")
    rollout = opened(hooks=(TELL,))
    return controller.watch(rollout.id, lambda _tick: None), controller


def told(simulation: Simulation) -> list[str]:
    return [
        entry.reason
        for entry in simulation.store.entries[next(iter(simulation.store.entries))]
        if entry.kind is EntryKind.HOOK
    ]


def test_a_rollback_ends_before_its_hooks_are_asked(simulation: Simulation, opened: Open) -> None:
    ended, _ = rolled_back(simulation, opened)

    assert (ended.phase, told(simulation), simulation.store.list_open()) == (Phase.ROLLED_BACK, [], ())


@pytest.mark.parametrize("status", [HookStatus.SUCCEEDED, HookStatus.FAILED])
def test_the_answer_of_an_on_rollback_hook_is_only_recorded(
    simulation: Simulation, opened: Open, status: HookStatus
) -> None:
    ended, controller = rolled_back(simulation, opened)
    simulation.hooks.answers["tell"] = status

    controller.aftermath.conclude(HOUR)

    after = simulation.store.states[ended.id]
    assert told(simulation) == [f"hook tell answered {status}: tell"]
    assert (after.phase, after.failure, after.ended_at) == (ended.phase, ended.failure, ended.ended_at)


def test_a_hook_that_never_answers_is_told_at_its_deadline(simulation: Simulation, opened: Open) -> None:
    _, controller = rolled_back(simulation, opened)

    controller.aftermath.conclude(HOUR)

    assert told(simulation) == ["hook tell gave no answer within 5 min"]


def test_a_controller_that_has_no_more_time_goes_on_when_it_is_called_again(
    simulation: Simulation, opened: Open
) -> None:
    _, controller = rolled_back(simulation, opened)
    controller.aftermath.conclude(timedelta(seconds=2))
    assert told(simulation) == []
    simulation.hooks.answers["tell"] = HookStatus.SUCCEEDED

    controller.aftermath.conclude(timedelta(seconds=2))
    controller.aftermath.conclude(timedelta(seconds=2))

    assert told(simulation) == ["hook tell answered SUCCEEDED: tell"]


def test_a_promotion_runs_no_on_rollback_hook(simulation: Simulation, opened: Open) -> None:
    controller = Controller(simulation.world, "test")
    rollout = opened(hooks=(TELL,))

    ended = controller.watch(rollout.id, lambda _tick: None)
    controller.aftermath.conclude(HOUR)

    assert (ended.phase, told(simulation)) == (Phase.PROMOTED, [])


def test_the_next_release_keeps_its_lock_while_hooks_answer(simulation: Simulation, opened: Open) -> None:
    _, controller = rolled_back(simulation, opened)
    second = opened()
    simulation.hooks.answers["tell"] = HookStatus.SUCCEEDED

    controller.aftermath.conclude(HOUR)

    assert simulation.store.list_open() == (second.id,)


def test_who_watches_an_ended_rollout_hears_the_hooks_that_a_dead_controller_left(
    simulation: Simulation, opened: Open
) -> None:
    ended, _ = rolled_back(simulation, opened)
    simulation.hooks.answers["tell"] = HookStatus.SUCCEEDED
    simulation.clock.sleep(timedelta(minutes=1))
    another = Controller(simulation.world, "another")

    another.watch(ended.id, lambda _tick: None)
    another.aftermath.conclude(HOUR)

    assert told(simulation) == ["hook tell answered SUCCEEDED: tell"]


def test_of_two_controllers_one_hears_the_hooks(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, controller = rolled_back(simulation, opened)
    controller.aftermath.conclude(timedelta(0))
    another = Controller(simulation.world, "another")
    another.watch(ended.id, lambda _tick: None)
    polled: list[str] = []

    def poll(_due: object, rollout: Rollout) -> tuple[HookReading, ...]:
        polled.append(rollout.id)
        return ()

    monkeypatch.setattr(simulation.hooks, "poll", poll)

    another.aftermath.conclude(timedelta(0))

    assert polled == []


def test_hooks_that_cannot_be_asked_are_asked_again(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, controller = rolled_back(simulation, opened)
    simulation.hooks.answers["tell"] = HookStatus.SUCCEEDED

    def down(*_arguments: object) -> None:
        raise Unavailable("no answer")

    with monkeypatch.context() as outage:
        outage.setattr(simulation.hooks, "poll", down)
        controller.aftermath.conclude(timedelta(seconds=10))
    assert told(simulation) == []

    controller.aftermath.conclude(HOUR)

    assert told(simulation) == ["hook tell answered SUCCEEDED: tell"]
