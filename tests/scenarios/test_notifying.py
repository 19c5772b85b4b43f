"""Who is told of a rollout, and that nothing waits for it (issue 4, notifications)."""

from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.errors import Unavailable
from canary.core.ledger import EntryKind
from canary.core.model import Phase
from tests.fakes import Behaviour, Simulation
from tests.scenarios.test_rollouts import Open, Watch


def heard(simulation: Simulation) -> list[EntryKind]:
    return [entry.kind for entry in simulation.notifier.published]


def test_everything_that_is_committed_is_passed_on_once(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = watched(opened())

    assert simulation.notifier.published == simulation.store.entries[rollout.id]


def test_a_rollback_is_told_after_it_was_kept(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.5)
    with monkeypatch.context() as outage:
        outage.setattr(simulation.store, "commit", _unavailable)
        for _ in range(6):
            controller.tick(rollout.id)
            simulation.clock.sleep(timedelta(seconds=10))
        assert EntryKind.ROLLING_BACK not in heard(simulation)

    ended = controller.watch(rollout.id, lambda _tick: None)

    assert ended.phase is Phase.ROLLED_BACK
    assert heard(simulation)[-2:] == [EntryKind.ROLLING_BACK, EntryKind.ROLLED_BACK]


def _unavailable(*_args: object) -> None:
    raise Unavailable("keeping the state: no answer")
