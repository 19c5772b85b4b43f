"""Traffic that follows the aliases, what metrics show of it (lost, late, doubled), and the alarms on it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from canary.core.evidence import added
from canary.core.leg import MetricPath
from canary.core.model import (
    FULL_BASIS_POINTS,
    AlarmState,
    AliasRouting,
    Counts,
    FunctionName,
    MetricWindow,
    Target,
    Version,
)
from canary.ports import WindowQuery
from tests.fakes import START, FakeAlarms
from tests.simulation.cloud import CANARY, Aliases
from tests.simulation.faults import Fault
from tests.simulation.hub import Hub
from tests.simulation.record import Record
from tests.simulation.scene import SERVICE_ALARM, Health, Scene

BUCKET_S = 10
NO_DELAY_S = {MetricPath.EMF: 10, MetricPath.LAMBDA: 60}
STABLE_ERRORS, STABLE_SLOW = 0.0003, 0.001


class Fleet:
    """Requests answered by versions, in buckets of ten seconds; the MetricSource over them."""

    def __init__(self, scene: Scene, hub: Hub, aliases: Aliases, record: Record) -> None:
        self._scene = scene
        self._hub = hub
        self._aliases = aliases
        self._record = record
        self._rng = Random(f"fleet {scene.seed}")
        self._candidates = {
            name: candidate for release in scene.releases for name, candidate in release.candidates.items()
        }
        self._counts: dict[tuple[str, str], dict[int, Counts]] = {}
        self._fates: dict[tuple[str, MetricPath, datetime], tuple[Fault | None, float]] = {}
        self._until = 0.0
        aliases.before_change = self.flow

    def flow(self) -> None:
        """Lets the aliases serve up to now."""
        while self._until < self._hub.at:
            bucket = int(self._until // BUCKET_S)
            end = min(self._hub.at, (bucket + 1) * BUCKET_S)
            for (function, alias), routing in self._aliases.aliases.items():
                if alias == "live":
                    self._serve(FunctionName(function), routing, bucket, self._scene.rate * (end - self._until))
            self._until = end

    def read_windows(self, queries: Sequence[WindowQuery], now: datetime) -> tuple[tuple[MetricWindow, ...], ...]:
        """What CloudWatch shows of every query; `now` is the asker's clock."""
        self.flow()
        return tuple(self._windows(query, now) for query in queries)

    def has_reported(self, target: Target, path: MetricPath, now: datetime) -> bool:
        del target, now
        return self._scene.emits_own_metrics or path is MetricPath.LAMBDA

    def served(self, resource: str, version: str, *, last_s: float) -> Counts:
        """What a version truly answered lately."""
        self.flow()
        first = int((self._hub.at - last_s) // BUCKET_S)
        return added(*(c for bucket, c in self._counts.get((resource, version), {}).items() if bucket >= first))

    def _serve(self, function: FunctionName, routing: AliasRouting, bucket: int, requests: float) -> None:
        for version, weight in routing.shares().items():
            count = self._whole(requests * weight.basis_points / FULL_BASIS_POINTS)
            errors, slow = self._bad_shares(function, version)
            answered = Counts(requests=count, errors=self._whole(count * errors), slow=self._whole(count * slow))
            buckets = self._counts.setdefault((f"{function}:live", version), {})
            buckets[bucket] = added(buckets.get(bucket, Counts()), answered)

    def _bad_shares(self, function: FunctionName, version: Version) -> tuple[float, float]:
        candidate = self._candidates.get(function) if version == CANARY else None
        if candidate is None or self._until < candidate.since:
            return STABLE_ERRORS, STABLE_SLOW
        return candidate.errors, candidate.slow

    def _whole(self, amount: float) -> int:
        return int(amount + self._rng.random())

    def _windows(self, query: WindowQuery, now: datetime) -> tuple[MetricWindow, ...]:
        period, windows = query.path.period, list[MetricWindow]()
        seconds = int(period.total_seconds())
        start = datetime.fromtimestamp(int(query.since.timestamp()) // seconds * seconds, tz=UTC)
        while start + period + timedelta(seconds=NO_DELAY_S[query.path]) <= now:
            stable, canary = (
                self._shown(query, version, start) for version in (query.target.stable, query.target.canary)
            )
            windows.append(MetricWindow(start=start, period=period, stable=stable, canary=canary))
            start += period
        return tuple(windows)

    def _shown(self, query: WindowQuery, version: Version, start: datetime) -> Counts:
        candidate = self._candidates[query.target.function]
        if query.path is MetricPath.EMF and version == CANARY and candidate.health is Health.SILENT:
            return Counts()
        first = int((start - START).total_seconds()) // BUCKET_S
        buckets = self._counts.get((query.target.resource, version), {})
        span = range(first, first + int(query.path.period.total_seconds()) // BUCKET_S)
        true = added(*(buckets[bucket] for bucket in span if bucket in buckets))
        match self._fate(f"{query.target.resource} {version}", query.path, start):
            case Fault.METRIC_LOST | Fault.METRIC_LATE:
                return Counts()
            case Fault.METRIC_DOUBLED:
                return added(true, true)
            case _:
                return true

    def _fate(self, arm: str, path: MetricPath, start: datetime) -> Fault | None:
        """What became of one period of one version: lost for good, late or doubled for a while, or nothing."""
        key = (arm, path, start)
        if key not in self._fates:
            self._fates[key] = self._drawn_fate(arm, start)
        fault, until = self._fates[key]
        return fault if self._hub.at < until else None

    def _drawn_fate(self, arm: str, start: datetime) -> tuple[Fault | None, float]:
        if (start - START).total_seconds() >= self._scene.weather.calm_at:
            return None, 0.0
        for fault in (Fault.METRIC_LOST, Fault.METRIC_LATE, Fault.METRIC_DOUBLED):
            if self._rng.random() < self._scene.weather.rates.get(fault, 0.0):
                self._record.inject(fault, self._hub.at, arm)
                return fault, float("inf") if fault is Fault.METRIC_LOST else self._hub.at + self._rng.uniform(5, 60)
        return None, 0.0


class Alarms(FakeAlarms):
    """Guards that watch the last minute of a candidate, and a service alarm that only ever rings without a cause."""

    def __init__(self, scene: Scene, hub: Hub, fleet: Fleet, record: Record) -> None:
        super().__init__()
        self.on_alarm: Callable[[str], None] = lambda _name: None
        self._scene = scene
        self._hub = hub
        self._fleet = fleet
        self._record = record
        self.set(SERVICE_ALARM, AlarmState.OK)

    def evaluate(self) -> None:
        """What CloudWatch does from time to time: states follow the metrics, and a change to ALARM is told."""
        for name, reading in list(self.readings.items()):
            state = AlarmState.ALARM if self._is_broken(name) else AlarmState.OK
            if state is not reading.state:
                self.set(name, state)
                if state is AlarmState.ALARM:
                    self.on_alarm(name)

    def _is_broken(self, name: str) -> bool:
        if name == SERVICE_ALARM:
            rings = any(begins <= self._hub.at < ends for begins, ends in self._scene.false_alarms)
            if rings and self.readings[name].state is not AlarmState.ALARM:
                self._record.inject(Fault.ALARM_FALSE, self._hub.at, name)
            return rings
        function = name.removeprefix("bg-guard-").split("-live-")[0]
        counts = self._fleet.served(f"{function}:live", CANARY, last_s=60)
        return counts.requests > 0 and counts.errors > counts.requests / 4
