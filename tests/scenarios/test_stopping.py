"""The global stop and freeze windows, from the opening to the end of a rollout (issue 4)."""

from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.errors import ConfigError, RolloutConflict, Unavailable
from canary.core.freeze import FreezeWindow
from canary.core.ledger import EntryKind
from canary.core.model import Phase, Weight
from canary.core.orders import Stop
from canary.core.rollout import Rollout
from tests.fakes import START, Behaviour, Simulation
from tests.scenarios.test_rollouts import Open, Watch

STOP = Stop(at=START, by="amy", why="outage of the bank")
NOW = FreezeWindow.parse("2026-11-21 02:00-2026-11-21 05:00 UTC")
SOON = FreezeWindow.parse("2026-11-21 03:01-2026-11-21 05:00 UTC")


def ticked(simulation: Simulation, rollout: Rollout, minutes: int) -> Rollout:
    controller = Controller(simulation.world, "test")
    for _ in range(minutes * 6):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    return simulation.store.states[rollout.id]


def test_no_release_opens_while_all_rollouts_are_stopped(simulation: Simulation, opened: Open) -> None:
    simulation.orders.stop(STOP)

    with pytest.raises(RolloutConflict, match="stopped by amy at 2026-11-21 03:00 UTC: outage of the bank; lift that"):
        opened(fix_forward="urgent")

    assert (simulation.store.states, simulation.alarms.readings) == ({}, {})


def test_no_release_opens_in_a_freeze(simulation: Simulation, opened: Open) -> None:
    with pytest.raises(ConfigError, match="no release opens now: frozen until Sat 2026-11-21 05:00 UTC by"):
        opened(freeze=(NOW,))

    assert (simulation.store.states, simulation.alarms.readings) == ({}, {})


def test_a_fix_forward_opens_in_a_freeze_and_is_not_held_by_it(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = opened(freeze=(NOW,), fix_forward="the outage's fix")

    (entry,) = simulation.store.entries[rollout.id]
    assert entry.reason == "release; fix forward: the outage's fix; held by no freeze window"
    assert watched(rollout).phase is Phase.PROMOTED


def test_a_rollout_that_a_freeze_overtakes_holds_and_goes_on_afterwards(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    held = ticked(simulation, opened(freeze=(SOON,)), minutes=60)
    assert (held.weight, held.held) == (Weight.percent(10), f"frozen until Sat 2026-11-21 05:00 UTC by {SOON.text!r}")

    ended = watched(held)

    assert ended.phase is Phase.PROMOTED
    assert ended.ended_at is not None
    assert ended.ended_at > START + timedelta(hours=2)


def test_a_rollout_that_a_freeze_holds_still_rolls_back(simulation: Simulation, opened: Open, watched: Watch) -> None:
    held = ticked(simulation, opened(freeze=(SOON,)), minutes=10)
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.3)

    ended = watched(held)

    assert ended.phase is Phase.ROLLED_BACK
    assert ended.ended_at is not None
    assert ended.ended_at < START + timedelta(minutes=15)


def test_a_stop_holds_every_open_rollout_until_it_is_lifted(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = ticked(simulation, opened(), minutes=1)
    simulation.orders.stop(STOP)
    held = ticked(simulation, rollout, minutes=30)
    kinds = [entry.kind for entry in simulation.store.entries[rollout.id]]
    assert (held.weight, kinds.count(EntryKind.HELD)) == (Weight.percent(10), 1)
    simulation.orders.start()

    assert watched(rollout).phase is Phase.PROMOTED


def test_where_the_stop_cannot_be_read_nothing_rises(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise Unavailable("reading the stop: no answer")

    monkeypatch.setattr(simulation.orders, "read_stop", lambda: None)
    rollout = opened()
    monkeypatch.setattr(simulation.orders, "read_stop", down)

    held = ticked(simulation, rollout, minutes=5)

    assert (held.weight, held.held) == (Weight(0), "whether all rollouts are stopped could not be read")
