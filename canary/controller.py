"""tick(): load, observe, reconcile, commit, route; watch(): tick until the rollout has ended.

Crash anywhere between two stages and the next tick mends it: it observes what is there, whoever put it there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from canary.core.decision import Decision, Observation, Route, SeenPath, SeenTarget
from canary.core.errors import AccessDenied, CanaryError, ConfigError, StaleWrite, Unavailable
from canary.core.leg import Leg
from canary.core.model import AlarmReading, AliasName, AliasRouting, RolloutId
from canary.core.reconcile import reconcile
from canary.core.rollout import Rollout
from canary.ports import (
    AlarmSource,
    Clock,
    HookRunner,
    MetricSource,
    RecordedWindows,
    RolloutStore,
    TrafficRouter,
    WindowQuery,
)

RETRY_AFTER = timedelta(seconds=2)
"""How soon to look again when AWS did not answer or somebody else wrote first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside of the controller, by role."""

    router: TrafficRouter
    metrics: MetricSource
    alarms: AlarmSource
    store: RolloutStore
    hooks: HookRunner
    clock: Clock


class Command(Protocol):
    """One of `canary.core.commands`, with everything but the rollout and the time filled in."""

    def __call__(self, rollout: Rollout, *, now: datetime) -> Decision:
        """What the command decides."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one tick saw and decided; `trouble` says what AWS refused, where it did."""

    decision: Decision
    seen: Observation | None = None
    trouble: CanaryError | None = None


class Controller:
    """Moves rollouts on. Holds no state that a crash could lose: the last rollout seen is kept only as a brake."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[RolloutId, Rollout] = {}

    def tick(self, rollout_id: RolloutId) -> Tick:
        """One pass over one rollout: observe, judge, reconcile, commit, route.

        Raises:
            ConfigError: no such rollout.
            Unavailable: the store did not answer and this process has never seen the rollout.
        """
        rollout, blocked = self._load(rollout_id)
        try:
            seen = observe(self._world, rollout)
        except (Unavailable, StaleWrite) as trouble:
            return Tick(decision=_wait(rollout), trouble=trouble)
        decision = reconcile(rollout, seen, seen.observed_at)
        if blocked is not None and not decision.route_first:
            return Tick(decision=_wait(rollout), seen=seen, trouble=blocked)
        return self._act(rollout, seen, decision)

    def watch(self, rollout_id: RolloutId, on_tick: Callable[[Tick], None]) -> Rollout:
        """Ticks until the rollout has ended, and returns how it ended."""
        while True:
            tick = self.tick(rollout_id)
            on_tick(tick)
            if tick.decision.rollout.phase.is_terminal and tick.trouble is None:
                return tick.decision.rollout
            self._world.clock.sleep(RETRY_AFTER if tick.trouble is not None else tick.decision.requeue_after)

    def order(self, rollout_id: RolloutId, command: Command) -> Rollout:
        """The rollout after a person's command; a controller that commits at the same moment is outrun by trying again.

        Raises:
            ConfigError: no such rollout.
            RolloutConflict: the command makes no sense where the rollout stands.
        """
        while True:
            rollout, blocked = self._load(rollout_id)
            if blocked is not None:
                raise blocked
            decision = command(rollout, now=self._world.clock.now())
            try:
                return self._commit(rollout, decision, ()).rollout
            except StaleWrite:
                continue

    def _load(self, rollout_id: RolloutId) -> tuple[Rollout, Unavailable | None]:
        """The stored state; while the store does not answer, the last one known, good for braking only."""
        try:
            rollout = self._world.store.load_rollout(rollout_id)
        except Unavailable as trouble:
            if rollout_id not in self._known:
                raise
            return self._known[rollout_id], trouble
        if rollout is None:
            raise ConfigError(f"there is no rollout {rollout_id}; canary history lists those there were")
        known = self._known.get(rollout_id)
        if (
            known is not None
            and known.failure is not None
            and rollout.failure is None
            and not rollout.phase.is_terminal
        ):
            rollout = replace(rollout, failure=known.failure)  # latched, though the store missed it
        self._known[rollout_id] = rollout
        return rollout, None

    def _act(self, rollout: Rollout, seen: Observation, decision: Decision) -> Tick:
        """Forward: commit, then route, so that no weight rises unrecorded. Back: route, whatever the store says."""
        trouble: CanaryError | None = None
        if decision.route_first:
            trouble = self._route(decision.routes)
        try:
            committed = self._commit(rollout, decision, _recorded(rollout, seen))
        except (Unavailable, StaleWrite) as refused:
            self._known[rollout.id] = replace(rollout, failure=decision.rollout.failure)
            return Tick(decision=decision, seen=seen, trouble=refused)
        if not decision.route_first:
            trouble = self._route(decision.routes)
        self._clean_up(committed.rollout)
        return Tick(decision=committed, seen=seen, trouble=trouble)

    def _commit(self, rollout: Rollout, decision: Decision, recorded: tuple[RecordedWindows, ...]) -> Decision:
        if decision.rollout == rollout:
            return decision
        numbered = replace(decision.rollout, number=rollout.number + 1)
        self._world.store.commit(numbered, decision.entries, recorded)
        self._known[rollout.id] = numbered
        return replace(decision, rollout=numbered)

    def _route(self, routes: tuple[Route, ...]) -> CanaryError | None:
        """Writes every route, also when one is refused; the last refusal is told."""
        trouble: CanaryError | None = None
        for route in routes:
            try:
                self._world.router.write_routing(route.function, route.alias, route.routing)
            except CanaryError as refused:
                trouble = refused
        return trouble

    def _clean_up(self, rollout: Rollout) -> None:
        """A rollout that has ended leaves no guard alarms behind; one that stays behind is harmless."""
        if rollout.phase.is_terminal and rollout.guards:
            try:
                self._world.alarms.remove_guards(rollout.guards)
            except CanaryError:
                return


def observe(world: World, rollout: Rollout) -> Observation:
    """Everything that can be seen now. Routing must be readable; metrics and alarms that are not make it blind.

    Raises:
        Unavailable: an alias could not be read.
    """
    now = world.clock.now()
    routings = [
        (_routing(world, leg, leg.target.alias), _routing(world, leg, leg.target.preview_alias)) for leg in rollout.legs
    ]
    windows, alarms, blind = _measure(world, rollout)
    return Observation(
        observed_at=now,
        targets=tuple(
            SeenTarget(routing=routing, preview=preview, paths=paths)
            for (routing, preview), paths in zip(routings, windows, strict=True)
        ),
        alarms=alarms,
        hooks=world.hooks.poll(rollout.due_hooks(), rollout),
        blind=blind,
    )


def _routing(world: World, leg: Leg, alias: AliasName | None) -> AliasRouting | None:
    return None if alias is None else world.router.read_routing(leg.target.function, alias)


def _measure(
    world: World, rollout: Rollout
) -> tuple[tuple[tuple[SeenPath, ...], ...], tuple[AlarmReading, ...], str | None]:
    """The windows of every leg, the alarms, and why they could not be read, where they could not."""
    nothing: tuple[tuple[SeenPath, ...], ...] = tuple(() for _ in rollout.legs)
    try:
        alarms = world.alarms.read_alarms((*rollout.alarms, *rollout.guards))
        return _windows(world, rollout), alarms, None
    except (Unavailable, AccessDenied) as trouble:
        return nothing, (), f"metrics or alarms could not be read: {trouble}"


def _windows(world: World, rollout: Rollout) -> tuple[tuple[SeenPath, ...], ...]:
    """One batched read for all targets and paths; nothing before production traffic was shifted."""
    first = rollout.first_shift_at
    if first is None:
        return tuple(() for _ in rollout.legs)
    queries = [
        WindowQuery(target=leg.target, path=known.path, since=known.evidence.reread_from() or first)
        for leg in rollout.legs
        for known in leg.paths
    ]
    read = iter(world.metrics.read_windows(queries, world.clock.now()))
    return tuple(tuple(SeenPath(path=known.path, windows=next(read)) for known in leg.paths) for leg in rollout.legs)


def _recorded(rollout: Rollout, seen: Observation) -> tuple[RecordedWindows, ...]:
    """What this look showed that the stored state does not know: new periods and revised ones."""
    recorded = (
        RecordedWindows(
            resource=leg.target.resource,
            path=path.path,
            windows=tuple(window for window in path.windows if window not in known.evidence.recent),
        )
        for leg, target in zip(rollout.legs, seen.targets, strict=True)
        for path, known in zip(target.paths, leg.paths, strict=False)
    )
    return tuple(record for record in recorded if record.windows)


def _wait(rollout: Rollout) -> Decision:
    return Decision(rollout=rollout, requeue_after=RETRY_AFTER)
