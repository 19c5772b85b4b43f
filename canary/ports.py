"""What the controller needs of the world, by role. Each port has an adapter in `canary.aws` and a strict fake in tests.

Every call may raise `Unavailable` (throttled, timed out, 5xx: nothing is known about its effect) or `AccessDenied`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from canary.core.facts import AlarmFacts, Right, VersionSnapshot, Way, WayKind
from canary.core.hooks import Hook, HookReading, HookRun, HookStatus
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
from canary.core.orders import AuditNote, Stop
from canary.core.rollout import Rollout


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
        """Whether the stable version has reported on that path within the last three hours."""
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

        The entry that tells the end frees the aliases; later entries touch no lock, which may be another rollout's.

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


class HookBook(Protocol):
    """The records through which hooks answer that do not answer their caller."""

    def begin(self, run: HookRun) -> HookRun:
        """The run as it is kept: this one, or the one that was there before it."""
        ...

    def mark_called(self, key: str) -> None:
        """Notes that the hook was called, so that nobody calls it again."""
        ...

    def read(self, key: str) -> HookRun | None:
        """The run of that key (strongly consistent)."""
        ...

    def answer(self, key: str, status: HookStatus, reason: str) -> HookRun:
        """The run as it is answered: by this answer, or by one that came before it.

        Raises:
            ConfigError: nothing runs under that key.
        """
        ...


class Notifier(Protocol):
    """Tells people what happened. Never raises and never makes the caller wait; failing is its own affair."""

    def publish(self, entries: Sequence[LedgerEntry], rollout: Rollout) -> None:
        """Passes on, in the background, those of the committed entries that somebody must hear of."""
        ...

    def finish(self, within: timedelta) -> None:
        """Returns when everything published was sent, or given up, or `within` is over."""
        ...


class Silence:
    """The Notifier that tells nobody."""

    def publish(self, entries: Sequence[LedgerEntry], rollout: Rollout) -> None:
        """Nothing happens."""

    def finish(self, within: timedelta) -> None:
        """Returns at once."""


SILENCE: Final = Silence()


class OrderBook(Protocol):
    """What people ordered beside single rollouts, and the notes of what they did by hand."""

    def read_stop(self) -> Stop | None:
        """The global stop, while it stands (strongly consistent)."""
        ...

    def stop(self, stop: Stop) -> None:
        """From now on the stop stands; the newest reason counts."""
        ...

    def start(self) -> None:
        """The stop stands no more; it is no concern if it did not."""
        ...

    def note(self, note: AuditNote) -> None:
        """Keeps a note."""
        ...

    def list_notes(self, limit: int) -> tuple[AuditNote, ...]:
        """The latest notes, newest first."""
        ...


class NoOrders:
    """The OrderBook in which nothing stands and nothing is kept."""

    def read_stop(self) -> Stop | None:
        """None."""

    def stop(self, stop: Stop) -> None:
        """Nothing happens."""

    def start(self) -> None:
        """Nothing happens."""

    def note(self, note: AuditNote) -> None:
        """Nothing happens."""

    def list_notes(self, limit: int) -> tuple[AuditNote, ...]:  # noqa: ARG002 - the port's
        """Nothing."""
        return ()


NO_ORDERS: Final = NoOrders()


class Surveyor(Protocol):
    """Looks at what surrounds a release, for a check-up. Reads only."""

    def read_snapshot(self, function: FunctionName, version: Version | None) -> VersionSnapshot | None:
        """Digests of the code and settings of a version, or of ``$LATEST``; None where there is no such thing."""
        ...

    def find_ways(
        self, kind: WayKind, functions: Mapping[FunctionName, Sequence[Version]]
    ) -> Mapping[FunctionName, tuple[Way, ...]]:
        """Every way of this kind into these functions; permissions are read of the function and the versions named."""
        ...

    def read_alarms(self, names: Sequence[str]) -> tuple[AlarmFacts, ...]:
        """The alarms named, in that order; `MISSING` for those that do not exist."""
        ...

    def list_guards(self) -> tuple[AlarmFacts, ...]:
        """Every alarm that carries the prefix of guards."""
        ...

    def find_missing_rights(self, functions: Sequence[FunctionName], store_table: str) -> tuple[Right, ...]:
        """What the caller may not do of what a release does.

        Raises:
            AccessDenied: the caller may not even ask.
        """
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
