"""Our product in the simulation: the real `reconcile`, and through it the real judge, tick by tick.

Only the world is simulated: an alias that shows a write ten seconds after it was decided, counts by version that can be
read ten seconds (one-second metrics) and sixty seconds (standard metrics) after their period has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bench.detection.plans import Recipe
from bench.detection.scenarios import SLOT_S
from bench.detection.traffic import Served, Service, bad
from canary.core.decision import Observation, SeenPath, SeenTarget
from canary.core.evidence import Evidence, added
from canary.core.judge import JudgeSettings
from canary.core.leg import Leg, MetricPath, PathEvidence
from canary.core.model import (
    FULL_BASIS_POINTS,
    AliasName,
    AliasRouting,
    FunctionName,
    Metric,
    MetricWindow,
    Phase,
    RevisionId,
    RolloutId,
    Target,
    Version,
)
from canary.core.reconcile import reconcile
from canary.core.rollout import Policy, Rollout

START = datetime(2026, 1, 1, tzinfo=UTC)
VISIBLE_AFTER_S = {MetricPath.EMF: 10, MetricPath.LAMBDA: 60}
REACTION_SLOTS = 1
FIRST_SLOT = -6
"""The simulated metrics begin a minute before the canary's first request ..."""
OPENED_SLOT = -2
"""... and the rollout two ticks before it: one opens the gate, one asks for the first weight."""
SLOTS_A_MINUTE = 6

TARGET = Target(function=FunctionName("pay"), alias=AliasName("live"), stable=Version("1"), canary=Version("2"))


class Ending(StrEnum):
    """How a rollout ended."""

    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PROMOTED = "promoted"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: how it ended, how long after the canary's first slot its traffic did, what the canary served until then.

    For a promoted release the time and the counts are those five minutes after it served everything.
    """

    ending: Ending
    seconds: int
    bad: int
    requests: int


def release(
    recipe: Recipe, service: Service, metric: Metric, settings: JudgeSettings, paths: Sequence[MetricPath]
) -> Outcome:
    """One release from its first look to its end."""
    world = _World(service)
    rollout = _opened(recipe, settings, paths)
    slot, served = FIRST_SLOT, added()
    while True:
        now = START + timedelta(seconds=slot * SLOT_S)
        if slot >= OPENED_SLOT and not rollout.phase.is_terminal:
            decision = reconcile(rollout, world.look(rollout, now, slot), now)
            rollout = decision.rollout
            for route in decision.routes:
                world.write(slot, route.routing)
        if ending := _ending(rollout, world, recipe, slot):
            return Outcome(ending, slot * SLOT_S, bad(served, metric), served.requests)
        served = added(served, world.pass_slot(slot).canary)
        slot += 1


def _ending(rollout: Rollout, world: "_World", recipe: Recipe, slot: int) -> Ending | None:
    if slot > recipe.longest_slots:
        return Ending.UNFINISHED
    if rollout.phase in (Phase.ROLLED_BACK, Phase.ABORTED) and world.weight(slot) == 0:
        return Ending.FAILED if _is_failed(rollout) else Ending.INCONCLUSIVE
    if rollout.phase is Phase.PROMOTED and slot - world.full_since(slot) >= recipe.horizon_slots:
        return Ending.PROMOTED
    return None


def _is_failed(rollout: Rollout) -> bool:
    return any(path.evidence.failed is not None for leg in rollout.legs for path in leg.paths)


def _opened(recipe: Recipe, settings: JudgeSettings, paths: Sequence[MetricPath]) -> Rollout:
    routing = AliasRouting(stable=TARGET.stable, revision=RevisionId("0"))
    known = tuple(PathEvidence(path=path, evidence=Evidence()) for path in paths)
    opened_at = START + timedelta(seconds=OPENED_SLOT * SLOT_S)
    return Rollout(
        id=RolloutId("simulated"),
        opened_at=opened_at,
        entered_at=opened_at,
        opened_by="bench",
        reason="",
        plan=recipe.plan,
        legs=(Leg(target=TARGET, base=routing, asked=routing, paths=known),),
        judge=settings,
        policy=Policy(),
    )


class _World:
    """The alias and the metrics, as far as the controller can see them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._routings = [(FIRST_SLOT, AliasRouting(stable=TARGET.stable, revision=RevisionId("0")))]
        self._slots: list[MetricWindow] = []
        self._minutes: list[MetricWindow] = []

    def write(self, slot: int, routing: AliasRouting) -> None:
        """An alias write, decided in this slot and in force after the reaction time."""
        if routing.revision == self._routings[-1][1].revision:
            written = replace(routing, revision=RevisionId(str(len(self._routings))))
            self._routings.append((slot + REACTION_SLOTS, written))

    def weight(self, slot: int) -> float:
        """The canary's share of the traffic."""
        weight = self._routing(slot).shares().get(TARGET.canary)
        return 0.0 if weight is None else weight.basis_points / FULL_BASIS_POINTS

    def full_since(self, slot: int) -> int:
        """The slot from which on the canary has served everything."""
        since = slot
        for start, routing in reversed(self._routings):
            if TARGET.stable in routing.shares():
                break
            since = start
        return since

    def pass_slot(self, slot: int) -> Served:
        """Serves one slot and keeps its counts."""
        served = self._service.serve(max(0, slot), self.weight(slot))
        start = START + timedelta(seconds=slot * SLOT_S)
        self._slots.append(_window(start, MetricPath.EMF, [served]))
        if (slot + 1) % SLOTS_A_MINUTE == 0:
            lately = [Served(window.stable, window.canary) for window in self._slots[-SLOTS_A_MINUTE:]]
            self._minutes.append(_window(self._slots[-SLOTS_A_MINUTE].start, MetricPath.LAMBDA, lately))
        return served

    def look(self, rollout: Rollout, now: datetime, slot: int) -> Observation:
        """What the controller sees: the alias as it is, and every period that can be read by now."""
        paths: list[SeenPath] = []
        first = rollout.first_shift_at
        for known in rollout.legs[0].paths if first is not None else ():
            since = known.evidence.reread_from() or first or now
            kept = self._slots if known.path is MetricPath.EMF else self._minutes
            visible = now - timedelta(seconds=VISIBLE_AFTER_S[known.path])
            windows = [window for window in kept[-60:] if window.end > since and window.end <= visible]
            paths.append(SeenPath(path=known.path, windows=tuple(windows)))
        target = SeenTarget(routing=self._routing(slot), paths=tuple(paths))
        return Observation(observed_at=now, targets=(target,))

    def _routing(self, slot: int) -> AliasRouting:
        return next(routing for start, routing in reversed(self._routings) if start <= slot)


def _window(start: datetime, path: MetricPath, served: Sequence[Served]) -> MetricWindow:
    return MetricWindow(
        start=start,
        period=path.period,
        stable=added(*(each.stable for each in served)),
        canary=added(*(each.canary for each in served)),
    )
