"""tick(): load, observe, reconcile, commit, route; watch(): tick until the rollout has ended.

Crash anywhere between two stages and the next tick mends it: it observes what is there, whoever put it there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from canary.core.aftermath import settle_hooks
from canary.core.commands import order_undo
from canary.core.decision import Decision, Observation, Route
from canary.core.errors import CanaryError, ConfigError, RolloutConflict, StaleWrite, Unavailable
from canary.core.model import AliasRouting, RolloutId, Target, Version
from canary.core.reconcile import reconcile
from canary.core.rollout import Rollout
from canary.observing import observe, read_stop
from canary.ports import RecordedWindows, World

RETRY_AFTER = timedelta(seconds=2)
"""How soon to look again when AWS did not answer or somebody else wrote first."""


LEASE_TICKS = 3
"""For how many ticks a controller that has died keeps others from moving its rollout forward."""


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

    def __init__(self, world: World, owner: str) -> None:
        """`owner` names this process in leases; no two controllers may share it."""
        self._world = world
        self._owner = owner
        self._known: dict[RolloutId, Rollout] = {}
        self._ended: set[RolloutId] = set()

    def tick(self, rollout_id: RolloutId) -> Tick:
        """One pass over one rollout: observe, judge, reconcile, commit, route.

        Raises:
            ConfigError: no such rollout.
            Unavailable: the store did not answer and this process has never seen the rollout.
        """
        (tick,) = self.tick_all([rollout_id])
        return tick

    def tick_all(self, rollout_ids: Sequence[RolloutId]) -> tuple[Tick, ...]:
        """One pass over many rollouts, with their metrics and alarms read in batches.

        Raises:
            ConfigError: one of them does not exist.
            Unavailable: the store did not answer and this process has never seen one of them.
        """
        loaded = [self._load(rollout_id) for rollout_id in rollout_ids]
        answers = all(blocked is None for _, blocked in loaded)
        stopped = read_stop(self._world) if answers else "the store of rollouts does not answer"
        looks = observe(self._world, [rollout for rollout, _ in loaded], stopped=stopped)
        return tuple(
            self._decide(rollout, seen, blocked) for (rollout, blocked), seen in zip(loaded, looks, strict=True)
        )

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

    def undo(self, rollout_id: RolloutId, *, to: Version | None, by: str, why: str) -> Rollout:
        """The promoted rollout, taken back: one alias flip a target, last first, to the version before (or `to`).

        Raises:
            ConfigError: no such rollout or version.
            RolloutConflict: it was not promoted, was undone already, or an alias has moved on since.
        """
        rollout, blocked = self._load(rollout_id)
        if blocked is not None:
            raise blocked
        told = f"version {to}" if to is not None else "the version before"
        decision = order_undo(rollout, to=told, by=by, why=why, now=self._world.clock.now())
        for route in [self._way_back(leg.target, to) for leg in reversed(rollout.legs)]:
            self._world.router.write_routing(route.function, route.alias, route.routing)
        return self._commit(rollout, decision, ()).rollout

    def _way_back(self, target: Target, to: Version | None) -> Route:
        """The flip of one alias, once it is sure that the version to go back to can serve."""
        back = to if to is not None else target.stable
        holder = self._world.store.find_open(target.function, target.alias)
        if holder is not None:
            raise RolloutConflict(f"alias {target.resource} is taken by rollout {holder}; abort that first")
        routing = self._world.router.read_routing(target.function, target.alias)
        if routing is None or not routing.is_same_split(AliasRouting(stable=target.canary)):
            raise RolloutConflict(f"alias {target.resource} has moved on: it serves {routing}; release what you want")
        facts = self._world.router.find_version(target.function, back)
        if facts is None or facts.state not in ("Active", "Inactive"):
            raise ConfigError(f"version {back} of {target.function} cannot serve; name another with --to")
        return Route(
            function=target.function, alias=target.alias, routing=AliasRouting(stable=back, revision=routing.revision)
        )

    def _load(self, rollout_id: RolloutId) -> tuple[Rollout, Unavailable | None]:
        """The stored state; while the store does not answer, the last one known, good for braking only."""
        known = self._known.get(rollout_id)
        try:
            stored = self._world.store.load_rollout(rollout_id)
        except Unavailable as trouble:
            if known is None:
                raise
            return known, trouble
        if stored is None:
            raise ConfigError(f"there is no rollout {rollout_id}; canary history lists those there were")
        self._known[rollout_id] = _latched(stored, known)
        return self._known[rollout_id], None

    def _decide(self, rollout: Rollout, seen: Observation | CanaryError, blocked: Unavailable | None) -> Tick:
        if isinstance(seen, CanaryError):
            return Tick(decision=_wait(rollout), trouble=seen)
        decision = reconcile(rollout, seen, seen.observed_at)
        if blocked is not None and not decision.route_first:
            return Tick(decision=_wait(rollout), seen=seen, trouble=blocked)
        if _is_idle(rollout, decision) or self._may_act(rollout, decision):
            return self._act(rollout, seen, decision)
        return Tick(decision=_wait(rollout), seen=seen)

    def _may_act(self, rollout: Rollout, decision: Decision) -> bool:
        """Of several controllers one moves a rollout forward: the one with its lease. Any may take it back.

        The fencing token is the state's number: who commits over another's state is refused.
        """
        if decision.route_first:
            return True
        now = self._world.clock.now()
        try:
            return self._world.store.take_lease(rollout.id, self._owner, now, now + LEASE_TICKS * rollout.policy.tick)
        except Unavailable:
            return True  # the commit will tell

    def _act(self, rollout: Rollout, seen: Observation, decision: Decision) -> Tick:
        """Forward: commit, then route, so that no weight rises unrecorded. Back: route, whatever the store says."""
        trouble = self._route(decision.routes) if decision.route_first else None
        try:
            committed = self._commit(rollout, decision, _recorded(rollout, seen))
        except CanaryError as refused:
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
        self._world.notifier.publish(decision.entries, numbered)
        return replace(decision, rollout=numbered)

    def _route(self, routes: tuple[Route, ...]) -> CanaryError | None:
        """Writes every route, also when one is refused; the last refusal is told."""
        trouble: CanaryError | None = None
        for route in routes:
            try:
                self._insisting()(self._world.router.write_routing, route.function, route.alias, route.routing)
            except CanaryError as refused:
                trouble = refused
        return trouble

    def _insisting(self) -> Retrying:
        """Three attempts within a tick; the next tick goes on where they end."""
        return Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.2, max=1),
            sleep=lambda seconds: self._world.clock.sleep(timedelta(seconds=seconds)),
            reraise=True,
        )

    def conclude(self, within: timedelta) -> None:
        """Runs the on-rollback hooks of what this controller has seen end, and records what they answer.

        Their answers change nothing. Returns when all have answered, or `within` is over; calling again goes on.
        """
        until = self._world.clock.now() + within
        while self._ended:
            for rollout_id in tuple(self._ended):
                self._hear_hooks(rollout_id)
            if not self._ended or self._world.clock.now() >= until:
                return
            self._world.clock.sleep(RETRY_AFTER)

    def _hear_hooks(self, rollout_id: RolloutId) -> None:
        """One look at the hooks of an ended rollout, by whoever has its lease; what AWS refuses is asked again."""
        now = self._world.clock.now()
        try:
            rollout, blocked = self._load(rollout_id)
            until = now + LEASE_TICKS * rollout.policy.tick
            if blocked is None and self._world.store.take_lease(rollout_id, self._owner, now, until):
                answers = self._world.hooks.poll(rollout.due_hooks(), rollout)
                heard = self._commit(rollout, settle_hooks(rollout, answers, now), ()).rollout
                if not heard.due_hooks():
                    self._ended.discard(rollout_id)
        except CanaryError:
            return

    def _clean_up(self, rollout: Rollout) -> None:
        """A rollout that has ended leaves no guard alarms behind; one that stays behind is harmless."""
        if rollout.phase.is_terminal and rollout.due_hooks():
            self._ended.add(rollout.id)
        if rollout.phase.is_terminal and rollout.guards:
            try:
                self._world.alarms.remove_guards(rollout.guards)
            except CanaryError:
                return


def _is_idle(rollout: Rollout, decision: Decision) -> bool:
    return decision.rollout == rollout and not decision.routes


def _latched(stored: Rollout, known: Rollout | None) -> Rollout:
    """A failure that this process has seen holds, also where the store missed it."""
    if known is None or known.failure is None or stored.failure is not None or stored.phase.is_terminal:
        return stored
    return replace(stored, failure=known.failure)


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
