"""A rollout driven by arbitrary events: looks, lost writes, stale reads, foreign hands, commands, clocks that jump."""

from dataclasses import replace
from datetime import datetime, timedelta

from canary.core.decision import Decision, Observation, SeenPath, SeenTarget
from canary.core.evidence import Evidence
from canary.core.hooks import Hook, HookReading, HookStage, HookStatus
from canary.core.judge import JudgeSettings
from canary.core.leg import Leg, MetricPath, PathEvidence
from canary.core.model import (
    AlarmReading,
    AlarmState,
    AliasName,
    AliasRouting,
    Counts,
    FunctionName,
    MetricWindow,
    RevisionId,
    RolloutId,
    Target,
    Version,
    Weight,
)
from canary.core.plan import Plan, Step
from canary.core.rollout import Policy, Rollout
from tests.fakes import START

BAKE = timedelta(seconds=60)
PERIOD = MetricPath.EMF.period


def a_target(function: str = "pay") -> Target:
    return Target(function=FunctionName(function), alias=AliasName("live"), stable=Version("1"), canary=Version("2"))


def a_leg(function: str = "pay") -> Leg:
    routing = AliasRouting(stable=Version("1"), revision=RevisionId(f"{function}-0"))
    path = PathEvidence(path=MetricPath.EMF, evidence=Evidence())
    return Leg(target=a_target(function), base=routing, asked=routing, paths=(path,))


def a_rollout(*functions: str, weights: tuple[int, ...] = (10, 50, 100), min_requests: int = 50) -> Rollout:
    steps = tuple(
        Step(weight=Weight.percent(weight), bake=BAKE, min_requests=min_requests, deadline=BAKE * 5)
        for weight in weights
    )
    return Rollout(
        id=RolloutId("r-1"),
        opened_at=START,
        entered_at=START,
        opened_by="test",
        reason="release",
        plan=Plan(strategy="test", steps=steps),
        legs=tuple(a_leg(name) for name in functions or ("pay",)),
        judge=JudgeSettings(),
        policy=Policy(),
        alarms=("guard",),
    )


def a_guarded_rollout(*functions: str) -> Rollout:
    """One that stops for everything that a release may stop for: hooks at every stage, a person after every step."""
    rollout = a_rollout(*functions)
    steps = tuple(replace(step, approval=BAKE * 10) for step in rollout.plan.steps)
    hooks = tuple(Hook(name=f"check-{stage}", stage=stage, run="true") for stage in HookStage)
    return replace(rollout, plan=replace(rollout.plan, steps=steps), hooks=hooks)


class Aliases:
    """The aliases of a rollout as AWS holds them."""

    def __init__(self, rollout: Rollout) -> None:
        self.now = [leg.base for leg in rollout.legs]
        self._names = [leg.target.function for leg in rollout.legs]
        self._writes = 0

    def apply(self, decision: Decision) -> None:
        """Routes that arrive; one whose revision is stale is refused."""
        for route in decision.routes:
            index = self._names.index(route.function)
            if self.now[index].revision == route.routing.revision:
                self.overwrite(index, route.routing)

    def overwrite(self, index: int, routing: AliasRouting) -> None:
        self._writes += 1
        self.now[index] = replace(routing, revision=RevisionId(f"w-{self._writes}"))


def windows(rollout: Rollout, until: datetime, *, rate: int = 10, bad: int = 0) -> tuple[SeenPath, ...]:
    """Ten-second periods since the first shift up to `until`, each with `rate` requests a second for either version."""
    if rollout.first_shift_at is None:
        return ()
    first = rollout.legs[0].paths[0].evidence.reread_from() or rollout.first_shift_at
    start = datetime.fromtimestamp(int(first.timestamp()) // 10 * 10, tz=first.tzinfo)
    made = []
    while start + PERIOD <= until:
        each = Counts(requests=rate * 10)
        made.append(MetricWindow(start=start, period=PERIOD, stable=each, canary=replace(each, errors=bad)))
        start += PERIOD
    return (SeenPath(path=MetricPath.EMF, windows=tuple(made)),)


def look(
    rollout: Rollout,
    aliases: Aliases,
    now: datetime,
    *,
    alarm: AlarmState = AlarmState.OK,
    rate: int = 10,
    blind: str | None = None,
    hooks: HookStatus = HookStatus.SUCCEEDED,
    stopped: str | None = None,
) -> Observation:
    """What one look shows: the aliases as they are, traffic at `rate`, one alarm, one answer of all hooks due."""
    paths = windows(rollout, now, rate=rate) if blind is None else ()
    return Observation(
        observed_at=now,
        targets=tuple(SeenTarget(routing=routing, paths=paths) for routing in aliases.now),
        alarms=(AlarmReading(name="guard", state=alarm),) if blind is None else (),
        hooks=tuple(HookReading(key=key, status=hooks, started_at=now) for key, _ in rollout.due_hooks()),
        blind=blind,
        stopped=stopped,
    )
