"""While all rollouts are stopped, or it is frozen, no weight rises and failures still roll back (issue 4)."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from canary.core.commands import order_promotion
from canary.core.decision import Decision
from canary.core.freeze import FreezeWindow
from canary.core.ledger import EntryKind
from canary.core.model import NO_TRAFFIC, AlarmState, Phase, Weight
from canary.core.reconcile import reconcile
from tests.fakes import START
from tests.rollouts import Aliases, a_rollout, look

STOPPED = "all rollouts are stopped by amy"
TICK = timedelta(seconds=10)


class Drive:
    """A rollout looked at every ten seconds, stopped or not, with healthy traffic."""

    def __init__(self, *functions: str, freeze: tuple[FreezeWindow, ...] = ()) -> None:
        self.rollout = replace(a_rollout(*functions), freeze=freeze)
        self.aliases = Aliases(self.rollout)
        self.now = START
        self.kinds: list[EntryKind] = []

    def tick(self, *, stopped: bool, alarm: AlarmState = AlarmState.OK) -> Decision:
        seen = look(self.rollout, self.aliases, self.now, alarm=alarm)
        decision = reconcile(self.rollout, replace(seen, stopped=STOPPED if stopped else None), self.now)
        self.rollout = decision.rollout
        self.kinds += [entry.kind for entry in decision.entries]
        self.aliases.apply(decision)
        self.now += TICK
        return decision

    def until(self, weight: Weight) -> None:
        """Ticks until every alias shows the weight."""
        while self.rollout.weight != weight or self.rollout.reached_at is None:
            self.tick(stopped=False)

    def shares(self) -> list[Weight]:
        """What the candidate gets of every alias, whichever version is the main one."""
        routed = zip(self.rollout.legs, self.aliases.now, strict=True)
        return [routing.shares().get(leg.target.canary, NO_TRAFFIC) for leg, routing in routed]


def healthy(drive: Drive, limit: int = 400) -> Phase:
    """Ticks without a stop until the end."""
    for _ in range(limit):
        if drive.rollout.phase.is_terminal:
            break
        drive.tick(stopped=False)
    return drive.rollout.phase


@given(st.lists(st.booleans(), min_size=1, max_size=120))
def test_no_weight_rises_while_it_is_stopped(stops: list[bool]) -> None:
    drive = Drive("pay", "ship")
    for stopped in stops:
        before, shown = drive.rollout.weight, drive.shares()
        drive.tick(stopped=stopped)
        if stopped:
            assert drive.rollout.weight <= before
            assert drive.shares() == shown


@given(st.lists(st.booleans(), min_size=1, max_size=120))
def test_what_was_stopped_goes_on_when_it_is_lifted(stops: list[bool]) -> None:
    drive = Drive()
    for stopped in stops:
        drive.tick(stopped=stopped)

    assert healthy(drive) is Phase.PROMOTED


@given(st.lists(st.booleans(), min_size=1, max_size=120))
def test_a_failure_rolls_back_while_it_is_stopped(stops: list[bool]) -> None:
    drive = Drive("pay", "ship")
    for stopped in stops:
        drive.tick(stopped=stopped)
    if drive.rollout.phase.is_terminal:
        return

    for _ in range(4):
        drive.tick(stopped=True, alarm=AlarmState.ALARM)

    assert drive.rollout.phase is Phase.ROLLED_BACK
    assert not any(routing.is_split() for routing in drive.aliases.now)


def test_a_hold_is_told_once_with_its_reason() -> None:
    drive = Drive()
    drive.until(Weight.percent(10))
    for _ in range(30):
        last = drive.tick(stopped=True)

    assert drive.kinds.count(EntryKind.HELD) == 1
    assert (drive.rollout.held, drive.rollout.weight) == (STOPPED, Weight.percent(10))
    assert last.entries == ()


def test_what_goes_on_is_held_no_more() -> None:
    drive = Drive()
    drive.until(Weight.percent(10))
    for _ in range(10):
        drive.tick(stopped=True)

    drive.until(Weight.percent(50))

    assert drive.rollout.held is None


def test_a_weight_that_was_asked_for_and_not_seen_waits_without_running_out_of_time() -> None:
    """The stop comes in the moment between asking and writing: the write is made when it is lifted."""
    drive = Drive()
    drive.until(Weight.percent(10))
    while drive.rollout.weight == Weight.percent(10):
        before = list(drive.aliases.now)
        drive.tick(stopped=False)
    drive.aliases.now = before

    for _ in range(60):
        drive.tick(stopped=True)

    assert (drive.rollout.phase, drive.shares()) == (Phase.PROGRESSING, [Weight.percent(10)])
    assert healthy(drive) is Phase.PROMOTED


def test_a_promotion_in_full_that_meets_a_stop_waits() -> None:
    drive = Drive()
    drive.until(Weight.percent(10))
    drive.rollout = order_promotion(drive.rollout, full=True, by="amy", why="hotfix", now=drive.now).rollout

    for _ in range(5):
        drive.tick(stopped=True)

    assert (drive.rollout.phase, drive.shares()) == (Phase.PROMOTING, [Weight.percent(10)])
    assert healthy(drive) is Phase.PROMOTED


def test_at_100_percent_nothing_rises_any_more_and_the_promotion_is_finished() -> None:
    drive = Drive()
    drive.until(Weight.percent(100))

    for _ in range(20):
        drive.tick(stopped=True)

    assert drive.rollout.phase is Phase.PROMOTED


def test_a_share_that_is_held_back_does_not_follow_while_it_is_stopped() -> None:
    drive = Drive()
    steps = drive.rollout.plan.steps
    held_back = replace(drive.rollout.plan, steps=(*steps[:-1], replace(steps[-1], weight=Weight.percent(90))))
    drive.rollout = replace(drive.rollout, plan=held_back)
    drive.until(Weight.percent(90))

    for _ in range(20):
        drive.tick(stopped=True)

    assert (drive.rollout.phase, drive.shares()) == (Phase.PROGRESSING, [Weight.percent(90)])
    assert healthy(drive) is Phase.PROMOTED


def frozen_for(minutes: int, *, after: int) -> FreezeWindow:
    start = START + timedelta(minutes=after)
    end = start + timedelta(minutes=minutes)
    return FreezeWindow.parse(f"{start:%Y-%m-%d %H:%M}-{end:%Y-%m-%d %H:%M} UTC")


def test_a_freeze_holds_an_open_rollout_until_it_is_over() -> None:
    drive = Drive(freeze=(frozen_for(60, after=1),))
    thawed = START + timedelta(minutes=61)
    rose: list[datetime] = []
    while not drive.rollout.phase.is_terminal:
        before, at = drive.rollout.weight, drive.now
        drive.tick(stopped=False)
        if drive.rollout.weight > before:
            rose.append(at)

    assert drive.rollout.phase is Phase.PROMOTED
    assert rose[0] < START + timedelta(minutes=1)
    assert min(rose[1:]) == thawed
    assert drive.kinds.count(EntryKind.HELD) == 1


def test_a_freeze_that_meets_the_gate_keeps_the_candidate_without_traffic() -> None:
    drive = Drive(freeze=(frozen_for(60, after=0),))
    for _ in range(20):
        drive.tick(stopped=False)

    assert (drive.rollout.phase, drive.rollout.weight) == (Phase.GATING, Weight(0))
    assert drive.rollout.held == ("frozen until Sat 2026-11-21 04:00 UTC by '2026-11-21 03:00-2026-11-21 04:00 UTC'")
