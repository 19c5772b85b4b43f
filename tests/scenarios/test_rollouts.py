"""T2, T3, T5: how whole rollouts go, on a simulated clock."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.commands import order_abort, order_approval, order_pause, order_promotion
from canary.core.errors import Unavailable
from canary.core.hooks import Hook, HookStage, HookStatus
from canary.core.ledger import EntryKind
from canary.core.model import AlarmState, AliasName, AliasRouting, FunctionName, Phase, Version, Weight
from canary.core.plan import Shift, Strategy
from canary.core.request import TargetRequest
from canary.core.rollout import OnInconclusive, OnSilence, Policy, Rollout
from tests.fakes import Behaviour, Simulation
from tests.scenarios.conftest import STEPS

Open = Callable[..., Rollout]
Watch = Callable[[Rollout], Rollout]
LIVE = ("pay", "live")


def kinds(simulation: Simulation, rollout: Rollout) -> list[EntryKind]:
    return [entry.kind for entry in simulation.store.entries[rollout.id] if entry.kind is not EntryKind.VERDICT]


def written(simulation: Simulation) -> list[str]:
    return [str(routing) for resource, routing in simulation.router.writes if resource == "pay:live"]


def test_a_healthy_candidate_is_promoted_step_by_step(simulation: Simulation, opened: Open, watched: Watch) -> None:
    ended = watched(opened())

    assert ended.phase is Phase.PROMOTED
    assert written(simulation) == [
        "version 1 90 % + version 2 10 %",
        "version 1 50 % + version 2 50 %",
        "version 2 100 %",
        "version 2 100 %",
    ]
    final = simulation.router.aliases[LIVE]
    assert (final.stable, final.canary) == ("2", None)


def test_a_share_that_is_held_back_follows_by_the_promotion_itself(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    ended = watched(opened(strategy=STEPS.holding_back(Weight.percent(20))))

    assert ended.phase is Phase.PROMOTED
    assert written(simulation)[-2:] == ["version 1 20 % + version 2 80 %", "version 2 100 %"]


def test_the_ledger_tells_every_change_of_phase_and_weight_once(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    ended = watched(opened())

    assert kinds(simulation, ended) == [
        EntryKind.OPENED,
        EntryKind.GATING,
        *[EntryKind.SHIFTED, EntryKind.REACHED] * 3,
        EntryKind.PROMOTING,
        EntryKind.PROMOTED,
    ]


@pytest.mark.parametrize("behaviour", [Behaviour(errors=0.05), Behaviour(slow=0.05), Behaviour(errors=1.0)])
def test_a_candidate_that_breaks_the_slo_is_rolled_back(
    simulation: Simulation, opened: Open, watched: Watch, behaviour: Behaviour
) -> None:
    simulation.fleet.behaviour["2"] = behaviour

    ended = watched(opened())

    assert ended.phase is Phase.ROLLED_BACK
    assert written(simulation) == ["version 1 90 % + version 2 10 %", "version 1 100 %"]
    assert simulation.alarms.readings == {}


def test_a_version_that_dies_before_it_emits_anything_is_seen_by_lambda_s_own_metrics(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = opened()
    simulation.fleet.behaviour["2"] = Behaviour(errors=1.0)
    simulation.fleet.silent = {"2"}

    ended = watched(rollout)

    assert ended.phase is Phase.ROLLED_BACK
    assert "lambda" in (ended.failure or "")


def test_a_guard_alarm_rolls_back_whatever_the_counts_say(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = opened()
    simulation.clock.on_second.append(
        lambda at: (
            simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
            if at >= rollout.opened_at + timedelta(seconds=40)
            else None
        )
    )

    ended = watched(rollout)

    assert ended.phase is Phase.ROLLED_BACK
    assert rollout.guards[0] in (ended.failure or "")


def test_without_traffic_nothing_is_claimed_and_the_deadline_rolls_back(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.fleet.rate = 0

    ended = watched(opened())

    assert ended.phase is Phase.ROLLED_BACK
    assert "was still inconclusive after" in (ended.failure or "")
    assert written(simulation) == ["version 1 90 % + version 2 10 %", "version 1 100 %"]


def test_an_inconclusive_step_holds_for_ever_where_the_policy_says_so(simulation: Simulation, opened: Open) -> None:
    simulation.fleet.rate = 0
    rollout = opened(policy=Policy(on_inconclusive=OnInconclusive.HOLD))
    controller = Controller(simulation.world, "test")

    for _ in range(500):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))

    held = simulation.store.states[rollout.id]
    assert (held.phase, held.weight) == (Phase.PROGRESSING, Weight.percent(10))


def test_a_foreign_edit_ends_the_rollout_and_leaves_no_split(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    simulation.router.overwrite(
        *LIVE, AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(30))
    )

    ended = watched(rollout)

    assert ended.phase is Phase.ABORTED
    assert "changed by someone else" in (ended.foreign or "")
    assert not simulation.router.aliases[LIVE].is_split()


def test_a_weight_that_a_person_lowered_is_not_raised_again(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    """A person takes the weight off in the moment after our write and before our next look: the alias then shows what
    it showed before the write, under another revision. Without the revision that would pass for "not yet written".
    """
    rollout = opened()
    controller = Controller(simulation.world, "test")
    controller.tick(rollout.id)
    controller.tick(rollout.id)
    assert simulation.router.aliases[LIVE].is_split()
    simulation.router.overwrite(*LIVE, AliasRouting(stable=Version("1")))

    ended = watched(rollout)

    assert ended.phase is Phase.ABORTED
    assert written(simulation) == ["version 1 90 % + version 2 10 %"]


def test_what_a_person_promoted_by_hand_is_left_alone(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
    simulation.router.overwrite(*LIVE, AliasRouting(stable=Version("2")))

    ended = watched(rollout)

    assert (ended.phase, simulation.router.aliases[LIVE].stable) == (Phase.ABORTED, "2")


def test_a_controller_that_died_is_replaced_without_repeating_or_shortening_the_bake(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = opened()
    while simulation.store.states[rollout.id].reached_at is None:
        Controller(simulation.world, "test").tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    reached = simulation.store.states[rollout.id].reached_at
    simulation.clock.sleep(timedelta(seconds=55))

    ended = watched(rollout)

    shifts = [entry.at for entry in simulation.store.entries[ended.id] if entry.kind is EntryKind.SHIFTED]
    assert reached is not None
    assert timedelta(seconds=60) <= shifts[1] - reached <= timedelta(seconds=75)


def test_a_failing_canary_leaves_although_the_store_is_down(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.5)

    def down(*_args: object) -> None:
        raise Unavailable("reading the rollout table: no answer")

    monkeypatch.setattr(simulation.store, "load_rollout", down)
    monkeypatch.setattr(simulation.store, "commit", down)
    for _ in range(6):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))

    assert not simulation.router.aliases[LIVE].is_split()


def test_the_rollback_that_the_store_missed_is_recorded_when_it_is_back(
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

    ended = controller.watch(rollout.id, lambda _tick: None)

    assert ended.phase is Phase.ROLLED_BACK


def _unavailable(*_args: object) -> None:
    raise Unavailable("keeping the state: no answer")


def test_all_functions_of_a_release_go_back_when_one_fails_last_target_first(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.router.add("ship", "1", "3", live="1")
    simulation.fleet.behaviour["3"] = Behaviour(errors=0.2)

    ended = watched(opened("pay", "ship"))

    back = [resource for resource, routing in simulation.router.writes if not routing.is_split()]
    assert (ended.phase, back) == (Phase.ROLLED_BACK, ["ship:live", "pay:live"])


def test_no_traffic_moves_before_the_gate_succeeds(simulation: Simulation, opened: Open, watched: Watch) -> None:
    gate = Hook(name="gate", stage=HookStage.BEFORE_TRAFFIC, run="true")
    rollout = opened(hooks=(gate,))
    controller = Controller(simulation.world, "test")
    for _ in range(10):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    assert written(simulation) == []
    simulation.hooks.answers["gate"] = HookStatus.SUCCEEDED

    assert watched(rollout).phase is Phase.PROMOTED


def test_a_failed_gate_ends_the_release_at_0_percent(simulation: Simulation, opened: Open, watched: Watch) -> None:
    simulation.hooks.answers["gate"] = HookStatus.FAILED

    ended = watched(opened(hooks=(Hook(name="gate", stage=HookStage.BEFORE_TRAFFIC, run="false"),)))

    assert (ended.phase, written(simulation)) == (Phase.ROLLED_BACK, [])


def test_a_gate_that_never_answers_fails_at_its_deadline(opened: Open, watched: Watch) -> None:
    ended = watched(opened(hooks=(Hook(name="gate", stage=HookStage.BEFORE_TRAFFIC, run="sleep"),)))

    assert ended.failure == "hook gate gave no answer within 10 min"


def test_a_paused_rollout_waits_and_still_rolls_back(simulation: Simulation, opened: Open, watched: Watch) -> None:
    """A rollout that waits for a person must not stop looking (fluxcd/flagger#1801: 18 failed checks, no rollback)."""
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    _order(controller, rollout, order_pause)
    for _ in range(100):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    assert simulation.store.states[rollout.id].weight == Weight.percent(10)
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.3)

    assert watched(rollout).phase is Phase.ROLLED_BACK


def test_promotion_in_full_skips_every_step(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    controller.order(rollout.id, lambda known, now: order_promotion(known, full=True, by="amy", why="hotfix", now=now))

    ended = watched(rollout)

    assert (ended.phase, written(simulation)) == (
        Phase.PROMOTED,
        ["version 1 90 % + version 2 10 %", "version 2 100 %"],
    )


def test_an_abort_takes_everything_back(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    for _ in range(4):
        controller.tick(rollout.id)
    _order(controller, rollout, order_abort)

    ended = watched(rollout)

    assert (ended.phase, ended.aborted) == (Phase.ABORTED, "aborted by amy: because")
    assert not simulation.router.aliases[LIVE].is_split()


def _order(controller: Controller, rollout: Rollout, command: Callable[..., object]) -> None:
    controller.order(rollout.id, lambda known, now: command(known, by="amy", why="because", now=now))  # type: ignore[arg-type]


def _progressing(simulation: Simulation, rollout: Rollout, until: timedelta = timedelta(minutes=30)) -> Controller:
    """Ticks until the first step waits for an approval, or the time is over."""
    controller = Controller(simulation.world, "test")
    end = simulation.clock.now() + until
    while simulation.store.states[rollout.id].awaiting_since is None and simulation.clock.now() < end:
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    return controller


APPROVED_FIRST = Strategy(
    name="approve",
    shifts=(
        Shift(weight=Weight.percent(10), bake=timedelta(minutes=1), approval=timedelta(hours=2)),
        Shift(weight=Weight.percent(100), bake=timedelta(minutes=1)),
    ),
)


def test_a_step_with_an_approval_waits_for_a_person(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = opened(strategy=APPROVED_FIRST)
    controller = _progressing(simulation, rollout)
    assert simulation.store.states[rollout.id].weight == Weight.percent(10)
    _order(controller, rollout, order_approval)

    assert watched(rollout).phase is Phase.PROMOTED
    assert {EntryKind.AWAITING, EntryKind.APPROVED} <= set(kinds(simulation, rollout))


@pytest.mark.parametrize(
    ("on_silence", "ends"), [(OnSilence.ROLLBACK, Phase.ROLLED_BACK), (OnSilence.ADVANCE, Phase.PROMOTED)]
)
def test_an_approval_that_nobody_gives_is_decided_by_the_policy(
    opened: Open, watched: Watch, on_silence: OnSilence, ends: Phase
) -> None:
    ended = watched(opened(strategy=APPROVED_FIRST, policy=Policy(on_silence=on_silence)))

    assert ended.phase is ends


def test_a_rollout_that_waits_for_an_approval_still_rolls_back(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = opened(strategy=APPROVED_FIRST)
    _progressing(simulation, rollout)
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.3)

    assert watched(rollout).phase is Phase.ROLLED_BACK


def test_of_two_controllers_one_moves_the_rollout_and_either_takes_it_back(
    simulation: Simulation, opened: Open
) -> None:
    rollout = opened()
    laptop, cloud = Controller(simulation.world, "laptop"), Controller(simulation.world, "cloud")
    for _ in range(4):
        laptop.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=5))
        number = simulation.store.states[rollout.id].number
        cloud.tick(rollout.id)
        assert simulation.store.states[rollout.id].number == number
        simulation.clock.sleep(timedelta(seconds=5))
    simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)

    cloud.tick(rollout.id)

    assert not simulation.router.aliases[LIVE].is_split()


def test_a_function_that_may_stay_without_traffic_does_not_hold_the_others(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.router.add("nightly", "1", "2", live="1")
    simulation.fleet.quiet = {"nightly:live"}
    wanted = [TargetRequest(function=FunctionName("pay"), alias=AliasName("live"))]
    wanted.append(TargetRequest(function=FunctionName("nightly"), alias=AliasName("live"), min_requests=0))

    ended = watched(opened(targets=tuple(wanted)))

    assert ended.phase is Phase.PROMOTED
    assert simulation.router.aliases["nightly", "live"].stable == "2"


def test_a_function_that_must_be_called_holds_the_others_while_it_is_not(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    simulation.router.add("nightly", "1", "2", live="1")
    simulation.fleet.quiet = {"nightly:live"}

    assert watched(opened("pay", "nightly")).phase is Phase.ROLLED_BACK
