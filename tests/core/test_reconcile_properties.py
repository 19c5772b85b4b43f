"""The twelve properties that define `reconcile` (docs/architecture.md), on rollouts driven by arbitrary events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from canary.core.commands import (
    order_abort,
    order_approval,
    order_pause,
    order_promotion,
    order_resumption,
    order_skip,
)
from canary.core.decision import Decision, Observation
from canary.core.errors import RolloutConflict
from canary.core.hooks import HookStatus
from canary.core.ledger import EntryKind
from canary.core.model import ALL_TRAFFIC, NO_TRAFFIC, AlarmState, AliasRouting, Phase, RevisionId, Version, Weight
from canary.core.reconcile import reconcile
from canary.core.rollout import OnSilence, Rollout
from tests.fakes import START
from tests.rollouts import BAKE, Aliases, a_guarded_rollout, a_rollout, look

TICK = timedelta(seconds=10)


def run(rollout: Rollout, ticks: int, *, alarm_at: int | None = None, rate: int = 10) -> tuple[Rollout, Aliases, int]:
    """The rollout after some well-behaved ticks, with an alarm from one of them on."""
    aliases = Aliases(rollout)
    for index in range(ticks):
        alarm = AlarmState.ALARM if alarm_at is not None and index >= alarm_at else AlarmState.OK
        now = START + index * TICK
        decision = reconcile(rollout, look(rollout, aliases, now, alarm=alarm, rate=rate), now)
        rollout = decision.rollout
        aliases.apply(decision)
    return rollout, aliases, ticks


stages = st.integers(0, 40)

Command = Callable[..., Decision]
COMMANDS: tuple[Command, ...] = (
    order_abort,
    order_pause,
    order_resumption,
    partial(order_promotion, full=False),
    partial(order_promotion, full=True),
    order_skip,
    order_approval,
)


def _ordered(order: Command, rollout: Rollout, now: datetime) -> Rollout:
    """The rollout after a person's command; unchanged where it is refused."""
    try:
        return order(rollout, by="amy", why="because", now=now).rollout
    except RolloutConflict:
        return rollout


@given(stages)
def test_1_it_is_deterministic_and_leaves_its_arguments_alone(ticks: int) -> None:
    rollout, aliases, _ = run(a_rollout(), ticks)
    now = START + ticks * TICK
    seen = look(rollout, aliases, now)
    before = (repr(rollout), repr(seen))

    assert reconcile(rollout, seen, now) == reconcile(rollout, seen, now)
    assert (repr(rollout), repr(seen)) == before


@given(stages, st.sampled_from([AlarmState.OK, AlarmState.ALARM]))
def test_2_its_own_result_seen_as_it_wished_changes_nothing(ticks: int, alarm: AlarmState) -> None:
    rollout, aliases, _ = run(a_rollout(), ticks)
    now = START + ticks * TICK
    for _ in range(4):  # one instant can hold a few decisions in a row (asked, seen, ended), but not for ever
        decision = reconcile(rollout, look(rollout, aliases, now, alarm=alarm), now)
        aliases.apply(decision)
        rollout = decision.rollout

    again = reconcile(rollout, look(rollout, aliases, now, alarm=alarm), now)

    assert (again.rollout, again.routes, again.entries) == (rollout, (), ())


@given(
    st.sampled_from([phase for phase in Phase if phase.is_terminal]),
    st.sampled_from(list(AlarmState)),
    st.sampled_from(list(HookStatus)),
    st.sampled_from([None, "no answer"]),
    st.integers(0, 100),
)
def test_3_terminal_phases_absorb_everything(
    phase: Phase, alarm: AlarmState, hooks: HookStatus, trouble: str | None, percent: int
) -> None:
    rollout = a_guarded_rollout().entered(phase, at=START)
    aliases = Aliases(rollout)
    aliases.overwrite(0, AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(percent)))
    seen = look(rollout, aliases, START, alarm=alarm, hooks=hooks, blind=trouble, stopped=trouble)

    decision = reconcile(rollout, seen, START)

    assert decision == Decision(rollout=rollout, requeue_after=timedelta(0))
    assert all(_ordered(order, rollout, START) == rollout for order in COMMANDS)


@given(
    stages,
    st.sampled_from([a_rollout, a_guarded_rollout]),
    st.lists(st.sampled_from(COMMANDS), max_size=2),
    st.sampled_from([None, "stopped by amy"]),
    st.sampled_from(list(HookStatus)),
)
def test_4_a_failed_verdict_takes_the_weight_in_the_same_decision(
    ticks: int, kind: Callable[..., Rollout], orders: list[Command], stopped: str | None, hooks: HookStatus
) -> None:
    rollout, aliases, _ = run(kind("pay", "ship"), ticks)
    now = START + ticks * TICK
    for order in orders:
        rollout = _ordered(order, rollout, now)
    assume(not rollout.phase.is_terminal)

    seen = look(rollout, aliases, now, alarm=AlarmState.ALARM, stopped=stopped, hooks=hooks)
    decision = reconcile(rollout, seen, now)
    aliases.apply(decision)

    assert decision.rollout.weight == NO_TRAFFIC
    assert decision.route_first or not decision.routes
    assert all(routing.shares() == {"1": Weight.percent(100)} for routing in aliases.now)


@given(stages, st.sampled_from(["no traffic", "blind"]))
def test_5_no_evidence_never_raises_a_weight_and_never_promotes(ticks: int, lack: str) -> None:
    rollout, aliases, _ = run(a_rollout(), ticks)
    assume(rollout.phase is Phase.PROGRESSING)
    assume(lack == "blind" or rollout.legs[0].requests_in_step() < rollout.step.min_requests)
    highest = rollout.weight
    for index in range(ticks, ticks + 60):
        now = START + index * TICK
        seen = look(rollout, aliases, now, rate=0, blind="no answer" if lack == "blind" else None)
        decision = reconcile(rollout, seen, now)
        aliases.apply(decision)
        rollout = decision.rollout
        assert rollout.weight <= highest
        assert rollout.phase not in (Phase.PROMOTING, Phase.PROMOTED)

    assert rollout.phase is Phase.ROLLED_BACK


@given(st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True), stages)
def test_6_the_weight_takes_every_step_in_order_and_no_other(weights: list[int], ticks: int) -> None:
    plan = (*sorted(weights), 100)
    rollout = a_rollout(weights=plan)
    aliases, taken = Aliases(rollout), [rollout.weight]
    for index in range(ticks):
        now = START + index * TICK
        decision = reconcile(rollout, look(rollout, aliases, now), now)
        aliases.apply(decision)
        rollout = decision.rollout
        taken.append(rollout.weight)
        assert all(routing.weight <= max(rollout.weight, taken[-2]) for routing in aliases.now)

    distinct = [weight for weight, before in zip(taken[1:], taken, strict=False) if weight != before]
    assert distinct == [Weight.percent(percent) for percent in plan[: len(distinct)]]


@given(st.integers(0, 12))
def test_7_bake_time_counts_from_the_first_sight_of_the_weight(lost_writes: int) -> None:
    rollout = a_rollout()
    aliases = Aliases(rollout)
    seen_at, shifted_at, index = None, None, 0
    while shifted_at is None:
        now = START + index * TICK
        decision = reconcile(rollout, look(rollout, aliases, now), now)
        if not (rollout.phase in (Phase.GATING, Phase.PROGRESSING) and lost_writes > 0 and decision.routes):
            aliases.apply(decision)
        else:
            lost_writes -= 1
        if seen_at is None and aliases.now[0].weight == Weight.percent(10):
            seen_at = now
        rollout = decision.rollout
        shifted_at = now if rollout.weight == Weight.percent(50) else None
        index += 1

    assert seen_at is not None
    assert BAKE <= shifted_at - seen_at <= BAKE + 2 * TICK


@given(st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True))
def test_8_with_passing_evidence_every_plan_ends_in_its_bakes_and_two_looks_a_step(weights: list[int]) -> None:
    plan = (*sorted(weights), 100)
    looks = sum(2 + BAKE // TICK for _ in plan) + 4

    rollout, _, _ = run(a_rollout(weights=plan), looks)

    assert rollout.phase is Phase.PROMOTED


@given(st.integers(0, 45), st.integers(0, 45))
def test_9_every_change_of_phase_or_weight_has_exactly_one_entry(ticks: int, alarm_at: int) -> None:
    rollout = a_rollout("pay", "ship")
    aliases = Aliases(rollout)
    for index in range(ticks):
        now = START + index * TICK
        alarm = AlarmState.ALARM if index >= alarm_at else AlarmState.OK
        decision = reconcile(rollout, look(rollout, aliases, now, alarm=alarm), now)
        telling = [entry for entry in decision.entries if entry.kind not in (EntryKind.VERDICT, EntryKind.REACHED)]
        moved = (rollout.phase, rollout.weight) != (decision.rollout.phase, decision.rollout.weight)
        assert len(telling) == moved
        assert all(entry.reason for entry in decision.entries)
        assert [entry.number for entry in decision.entries] == [*range(rollout.entries, decision.rollout.entries)]
        aliases.apply(decision)
        rollout = decision.rollout


@given(stages, st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
def test_10_a_clock_that_goes_backwards_changes_nothing(ticks: int, back: timedelta) -> None:
    rollout, aliases, _ = run(a_rollout(), ticks)
    now = START + ticks * TICK
    for _ in range(4):
        decision = reconcile(rollout, look(rollout, aliases, now), now)
        aliases.apply(decision)
        rollout = decision.rollout
    seen = replace(look(rollout, aliases, now), observed_at=now - back)

    decision = reconcile(rollout, seen, now - back)

    assert (decision.rollout, decision.routes) == (rollout, ())


@given(st.integers(0, 45), st.integers(0, 45))
def test_11_all_targets_carry_the_same_weight_or_are_on_their_way_to_it(ticks: int, alarm_at: int) -> None:
    names = ["pay", "ship", "book"]
    rollout = a_rollout(*names)
    aliases = Aliases(rollout)
    for index in range(ticks):
        alarm = AlarmState.ALARM if index >= alarm_at else AlarmState.OK
        now = START + index * TICK
        decision = reconcile(rollout, look(rollout, aliases, now, alarm=alarm), now)
        if decision.routes:
            assert [route.function for route in decision.routes] == (names[::-1] if decision.route_first else names)
        rollout = decision.rollout
        aliases.apply(decision)
        assert len({(routing.stable, routing.canary, routing.weight) for routing in aliases.now}) == 1


@given(stages, st.sampled_from([0, 1, 5]))
def test_12_a_weight_that_somebody_else_lowered_is_never_raised_again(ticks: int, percent: int) -> None:
    rollout, aliases, _ = run(a_rollout(), ticks)
    if rollout.phase.is_terminal or aliases.now[0].weight <= Weight.percent(percent):
        return
    canary = Version("2") if percent else None
    aliases.overwrite(0, AliasRouting(stable=Version("1"), canary=canary, weight=Weight.percent(percent)))
    for index in range(ticks, ticks + 60):
        now = START + index * TICK
        decision = reconcile(rollout, look(rollout, aliases, now), now)
        assert all(route.routing.weight == NO_TRAFFIC and route.routing.stable == "1" for route in decision.routes)
        aliases.apply(decision)
        rollout = decision.rollout

    assert rollout.phase is Phase.ABORTED


class ArbitraryRollout(RuleBasedStateMachine):
    """Looks, lost and late writes, stale answers, foreign hands, commands and jumping clocks in any order."""

    @initialize(
        functions=st.sampled_from([("pay",), ("pay", "ship")]),
        kind=st.sampled_from([a_rollout, a_guarded_rollout]),
        silence=st.sampled_from(list(OnSilence)),
    )
    def open(self, functions: tuple[str, ...], kind: Callable[..., Rollout], silence: OnSilence) -> None:
        self.rollout = kind(*functions)
        self.rollout = replace(self.rollout, policy=replace(self.rollout.policy, on_silence=silence))
        self.aliases = Aliases(self.rollout)
        self.now = START
        self.pending: list[Decision] = []
        self.past: list[Observation] = []
        self.failed = False
        self.lowered = False
        self.by_hand = RevisionId("")

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(
        alarm=st.sampled_from([AlarmState.OK, AlarmState.OK, AlarmState.OK, AlarmState.ALARM]),
        rate=st.sampled_from([0, 10, 10, 10]),
        arrives=st.booleans(),
        hooks=st.sampled_from([HookStatus.SUCCEEDED, HookStatus.SUCCEEDED, HookStatus.IN_PROGRESS, HookStatus.FAILED]),
        stopped=st.sampled_from([None, None, None, "stopped by amy"]),
    )
    def look_and_act(
        self,
        alarm: AlarmState,
        rate: int,
        arrives: bool,  # noqa: FBT001
        hooks: HookStatus,
        stopped: str | None,
    ) -> None:
        seen = look(self.rollout, self.aliases, self.now, alarm=alarm, rate=rate, hooks=hooks, stopped=stopped)
        self.past.append(seen)
        refused = hooks is HookStatus.FAILED and bool(self.rollout.due_hooks()) and not self.lowered
        self._decide(seen, arrives=arrives, failing=alarm is AlarmState.ALARM or refused, stopped=stopped)

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def look_through_stale_eyes(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.past))
        fresh = look(self.rollout, self.aliases, self.now)
        stale = [replace(new, routing=known.routing) for new, known in zip(fresh.targets, old.targets, strict=True)]
        self._decide(replace(fresh, targets=tuple(stale)), arrives=True, failing=False, stopped=None)

    @rule()
    def a_late_write_arrives(self) -> None:
        for decision in self.pending:
            self.aliases.apply(decision)
        self.pending.clear()

    @precondition(lambda self: not self.rollout.phase.is_terminal)
    @rule(percent=st.sampled_from([0, 3, 30]))
    def somebody_else_writes(self, percent: int) -> None:
        before = self.aliases.now[0]
        canary = Version("2") if percent else None
        self.aliases.overwrite(0, AliasRouting(stable=Version("1"), canary=canary, weight=Weight.percent(percent)))
        self.by_hand = self.aliases.now[0].revision
        lowers = before.weight > Weight.percent(percent)
        self.lowered = (self.lowered or lowers) and not self.rollout.legs[0].has_arrived(self.aliases.now[0])

    @rule(which=st.sampled_from(COMMANDS))
    def a_person_orders(self, which: Command) -> None:
        self.rollout = _ordered(which, self.rollout, self.now)

    def _decide(self, seen: Observation, *, arrives: bool, failing: bool, stopped: str | None) -> None:
        before, weights = self.rollout, [routing.weight for routing in self.aliases.now]
        decision = reconcile(before, seen, self.now)
        if before.phase.is_terminal:
            assert decision.rollout == before
        elif failing:
            assert decision.rollout.weight == NO_TRAFFIC
            self.failed = self.failed or before.phase is not Phase.ROLLING_BACK
        self.rollout = decision.rollout
        if arrives:
            self.aliases.apply(decision)
            raised = [new.weight > old for new, old in zip(self.aliases.now, weights, strict=True)]
            assert not (self.failed and any(raised)), "a weight rose after it had failed"
            assert not (self.lowered and raised[0]), "a weight rose that somebody else had lowered"
            assert not (stopped and any(raised)), "a weight rose while all rollouts were stopped"
        else:
            self.pending.append(decision)

    @invariant()
    def a_failure_is_never_unlearnt(self) -> None:
        assert not self.failed or self.rollout.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED)

    @invariant()
    def the_weight_is_the_step_s_or_none(self) -> None:
        is_promoted = self.rollout.phase in (Phase.PROMOTING, Phase.PROMOTED)
        assert self.rollout.weight in ((ALL_TRAFFIC,) if is_promoted else (NO_TRAFFIC, self.rollout.step.weight))

    def teardown(self) -> None:
        """Left alone with a healthy fleet, whatever happened before, the rollout ends and leaves no split of ours."""
        if not hasattr(self, "rollout"):
            return
        for _ in range(400):
            if self.rollout.phase.is_terminal:
                break
            decision = reconcile(self.rollout, look(self.rollout, self.aliases, self.now), self.now)
            self.aliases.apply(decision)
            self.rollout = decision.rollout
            if self.rollout.phase is Phase.PAUSED:
                self.rollout = order_abort(self.rollout, by="amy", why="done", now=self.now).rollout
            self.now += TICK
        assert self.rollout.phase.is_terminal
        ours = [routing for routing in self.aliases.now if routing.revision != self.by_hand]
        assert self.rollout.phase is Phase.PROMOTED or not any(routing.is_split() for routing in ours)


TestArbitraryRollout = ArbitraryRollout.TestCase
TestArbitraryRollout.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
