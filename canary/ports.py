"""What the controller needs of the world, by role. Each port has an adapter in `canary.aws` and a strict fake in tests.

Every call may raise `Unavailable` (throttled, timed out, 5xx: nothing is known about its effect) or `AccessDenied`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from canary.core.hooks import Hook, HookReading
from canary.core.ledger import LedgerEntry
from canary.core.leg import MetricPath
from canary.core.model import (
    AlarmReading,
    AliasName,
    AliasRouting,
    FunctionName,
    MetricSpec,
    MetricWindow,
    RolloutId,
    Target,
    Version,
)
from canary.core.rollout import Rollout
from canary.side_ports import BOUNDLESS, NO_ORDERS, SILENCE, CapacityControl, Notifier, OrderBook

REPORTED_WITHIN: Final = timedelta(days=15)
"""How far back `MetricSource.has_reported` looks: as long as CloudWatch keeps one-minute data."""
RECORDED_AT_ONCE: Final = 12_000
"""So many metric periods can be kept with one state: after a longer gap the oldest are judged, but not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """What an alias write depends on: both versions of a split must be Active and share role and dead-letter queue."""

    version: Version
    state: str
    role: str
    dead_letter: str | None
    code_sha256: str


class TrafficRouter(Protocol):
    """Reads and writes aliases, and looks versions up."""

    def read_routing(self, function: FunctionName, alias: AliasName) -> AliasRouting | None:
        """What the alias serves; None where there is no such alias (or function)."""
        ...

    def write_routing(self, function: FunctionName, alias: AliasName, routing: AliasRouting) -> AliasRouting:
        """The routing as written, with its new revision.

        Raises:
            StaleWrite: the alias is no longer at `routing.revision`.
            ConfigError: AWS refuses such a routing (a version that does not exist, another role ...).
        """
        ...

    def find_version(self, function: FunctionName, version: Version) -> VersionFacts | None:
        """The facts of one published version; None where it does not exist."""
        ...

    def newest_version(self, function: FunctionName) -> Version | None:
        """The highest published version; None where nothing was ever published, or there is no such function."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowQuery:
    """The metric periods wanted of one target on one path, from `since` on."""

    target: Target
    path: MetricPath
    since: datetime


class MetricSource(Protocol):
    """Counts of requests by version."""

    def read_windows(self, queries: Sequence[WindowQuery], now: datetime) -> tuple[tuple[MetricWindow, ...], ...]:
        """For each query the sealed periods from `since` (floored to the period) on: ascending and without a gap.

        A period is sealed when its metrics can be expected to be complete. All queries cost one batched read.
        """
        ...

    def has_reported(self, target: Target, path: MetricPath, now: datetime) -> bool:
        """Whether either version has reported on that path within `REPORTED_WITHIN`, on the alias or on preview."""
        ...


class AlarmSource(Protocol):
    """CloudWatch alarms: those that guard every release, and the guards made for one."""

    def read_alarms(self, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        """The state of every alarm named, in that order; `MISSING` for those that do not exist."""
        ...

    def put_guards(self, target: Target, specs: Sequence[MetricSpec]) -> tuple[str, ...]:
        """The names of the alarms that now watch the candidate on its alias. Idempotent."""
        ...

    def remove_guards(self, names: Sequence[str]) -> None:
        """Deletes guards; those already gone are none of its concern."""
        ...


class RolloutStore(Protocol):
    """Rollouts, their ledgers and the lock of one rollout an alias."""

    def open_rollout(self, rollout: Rollout, entry: LedgerEntry) -> None:
        """Keeps state 0, its first entry and a lock on each alias, all or nothing.

        Raises:
            RolloutConflict: an alias is taken; the text names the rollout that holds it.
        """
        ...

    def load_rollout(self, rollout_id: RolloutId) -> Rollout | None:
        """The latest committed state (strongly consistent)."""
        ...

    def commit(self, rollout: Rollout, entries: Sequence[LedgerEntry], windows: Sequence["RecordedWindows"]) -> None:
        """Keeps state `rollout.number`, which must be one above the stored one, and its entries, in one transaction.

        The entry that tells the end frees the aliases; later entries touch no lock, which may be another rollout's. Up
        to `RECORDED_AT_ONCE` periods fit.

        Raises:
            StaleWrite: another controller committed first.
        """
        ...

    def take_lease(self, rollout_id: RolloutId, owner: str, now: datetime, until: datetime) -> bool:
        """Whether `owner` may move the rollout forward until then: nobody else holds a lease that has not run out."""
        ...

    def read_lease(self, rollout_id: RolloutId) -> datetime | None:
        """Until when a controller holds, or held, the lease; None where nobody ever took one."""
        ...

    def list_open(self) -> tuple[RolloutId, ...]:
        """The rollouts that hold an alias."""
        ...

    def find_open(self, function: FunctionName, alias: AliasName) -> RolloutId | None:
        """The rollout that holds the alias."""
        ...

    def list_recent(self, limit: int) -> tuple[RolloutId, ...]:
        """The rollouts last opened, newest first."""
        ...

    def read_ledger(self, rollout_id: RolloutId) -> tuple[LedgerEntry, ...]:
        """Every entry, in the order in which they were written."""
        ...

    def read_recorded(self, rollout_id: RolloutId) -> tuple["RecordedWindows", ...]:
        """The counts that the judge was shown, in order of time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedWindows:
    """The metric periods of one target and path that one tick saw for the first time, or saw revised."""

    resource: str
    path: MetricPath
    windows: tuple[MetricWindow, ...]


class HookRunner(Protocol):
    """Runs hooks without ever making the caller wait for them."""

    def poll(self, due: Sequence[tuple[str, Hook]], rollout: Rollout) -> tuple[HookReading, ...]:
        """The answer of every due hook so far; those not running yet are started. A key runs once in a process."""
        ...

    def stop(self) -> None:
        """Ends whatever is still running."""
        ...


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def sleep(self, duration: timedelta) -> None:
        """Returns after `duration`, or earlier when the process is asked to end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside of the controller, by role."""

    router: TrafficRouter
    metrics: MetricSource
    alarms: AlarmSource
    store: RolloutStore
    hooks: HookRunner
    clock: Clock
    notifier: Notifier = SILENCE
    orders: OrderBook = NO_ORDERS
    capacity: CapacityControl = BOUNDLESS
