"""A candidate is warm before its first request, and what is idle afterwards is given back (issue 4, capacity)."""

from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.capacity import Capacity, WarmStatus, Warmth
from canary.core.errors import AccessDenied, ConfigError, Unavailable
from canary.core.ledger import EntryKind
from canary.core.model import AliasRouting, Phase, Version
from canary.core.rollout import Rollout
from canary.opening import check_headroom
from tests.fakes import START, Behaviour, Simulation
from tests.scenarios.test_rollouts import Open, Watch

FIVE = Capacity(provisioned=5, ready_within=timedelta(minutes=4))
WARM = Warmth(status=WarmStatus.READY, wanted=5)


def ticked(simulation: Simulation, rollout: Rollout, times: int) -> Rollout:
    controller = Controller(simulation.world, "test")
    for _ in range(times):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    return simulation.store.states[rollout.id]


def test_no_traffic_moves_before_the_candidate_is_warm(simulation: Simulation, opened: Open, watched: Watch) -> None:
    simulation.capacity.becomes = WarmStatus.IN_PROGRESS
    rollout = ticked(simulation, opened(capacity=FIVE), times=20)
    assert (rollout.phase, simulation.router.writes) == (Phase.GATING, [])
    simulation.capacity.becomes = WarmStatus.READY

    assert watched(rollout).phase is Phase.PROMOTED


def test_every_function_of_a_release_is_warmed(simulation: Simulation, opened: Open) -> None:
    simulation.router.add("ship", "1", "7", live="1")

    ticked(simulation, opened("pay", "ship", capacity=FIVE), times=3)

    assert simulation.capacity.warmth == {("pay", "2"): WARM, ("ship", "7"): WARM}


def test_one_cold_candidate_holds_the_whole_release(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation.router.add("ship", "1", "7", live="1")
    cold = Warmth(status=WarmStatus.IN_PROGRESS, wanted=5)
    monkeypatch.setattr(simulation.capacity, "warm", lambda target, _wanted: WARM if target.function == "pay" else cold)

    rollout = ticked(simulation, opened("pay", "ship", capacity=FIVE), times=10)

    assert (rollout.phase, simulation.router.writes) == (Phase.GATING, [])


def test_a_promotion_gives_the_old_version_s_capacity_back(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.capacity.warmth["pay", "1"] = WARM

    watched(opened(capacity=FIVE))

    assert simulation.capacity.warmth == {("pay", "2"): WARM}


def test_a_rollback_gives_the_candidate_s_capacity_back(simulation: Simulation, opened: Open, watched: Watch) -> None:
    simulation.capacity.warmth["pay", "1"] = WARM
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.3)

    ended = watched(opened(capacity=FIVE))

    assert (ended.phase, simulation.capacity.warmth) == (Phase.ROLLED_BACK, {("pay", "1"): WARM})


def test_a_rollout_that_ended_long_ago_takes_nothing_from_the_next_one(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    """`canary watch` of a release that was rolled back removed guards and capacity of the retry of the same version."""
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.3)
    ended = watched(opened(capacity=FIVE))
    del simulation.fleet.behaviour["2"]
    retried = ticked(simulation, opened(capacity=FIVE), times=4)

    watched(ended)

    assert simulation.capacity.warmth == {("pay", "2"): WARM}
    assert set(retried.guards) <= simulation.alarms.readings.keys()


def test_a_release_that_asks_for_none_touches_none(simulation: Simulation, opened: Open, watched: Watch) -> None:
    simulation.capacity.warmth["pay", "1"] = WARM

    watched(opened())

    assert (simulation.capacity.warmth, simulation.capacity.released) == ({("pay", "1"): WARM}, [])


def test_a_candidate_that_cannot_be_warmed_ends_the_release_at_0_percent(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.capacity.becomes = WarmStatus.FAILED

    ended = watched(opened(capacity=FIVE))

    assert (ended.phase, simulation.router.writes) == (Phase.ROLLED_BACK, [])
    assert ended.failure == "provisioned concurrency failed: Lambda gave no reason"


def test_a_candidate_that_stays_cold_ends_the_release_at_its_deadline(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.capacity.becomes = WarmStatus.IN_PROGRESS

    ended = watched(opened(capacity=FIVE))

    assert ended.failure == "provisioned concurrency was not READY within 4 min"
    assert ended.ended_at is not None
    assert ended.ended_at <= START + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("refusal", "phase"), [(Unavailable("no answer"), Phase.GATING), (ConfigError("no room"), Phase.ROLLED_BACK)]
)
def test_an_outage_is_waited_out_and_a_refusal_is_not(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch, refusal: Exception, phase: Phase
) -> None:
    def refuse(*_arguments: object) -> Warmth:
        raise refusal

    monkeypatch.setattr(simulation.capacity, "warm", refuse)

    assert ticked(simulation, opened(capacity=FIVE), times=6).phase is phase


def test_capacity_that_cannot_be_released_holds_nothing_up(
    simulation: Simulation, opened: Open, watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(simulation.capacity, "release", refuse)

    ended = watched(opened(capacity=FIVE))

    assert simulation.store.entries[ended.id][-1].kind is EntryKind.PROMOTED
    assert simulation.store.list_open() == ()


def test_a_function_that_is_switched_off_is_not_released(simulation: Simulation, opened: Open) -> None:
    simulation.capacity.reserved["pay"] = 0

    with pytest.raises(ConfigError, match="pay is switched off: its reserved concurrency is 0"):
        check_headroom(opened(), simulation.capacity)


def test_headroom_that_may_not_be_read_is_said_and_stops_nothing(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_arguments: object) -> None:
        raise AccessDenied("the caller may not call GetAccountSettings")

    monkeypatch.setattr(simulation.capacity, "read_headroom", deny)

    assert check_headroom(opened(), simulation.capacity) == (
        "headroom was not checked: the caller may not call GetAccountSettings",
    )


def test_a_candidate_that_a_hand_promoted_keeps_its_capacity(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = ticked(simulation, opened(capacity=FIVE), times=5)
    simulation.router.overwrite("pay", "live", AliasRouting(stable=Version("2")))

    ended = watched(rollout)

    assert (ended.phase, simulation.capacity.warmth) == (Phase.ABORTED, {("pay", "2"): WARM})
