"""tick(): load, observe, reconcile, commit, route; watch(): tick until the rollout has ended.

Crash anywhere between two stages and the next tick mends it: it observes what is there, whoever put it there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from canary.concluding import Aftermath
from canary.core.commands import order_abort, order_undo
from canary.core.decision import Decision, Observation, Route
from canary.core.errors import CanaryError, ConfigError, RolloutConflict, StaleWrite, Unavailable
from canary.core.ledger import CONTROLLER
from canary.core.model import Phase, RolloutId, Version
from canary.core.reconcile import reconcile
from canary.core.rollout import Rollout
from canary.observing import UNANSWERED, observe, read_stop
from canary.ports import RECORDED_AT_ONCE, RecordedWindows, World
from canary.undoing import is_undone, routes_of_undo

RETRY_AFTER = timedelta(seconds=2)
"""How soon to look again when AWS did not answer or somebody else wrote first."""


TOGETHER: Final = 25
"""So many rollouts are looked at before the first of them is decided: as many as one read of alarms holds."""

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
        """`owner` names this process in leases; no two controllers may share it.

        `aftermath` tidies up behind the rollouts that were seen to end, and hears their on-rollback hooks.
        """
        self._world = world
        self._owner = owner
        self._known: dict[RolloutId, Rollout] = {}
        self._away: CanaryError | None = None  # what the store answered earlier in this tick, if that was no answer
        self.aftermath = Aftermath(world, owner)

    def tick(self, rollout_id: RolloutId) -> Tick:
        """One pass over one rollout: observe, judge, reconcile, commit, route.

        Raises:
            ConfigError: no such rollout.
            Unavailable: the store did not answer and this process has never seen the rollout.
        """
        (tick,) = self.tick_all([rollout_id])
        return tick

    def tick_all(self, rollout_ids: Sequence[RolloutId]) -> tuple[Tick, ...]:
        """One pass over many rollouts, a few at a time, those known to be on their way back first.

        Metrics and alarms of a few are read in batches. One that cannot be loaded has no tick, and keeps no other one
        waiting; what a rollout no longer needs is given back when all have been looked at.

        Raises:
            ConfigError: none of them exists.
            Unavailable: the store did not answer and this process has never seen any of them.
        """
        ticks, refused = dict[RolloutId, Tick](), None
        for some in _together(sorted(rollout_ids, key=self._is_forward)):
            try:
                ticks |= {tick.decision.rollout.id: tick for tick in self._tick_some(some)}
            except CanaryError as error:
                refused = error
        self._away = None
        if refused is not None and not ticks:
            raise refused
        self.aftermath.tidy()
        return tuple(ticks[rollout_id] for rollout_id in rollout_ids if rollout_id in ticks)

    def _is_forward(self, rollout_id: RolloutId) -> bool:
        known = self._known.get(rollout_id)
        return known is None or not _is_leaving(known)

    def _tick_some(self, rollout_ids: Sequence[RolloutId]) -> Iterator[Tick]:
        loaded = self._load_all(rollout_ids)
        answers = all(blocked is None for _, blocked in loaded)
        stopped = read_stop(self._world) if answers else "the store of rollouts does not answer"
        looks = observe(self._world, [rollout for rollout, _ in loaded], stopped=stopped)
        for (rollout, blocked), seen in zip(loaded, looks, strict=True):
            yield self._decide(rollout, seen, blocked)

    def list_open(self) -> tuple[RolloutId, ...]:
        """The open rollouts, and those that this process saw fail and not end yet, which it may have to take back.

        While the store does not answer: those that this process knows to be open.

        Raises:
            Unavailable: the store did not answer, and this process knows of none.
        """
        known = [known for known in self._known.values() if not known.phase.is_terminal or _is_refuted(known)]
        try:
            listed = self._world.store.list_open()
        except UNANSWERED:
            if not known:
                raise
            return tuple(rollout.id for rollout in known)
        failed = tuple(rollout.id for rollout in known if _is_leaving(rollout))
        for rollout in known:
            if rollout.id not in (*listed, *failed):  # another controller ended it: it is nobody's to take back
                del self._known[rollout.id]
        return tuple(dict.fromkeys((*listed, *failed)))

    def list_guarded(self, alarm: str) -> tuple[RolloutId, ...]:
        """The open rollouts that an alarm guards; raises what `list_open` and `tick_all` raise."""
        loaded = self._load_all(self.list_open())
        return tuple(rollout.id for rollout, _ in loaded if alarm in (*rollout.alarms, *rollout.guards))

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

    def abort(self, rollout_id: RolloutId, *, by: str, why: str) -> Rollout:
        """The rollout after the order to take everything back; ticks obey it.

        While the store does not answer, the order is kept in this process: traffic goes back all the same, and the
        store learns of it when it is back.

        Raises:
            ConfigError: no such rollout.
            RolloutConflict: it was promoted already.
            Unavailable: the store did not answer, and this process does not know the rollout.
        """
        try:
            return self.order(rollout_id, partial(order_abort, by=by, why=why))
        except UNANSWERED:
            known = self._known.get(rollout_id)
            if known is None or known.phase.is_terminal:
                raise
            self._known[rollout_id] = replace(known, aborted=f"aborted by {by}: {why}")
            return self._known[rollout_id]

    def undo(self, rollout_id: RolloutId, *, to: Version | None, by: str, why: str) -> Rollout:
        """The promoted rollout, taken back: one alias flip a target, last first, to the version before (or `to`).

        One that went there already is left as it is.

        Raises:
            ConfigError: no such rollout or version, or no version that `to` may name.
            RolloutConflict: it was not promoted, or an alias has moved on since.
        """
        rollout, blocked = self._load(rollout_id)
        if blocked is not None:
            raise blocked
        decision = order_undo(rollout, to=to, by=by, why=why, now=self._world.clock.now())
        if decision.rollout == rollout:
            if not is_undone(self._world, rollout, to):
                raise RolloutConflict(
                    f"rollout {rollout.id} is undone already ({rollout.undone}), and traffic has moved on since; "
                    "release what you want"
                )
            return rollout
        for attempt in self._insisting(StaleWrite):
            with attempt:
                if (trouble := self._route(routes_of_undo(self._world, rollout, to))) is not None:
                    raise trouble
        undone = self._commit(rollout, decision, ()).rollout
        self.aftermath.swap_capacity(undone, to)
        return undone

    def _load_all(self, rollout_ids: Sequence[RolloutId]) -> list[tuple[Rollout, CanaryError | None]]:
        loaded, refused = [], None
        for rollout_id in rollout_ids:
            try:
                loaded.append(self._load(rollout_id))
            except CanaryError as error:
                refused = error
        if refused is not None and not loaded:
            raise refused
        return loaded

    def _load(self, rollout_id: RolloutId) -> tuple[Rollout, CanaryError | None]:
        """The stored state; while the store does not answer, the last one known, good for braking only."""
        known = self._known.get(rollout_id)
        if known is not None and self._away is not None:
            return known, self._away
        try:
            stored = self._world.store.load_rollout(rollout_id)
        except CanaryError as trouble:  # also a table that is gone or refuses: what is known still goes back
            if known is None:
                raise
            self._away = trouble
            return known, trouble
        if stored is None:
            raise ConfigError(f"there is no rollout {rollout_id}; canary history lists those there were")
        self._known[rollout_id] = _latched(stored, known)
        return self._known[rollout_id], None

    def _decide(self, rollout: Rollout, seen: Observation, blocked: CanaryError | None) -> Tick:
        if _is_refuted(rollout):
            return self._take_back(rollout, seen)
        trouble = Unavailable(seen.unread) if seen.unread is not None else blocked
        decision = reconcile(rollout, seen, seen.observed_at)
        if blocked is not None and not _is_brake(rollout, decision):
            return Tick(decision=_wait(rollout), seen=seen, trouble=trouble)
        if _is_idle(rollout, decision) or self._may_act(rollout, decision):
            tick = self._act(rollout, seen, decision)
            return tick if tick.trouble is not None else replace(tick, trouble=trouble)
        return Tick(decision=_wait(rollout), seen=seen, trouble=trouble)

    def _take_back(self, rollout: Rollout, seen: Observation) -> Tick:
        """Another controller promoted what this one saw fail at the same moment: the promotion is undone, and told."""
        try:
            undone = self.undo(rollout.id, to=None, by=CONTROLLER, why=rollout.cause)
        except (ConfigError, RolloutConflict):  # somebody has released on: what serves now is theirs
            undone = self._known[rollout.id] = replace(rollout, failure=None, aborted=None)
        except CanaryError as trouble:
            return Tick(decision=_wait(rollout), seen=seen, trouble=trouble)
        return Tick(decision=_wait(undone), seen=seen)

    def _may_act(self, rollout: Rollout, decision: Decision) -> bool:
        """Of several controllers one moves a rollout forward: the one with its lease. Any may take it back to the end.

        The fencing token is the state's number: who commits over another's state is refused.
        """
        is_going_back = rollout.phase is Phase.ROLLING_BACK and rollout.foreign is None
        if decision.route_first or is_going_back:
            return True
        now = self._world.clock.now()
        try:
            return self._world.store.take_lease(rollout.id, self._owner, now, now + LEASE_TICKS * rollout.policy.tick)
        except CanaryError:
            return True  # the commit will tell

    def _act(self, rollout: Rollout, seen: Observation, decision: Decision) -> Tick:
        """Forward: commit, then route, so that no weight rises unrecorded. Back: route, whatever the store says."""
        trouble = self._route(decision.routes) if decision.route_first else None
        try:
            committed = self._commit(rollout, decision, _recorded(rollout, seen))
        except CanaryError as refused:
            latched = decision.rollout
            self._known[rollout.id] = replace(rollout, failure=latched.failure, aborted=latched.aborted)
            return Tick(decision=decision, seen=seen, trouble=refused)
        if not decision.route_first:
            trouble = self._route(decision.routes)
        self.aftermath.follow(rollout, committed.rollout)
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
        """Writes every route, also when one is refused; those without an answer again, after all others.

        The last refusal is told.
        """
        pending, refused = list(routes), list[CanaryError]()

        def write_pending() -> None:
            asked, unanswered = tuple(pending), None
            pending.clear()
            for route in asked:
                try:
                    self._world.router.write_routing(route.function, route.alias, route.routing)
                except Unavailable as no_answer:
                    pending.append(route)
                    unanswered = no_answer
                except CanaryError as refusal:
                    refused.append(refusal)
            if unanswered is not None:
                raise unanswered

        try:
            self._insisting(Unavailable)(write_pending)
        except Unavailable as trouble:
            return trouble
        return refused[-1] if refused else None

    def _insisting(self, passing: type[CanaryError]) -> Retrying:
        """Three attempts while what comes may pass; the next tick, or the person, goes on where they end."""
        return Retrying(
            retry=retry_if_exception_type(passing),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.2, max=1),
            sleep=lambda seconds: self._world.clock.sleep(timedelta(seconds=seconds)),
            reraise=True,
        )


def _is_idle(rollout: Rollout, decision: Decision) -> bool:
    return decision.rollout == rollout and not decision.routes


def _is_brake(rollout: Rollout, decision: Decision) -> bool:
    """Whether a decision holds although the store may know more: the candidate failed, or is on its way out for good.

    What looks like a foreign hand may be another controller's, told in a state that could not be read.
    """
    return _is_leaving(decision.rollout) or rollout.phase is Phase.ROLLING_BACK


def _is_leaving(rollout: Rollout) -> bool:
    """Whether the candidate failed, or somebody ordered it back."""
    return rollout.failure is not None or rollout.aborted is not None


def _latched(stored: Rollout, known: Rollout | None) -> Rollout:
    """A failure that this process has seen, or an order to go back, holds, also where the store missed it."""
    if known is None or not _is_leaving(known):
        return stored
    latched = replace(stored, failure=stored.failure or known.failure, aborted=stored.aborted or known.aborted)
    return latched if _is_refuted(latched) or not stored.phase.is_terminal else stored


def _is_refuted(rollout: Rollout) -> bool:
    """Whether a promotion was committed by one controller while another one saw the candidate fail, or was told off."""
    return rollout.phase is Phase.PROMOTED and _is_leaving(rollout) and rollout.undone is None


def _together(rollout_ids: Sequence[RolloutId]) -> Iterator[Sequence[RolloutId]]:
    for start in range(0, len(rollout_ids), TOGETHER):
        yield rollout_ids[start : start + TOGETHER]


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
    return _newest(tuple(record for record in recorded if record.windows))


def _newest(records: tuple[RecordedWindows, ...]) -> tuple[RecordedWindows, ...]:
    """The records without the oldest of their periods, where a gap has made more of them than fit into one state."""
    if sum(len(record.windows) for record in records) <= RECORDED_AT_ONCE:
        return records
    each = RECORDED_AT_ONCE // len(records)
    return tuple(replace(record, windows=record.windows[-each:]) for record in records)


def _wait(rollout: Rollout) -> Decision:
    return Decision(rollout=rollout, requeue_after=RETRY_AFTER)
