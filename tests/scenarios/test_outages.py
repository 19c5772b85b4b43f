"""T6: what a controller does, and what it leaves alone, while a part of the world does not answer it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import NoReturn

import pytest

from canary.controller import Controller
from canary.core.commands import order_promotion
from canary.core.decision import Decision
from canary.core.errors import ConfigError, StaleWrite, Unavailable
from canary.core.ledger import EntryKind
from canary.core.model import AlarmState, AliasName, AliasRouting, FunctionName, Phase, Version, Weight
from canary.core.rollout import Rollout
from tests.fakes import Simulation
from tests.scenarios.test_rollouts import LIVE, Watch

Open = Callable[..., Rollout]
Outage = Callable[..., AbstractContextManager[None]]
TEN_SECONDS = timedelta(seconds=10)
SPLIT_BY_HAND = AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(30))


def no_answer(*_args: object) -> NoReturn:
    raise Unavailable("no answer")


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    """Within it these methods of a port do not answer."""

    @contextmanager
    def away(port: object, *methods: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            for method in methods:
                patch.setattr(port, method, no_answer)
            yield

    return away


def ticked(simulation: Simulation, controller: Controller, rollout: Rollout, times: int) -> None:
    for _ in range(times):
        controller.tick(rollout.id)
        simulation.clock.sleep(TEN_SECONDS)


def promoted_by_another(simulation: Simulation, rollout: Rollout) -> None:
    other = Controller(simulation.world, "other")

    def in_full(rollout: Rollout, *, now: datetime) -> Decision:
        return order_promotion(rollout, full=True, by="amy", why="hotfix", now=now)

    other.order(rollout.id, in_full)
    simulation.clock.sleep(timedelta(minutes=1))
    ticked(simulation, other, rollout, 3)
    assert simulation.store.states[rollout.id].phase is Phase.PROMOTED


def test_an_alias_that_cannot_be_read_keeps_no_other_one_from_being_taken_back(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation.router.add("ship", "1", "2", live="1")
    rollout = opened("pay", "ship")
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)
    read = simulation.router.read_routing

    def read_pay_only(function: FunctionName, alias: AliasName) -> AliasRouting | None:
        return read(function, alias) if function == "pay" else no_answer()

    monkeypatch.setattr(simulation.router, "read_routing", read_pay_only)
    simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
    ticked(simulation, controller, rollout, 1)

    assert [simulation.router.aliases[name, "live"].is_split() for name in ("pay", "ship")] == [False, True]


def test_another_controller_s_step_is_no_foreign_hand_while_the_store_is_away(
    simulation: Simulation, opened: Open, outage: Outage
) -> None:
    """Cut off from the store, a controller saw a weight that its old state did not explain, and took it back."""
    rollout = opened()
    controller, other = Controller(simulation.world, "cut off"), Controller(simulation.world, "other")
    ticked(simulation, controller, rollout, 4)
    simulation.clock.sleep(timedelta(minutes=1))
    while simulation.router.aliases[LIVE].weight != Weight.percent(50):
        ticked(simulation, other, rollout, 1)

    with outage(simulation.store, "load_rollout", "list_open", "commit"):
        ticked(simulation, controller, rollout, 3)

    assert simulation.router.aliases[LIVE].weight == Weight.percent(50)


def test_what_the_store_lists_no_more_is_not_judged_from_memory_in_the_next_outage(
    simulation: Simulation, opened: Open, outage: Outage
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)
    promoted_by_another(simulation, rollout)
    assert controller.list_open() == ()

    with outage(simulation.store, "list_open"), pytest.raises(Unavailable):
        controller.list_open()


def test_a_promotion_that_was_refuted_is_taken_back_although_the_first_attempt_failed(
    simulation: Simulation, opened: Open, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one refused write the controller forgot that it had seen the promoted version fail."""
    rollout = opened()
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)
    with outage(simulation.store, "commit"), outage(simulation.router, "write_routing"):
        simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
        ticked(simulation, controller, rollout, 1)
    simulation.alarms.set(rollout.guards[0], AlarmState.OK)
    promoted_by_another(simulation, rollout)

    def refused(*_args: object) -> None:
        raise StaleWrite("alias pay:live changed since it was read")

    with monkeypatch.context() as busy:
        busy.setattr(simulation.router, "write_routing", refused)
        controller.tick_all(controller.list_open())
    controller.tick_all(controller.list_open())

    assert simulation.router.aliases[LIVE].stable == "1"
    assert simulation.store.states[rollout.id].undone is not None


def test_a_foreign_hand_is_recorded_before_anything_is_written(
    simulation: Simulation, opened: Open, outage: Outage
) -> None:
    """Written back first, with the store away, the alias looked as asked for: the hand was forgotten and never told."""
    rollout = opened()
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)
    simulation.router.overwrite(*LIVE, SPLIT_BY_HAND)
    with outage(simulation.store, "commit"):
        ticked(simulation, controller, rollout, 1)
    untouched = simulation.router.aliases[LIVE]

    ticked(simulation, controller, rollout, 3)

    told = [entry.kind for entry in simulation.store.entries[rollout.id]]
    assert untouched.weight == SPLIT_BY_HAND.weight
    assert told[-2:] == [EntryKind.ROLLING_BACK, EntryKind.ABORTED]
    assert not simulation.router.aliases[LIVE].is_split()


def test_a_late_answer_that_looks_like_the_newest_keeps_no_promotion_waiting_for_ever(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody wrote the alias as it was; a later read showed our own write before that, so that the truth passed for
    an old answer, and the last flip was never made.
    """
    rollout = opened()
    controller = Controller(simulation.world, "test")
    while simulation.store.states[rollout.id].weight != Weight.percent(100):
        ticked(simulation, controller, rollout, 1)
    ours = simulation.router.aliases[LIVE]
    simulation.router.overwrite(*LIVE, ours)
    ticked(simulation, controller, rollout, 1)
    with monkeypatch.context() as late:
        late.setattr(simulation.router, "read_routing", lambda *_alias: ours)
        ticked(simulation, controller, rollout, 1)

    ended = controller.watch(rollout.id, lambda _tick: None)

    assert (ended.phase, simulation.router.aliases[LIVE].stable) == (Phase.PROMOTED, "2")


def test_an_abort_is_obeyed_while_the_store_is_away_and_told_when_it_is_back(
    simulation: Simulation, opened: Open, outage: Outage
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)

    with outage(simulation.store, "load_rollout", "list_open", "commit"):
        controller.abort(rollout.id, by="amy", why="the job was cancelled")
        ticked(simulation, controller, rollout, 1)
        went_back = simulation.router.aliases[LIVE].shares() == {"1": Weight.percent(100)}
    ended = controller.watch(rollout.id, lambda _tick: None)

    assert went_back
    assert (ended.phase, ended.aborted) == (Phase.ABORTED, "aborted by amy: the job was cancelled")


def test_what_nobody_knows_cannot_be_aborted_while_the_store_is_away(
    simulation: Simulation, opened: Open, outage: Outage
) -> None:
    rollout = opened()

    with outage(simulation.store, "load_rollout"), pytest.raises(Unavailable):
        Controller(simulation.world, "fresh").abort(rollout.id, by="amy", why="now")


def test_a_table_that_is_gone_keeps_no_failing_candidate_serving(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)

    def gone(*_args: object) -> NoReturn:
        raise ConfigError("reading the rollout table rollouts: Requested resource not found")

    monkeypatch.setattr(simulation.store, "load_rollout", gone)
    monkeypatch.setattr(simulation.store, "commit", gone)
    simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
    controller.tick(rollout.id)

    assert not simulation.router.aliases[LIVE].is_split()


def test_the_store_is_asked_once_a_tick_while_it_is_away(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for each of many rollouts, a store that hangs would use up the time in which to go back."""
    simulation.router.add("ship", "1", "2", live="1")
    rollouts = [opened("pay").id, opened("ship").id]
    controller = Controller(simulation.world, "test")
    controller.tick_all(rollouts)
    asked: list[object] = []

    def away(rollout_id: object) -> NoReturn:
        asked.append(rollout_id)
        raise Unavailable("no answer")

    monkeypatch.setattr(simulation.store, "load_rollout", away)
    controller.tick_all(rollouts)

    assert len(asked) == 1


@pytest.mark.parametrize("is_ordered", [False, True], ids=["failed already", "ordered back"])
def test_metrics_that_hang_do_not_delay_one_that_must_go_back(
    simulation: Simulation,
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    is_ordered: bool,  # noqa: FBT001
) -> None:
    rollout = opened()
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)
    if is_ordered:
        controller.abort(rollout.id, by="amy", why="customers complain")
    else:
        with monkeypatch.context() as stuck:
            stuck.setattr(simulation.router, "write_routing", no_answer)
            simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
            ticked(simulation, controller, rollout, 1)
    asked: list[object] = []

    def hangs(wanted: Sequence[object], *_now: object) -> tuple[()]:
        asked.extend(wanted)
        return ()

    monkeypatch.setattr(simulation.alarms, "read_alarms", hangs)
    monkeypatch.setattr(simulation.fleet, "read_windows", hangs)

    ticked(simulation, controller, rollout, 1)

    assert (asked, simulation.router.aliases[LIVE].is_split()) == ([], False)


def test_who_died_with_the_lease_keeps_nobody_from_the_way_back(simulation: Simulation, opened: Open) -> None:
    rollout = opened()
    ticked(simulation, Controller(simulation.world, "died"), rollout, 4)
    simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
    other = Controller(simulation.world, "other")

    first, second = other.tick(rollout.id), other.tick(rollout.id)  # the lease runs for two ticks more

    assert [tick.decision.rollout.phase for tick in (first, second)] == [Phase.ROLLING_BACK, Phase.ROLLED_BACK]


def test_an_alias_that_hangs_delays_the_others_by_one_attempt(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation.router.add("ship", "1", "2", live="1")
    rollout = opened("pay", "ship")
    controller = Controller(simulation.world, "test")
    ticked(simulation, controller, rollout, 4)
    write, attempts = simulation.router.write_routing, list[str]()

    def hanging(function: FunctionName, alias: AliasName, routing: AliasRouting) -> AliasRouting:
        attempts.append(function)
        return write(function, alias, routing) if function == "pay" else no_answer()

    monkeypatch.setattr(simulation.router, "write_routing", hanging)
    simulation.alarms.set(rollout.guards[0], AlarmState.ALARM)
    ticked(simulation, controller, rollout, 1)

    assert attempts == ["ship", "pay", "ship", "ship"]


def test_a_release_that_nobody_looked_at_for_a_day_can_still_be_kept(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    functions = [f"f{number}" for number in range(12)]
    for name in functions:
        simulation.router.add(name, "1", "2", live="1")
    rollout = opened(*functions)
    ticked(simulation, Controller(simulation.world, "died"), rollout, 4)
    simulation.fleet.rate = 2
    simulation.clock.sleep(timedelta(hours=6))

    assert watched(rollout).phase.is_terminal
    assert simulation.store.list_open() == ()
