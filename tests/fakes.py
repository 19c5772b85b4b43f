"""Strict fakes of every port, on one simulated clock: an alias that knows its revisions, a fleet that answers requests.

A fake refuses what AWS refuses; the contract suite in tests/contracts runs against these and against the adapters.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from canary.core.codec import to_plain
from canary.core.errors import ConfigError, RolloutConflict, StaleWrite
from canary.core.hooks import Hook, HookReading, HookStatus
from canary.core.ledger import ENDINGS, LedgerEntry
from canary.core.leg import MetricPath
from canary.core.model import (
    FULL_BASIS_POINTS,
    NO_TRAFFIC,
    AlarmReading,
    AlarmState,
    AliasName,
    AliasRouting,
    Counts,
    FunctionName,
    Metric,
    MetricSpec,
    MetricWindow,
    RevisionId,
    RolloutId,
    Target,
    Version,
)
from canary.core.rollout import Rollout
from canary.ports import RECORDED_AT_ONCE, RecordedWindows, VersionFacts, WindowQuery, World
from tests.side_fakes import FakeCapacity, FakeNotifier, FakeOrders

LARGEST_ITEM = 400 * 1024
START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only by sleeping; whatever hangs on it happens meanwhile."""

    def __init__(self, start: datetime = START) -> None:
        self.at = start
        self.on_second: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, duration: timedelta) -> None:
        end = self.at + duration
        while self.at + timedelta(seconds=1) <= end:
            self.at += timedelta(seconds=1)
            for happens in self.on_second:
                happens(self.at)
        self.at = end


class FakeRouter:
    """Aliases by (function, alias): every write must carry the revision that it would replace."""

    def __init__(self) -> None:
        self.aliases: dict[tuple[str, str], AliasRouting] = {}
        self.versions: dict[tuple[str, str], VersionFacts] = {}
        self.writes: list[tuple[str, AliasRouting]] = []
        self._revision = 0

    def add(self, function: str, *versions: str, **aliases: str) -> None:
        """A function with these Active versions and aliases."""
        for version in versions:
            self.versions[function, version] = VersionFacts(
                version=Version(version), state="Active", role="role", dead_letter=None, code_sha256=f"sha-{version}"
            )
        for alias, version in aliases.items():
            self.overwrite(function, alias, AliasRouting(stable=Version(version)))

    def overwrite(self, function: str, alias: str, routing: AliasRouting) -> None:
        """What a foreign hand does: no question asked, a new revision."""
        self._revision += 1
        self.aliases[function, alias] = replace(routing, revision=RevisionId(f"rev-{self._revision}"))

    def read_routing(self, function: FunctionName, alias: AliasName) -> AliasRouting | None:
        return self.aliases.get((function, alias))

    def write_routing(self, function: FunctionName, alias: AliasName, routing: AliasRouting) -> AliasRouting:
        now = self.aliases.get((function, alias))
        if now is None:
            raise ConfigError(f"there is no alias {function}:{alias}")
        if now.revision != routing.revision:
            raise StaleWrite(f"alias {function}:{alias} changed since it was read")
        routing = routing if routing.weight > NO_TRAFFIC else replace(routing, canary=None)
        served = [version for version in (routing.stable, routing.canary) if version is not None]
        for version in served:
            if (function, version) not in self.versions:
                raise ConfigError(f"{function} has no version {version}")
        if routing.canary == routing.stable:
            raise ConfigError("an additional version must differ from the main one")
        facts = [self.versions[function, version] for version in served]
        if len({(each.role, each.dead_letter) for each in facts}) > 1:
            raise ConfigError("both versions must have the same execution role and dead-letter queue")
        self.overwrite(function, alias, routing)
        self.writes.append((f"{function}:{alias}", self.aliases[function, alias]))
        return self.aliases[function, alias]

    def find_version(self, function: FunctionName, version: Version) -> VersionFacts | None:
        return self.versions.get((function, version))

    def newest_version(self, function: FunctionName) -> Version | None:
        own = [version for name, version in self.versions if name == function]
        return Version(max(own, key=int)) if own else None


@dataclass
class Behaviour:
    """How one version answers: shares of requests, and from which second of the simulation on."""

    errors: float = 0.0
    slow: float = 0.0
    since: datetime = START


class FakeFleet:
    """Requests that arrive at aliases every second and are answered by versions; also the MetricSource over them."""

    def __init__(self, clock: FakeClock, router: FakeRouter, *, rate: int, seed: int) -> None:
        self.rate = rate
        self.behaviour: dict[str, Behaviour] = {}
        self.emits_own_metrics = True
        self.silent: set[str] = set()
        self.quiet: set[str] = set()
        self.lost: Callable[[datetime], bool] = lambda _at: False
        self._router = router
        self._random = random.Random(seed)
        self._seconds: dict[tuple[str, str], dict[datetime, Counts]] = {}
        clock.on_second.append(self.serve)

    def serve(self, at: datetime) -> None:
        """One second of traffic on every alias named live."""
        for (function, alias), routing in self._router.aliases.items():
            if alias == "live" and f"{function}:{alias}" not in self.quiet:
                self._serve_alias(f"{function}:{alias}", routing, at)

    def tell(self, resource: str, version: str, at: datetime, counts: Counts) -> None:
        """What a version answered in one second, as a test says."""
        self._seconds.setdefault((resource, version), {})[at] = counts

    def served(self, resource: str, version: str) -> Counts:
        """Everything that a version has answered on an alias."""
        seconds = self._seconds.get((resource, version), {})
        return _sum(list(seconds.values()))

    def read_windows(self, queries: Sequence[WindowQuery], now: datetime) -> tuple[tuple[MetricWindow, ...], ...]:
        return tuple(self._windows(query, now) for query in queries)

    def has_reported(self, target: Target, path: MetricPath, now: datetime) -> bool:
        del target, now
        return self.emits_own_metrics or path is MetricPath.LAMBDA

    def _serve_alias(self, resource: str, routing: AliasRouting, at: datetime) -> None:
        share = routing.weight.basis_points / FULL_BASIS_POINTS if routing.canary else 0.0
        for_canary = sum(self._random.random() < share for _ in range(self.rate))
        arms = [(routing.stable, self.rate - for_canary)]
        if routing.canary:
            arms.append((routing.canary, for_canary))
        for version, requests in arms:
            if requests:
                self.tell(resource, version, at, self._answer(version, requests, at))

    def _answer(self, version: str, requests: int, at: datetime) -> Counts:
        behaviour = self.behaviour.get(version, Behaviour())
        if at < behaviour.since:
            return Counts(requests=requests)
        errors = sum(self._random.random() < behaviour.errors for _ in range(requests))
        slow = sum(self._random.random() < behaviour.slow for _ in range(requests))
        return Counts(requests=requests, errors=errors, slow=slow)

    def _windows(self, query: WindowQuery, now: datetime) -> tuple[MetricWindow, ...]:
        period = query.path.period
        seconds = int(period.total_seconds())
        start = datetime.fromtimestamp(int(query.since.timestamp()) // seconds * seconds, tz=UTC)
        delay = timedelta(seconds=10) if query.path is MetricPath.EMF else timedelta(seconds=60)
        windows = []
        while start + period + delay <= now:
            stable = self._reported(query, query.target.stable, start)
            canary = self._reported(query, query.target.canary, start)
            windows.append(MetricWindow(start=start, period=period, stable=stable, canary=canary))
            start += period
        return tuple(windows)

    def _reported(self, query: WindowQuery, version: Version, start: datetime) -> Counts:
        """What a metric path shows: a version that dies on import emits nothing of its own."""
        if query.path is MetricPath.EMF and version in self.silent:
            return Counts()
        return self._between(query.target.resource, version, start, start + query.path.period)

    def _between(self, resource: str, version: str, start: datetime, end: datetime) -> Counts:
        seconds = self._seconds.get((resource, version), {})
        steps = (start + timedelta(seconds=offset) for offset in range(int((end - start).total_seconds())))
        return _sum([seconds[at] for at in steps if at in seconds and not self.lost(at)])


def _sum(counts: Sequence[Counts]) -> Counts:
    return Counts(
        requests=sum(count.requests for count in counts),
        errors=sum(count.errors for count in counts),
        slow=sum(count.slow or 0 for count in counts),
    )


GUARDS_OF = {Metric.ERRORS: ("errors", "faults"), Metric.SLOW: ("p99",)}


class FakeAlarms:
    """Alarms whose state a test sets; guards start without data."""

    def __init__(self) -> None:
        self.readings: dict[str, AlarmReading] = {}

    def set(self, name: str, state: AlarmState) -> None:
        self.readings[name] = AlarmReading(name=name, state=state)

    def read_alarms(self, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        return tuple(self.readings.get(name, AlarmReading(name=name, state=AlarmState.MISSING)) for name in names)

    def put_guards(self, target: Target, specs: Sequence[MetricSpec]) -> tuple[str, ...]:
        whats = [what for spec in specs for what in GUARDS_OF[spec.metric]]
        names = tuple(
            f"bg-guard-{target.function}-{target.alias}-v{target.canary}-{what}" for what in (*whats, "throttles")
        )
        for name in names:
            self.readings[name] = AlarmReading(name=name, state=AlarmState.INSUFFICIENT_DATA, had_data=False)
        return names

    def remove_guards(self, names: Sequence[str]) -> None:
        for name in names:
            self.readings.pop(name, None)


@dataclass
class FakeStore:
    """Keeps what the real store keeps, under the same conditions."""

    states: dict[RolloutId, Rollout] = field(default_factory=dict)
    entries: dict[RolloutId, list[LedgerEntry]] = field(default_factory=dict)
    counts: dict[RolloutId, list[RecordedWindows]] = field(default_factory=dict)
    locks: dict[tuple[str, str], RolloutId] = field(default_factory=dict)
    leases: dict[RolloutId, tuple[str, datetime]] = field(default_factory=dict)

    def open_rollout(self, rollout: Rollout, entry: LedgerEntry) -> None:
        keys = [(leg.target.function, leg.target.alias) for leg in rollout.legs]
        if any(key in self.locks for key in keys) or rollout.id in self.states:
            raise RolloutConflict(
                "another release opened on one of these aliases at the same moment; see canary status"
            )
        self.states[rollout.id] = rollout
        self.entries[rollout.id] = [entry]
        self.locks |= dict.fromkeys(keys, rollout.id)

    def load_rollout(self, rollout_id: RolloutId) -> Rollout | None:
        return self.states.get(rollout_id)

    def commit(self, rollout: Rollout, entries: Sequence[LedgerEntry], windows: Sequence[RecordedWindows]) -> None:
        known = self.states.get(rollout.id)
        if known is None or known.number != rollout.number - 1:
            raise StaleWrite(f"state {rollout.number} of rollout {rollout.id}: another controller was first")
        if sum(len(record.windows) for record in windows) > RECORDED_AT_ONCE:
            raise ConfigError("Transaction size cannot exceed 4MB")
        for body in (rollout, *entries):
            if len(json.dumps(to_plain(body))) > LARGEST_ITEM:
                raise ConfigError("Item size has exceeded the maximum allowed size")
        self.states[rollout.id] = rollout
        self.entries[rollout.id] += entries
        self.counts.setdefault(rollout.id, []).extend(windows)
        if any(entry.kind in ENDINGS for entry in entries):
            self.locks = {key: held for key, held in self.locks.items() if held != rollout.id}

    def take_lease(self, rollout_id: RolloutId, owner: str, now: datetime, until: datetime) -> bool:
        holder, held_until = self.leases.get(rollout_id, (owner, now))
        if holder != owner and held_until > now:
            return False
        self.leases[rollout_id] = (owner, until)
        return True

    def read_lease(self, rollout_id: RolloutId) -> datetime | None:
        return self.leases[rollout_id][1] if rollout_id in self.leases else None

    def list_open(self) -> tuple[RolloutId, ...]:
        return tuple(sorted(set(self.locks.values())))

    def find_open(self, function: FunctionName, alias: AliasName) -> RolloutId | None:
        return self.locks.get((function, alias))

    def list_recent(self, limit: int) -> tuple[RolloutId, ...]:
        newest = sorted(self.states.values(), key=lambda rollout: rollout.opened_at, reverse=True)
        return tuple(rollout.id for rollout in newest[:limit])

    def read_ledger(self, rollout_id: RolloutId) -> tuple[LedgerEntry, ...]:
        return tuple(self.entries.get(rollout_id, ()))

    def read_recorded(self, rollout_id: RolloutId) -> tuple[RecordedWindows, ...]:
        return tuple(self.counts.get(rollout_id, ()))


@dataclass
class FakeHooks:
    """Hooks whose answers a test sets by name; without one they are in progress. Begun when they are first asked."""

    clock: FakeClock
    answers: dict[str, HookStatus] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)

    def poll(self, due: Sequence[tuple[str, Hook]], rollout: Rollout) -> tuple[HookReading, ...]:
        del rollout
        return tuple(
            HookReading(
                key=key,
                status=self.answers.get(hook.name, HookStatus.IN_PROGRESS),
                reason=hook.name,
                started_at=self.begun.setdefault(key, self.clock.now()),
            )
            for key, hook in due
        )

    def stop(self) -> None:
        return


@dataclass
class Simulation:
    """A whole simulated world, and the controller's view of it."""

    clock: FakeClock
    router: FakeRouter
    fleet: FakeFleet
    alarms: FakeAlarms
    store: FakeStore
    hooks: FakeHooks
    notifier: FakeNotifier
    orders: FakeOrders
    capacity: FakeCapacity
    world: World


def simulated_world(*, rate: int = 100, seed: int = 1) -> Simulation:
    """A world in which time, traffic and metrics are simulated, ready for functions to be added to `router`."""
    clock, router = FakeClock(), FakeRouter()
    fleet = FakeFleet(clock, router, rate=rate, seed=seed)
    alarms, store, hooks, notifier, orders = FakeAlarms(), FakeStore(), FakeHooks(clock), FakeNotifier(), FakeOrders()
    capacity = FakeCapacity()
    world = World(
        router=router,
        metrics=fleet,
        alarms=alarms,
        store=store,
        hooks=hooks,
        clock=clock,
        notifier=notifier,
        orders=orders,
        capacity=capacity,
    )
    return Simulation(
        clock=clock,
        router=router,
        fleet=fleet,
        alarms=alarms,
        store=store,
        hooks=hooks,
        notifier=notifier,
        orders=orders,
        capacity=capacity,
        world=world,
    )
