"""What stands beside a rollout, by role: capacity, records of hooks, notices, orders, check-ups.

As in `canary.ports` each has an adapter in `canary.aws` and a strict fake in tests, and every call may raise
`Unavailable` or `AccessDenied`. Those that a rollout can do without have a value that does nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from canary.core.capacity import Headroom, WarmStatus, Warmth
from canary.core.facts import AlarmFacts, Right, VersionSnapshot, Way, WayKind
from canary.core.hooks import HookRun, HookStatus
from canary.core.ledger import LedgerEntry
from canary.core.model import AliasName, AliasRouting, FunctionName, Target, Version
from canary.core.orders import AuditNote, Stop
from canary.core.prune import PublishedVersion
from canary.core.request import ReleaseRequest
from canary.core.rollout import Rollout


class CapacityControl(Protocol):
    """Concurrency: how much a function may use and uses, and what is provisioned for one of its versions."""

    def read_headroom(self, targets: Sequence[Target], now: datetime) -> tuple[Headroom, ...]:
        """The limits, the use and what is provisioned, of every target in that order."""
        ...

    def read_provisioned(self, function: FunctionName, qualifier: AliasName | Version) -> Warmth | None:
        """What is provisioned for an alias or a version, if anything is."""
        ...

    def warm(self, target: Target, wanted: int) -> Warmth:
        """How far the candidate's provisioned concurrency is; asked for where it was not yet. Idempotent."""
        ...

    def release(self, function: FunctionName, version: Version) -> None:
        """Gives a version's provisioned concurrency back; none there is no concern."""
        ...


class Boundless:
    """The CapacityControl of a world without limits."""

    def read_headroom(self, targets: Sequence[Target], now: datetime) -> tuple[Headroom, ...]:  # noqa: ARG002 - the port's
        """Nothing to tell."""
        return ()

    def read_provisioned(self, function: FunctionName, qualifier: AliasName | Version) -> Warmth | None:
        """None."""

    def warm(self, target: Target, wanted: int) -> Warmth:  # noqa: ARG002 - the port's
        """Warm already."""
        return Warmth(status=WarmStatus.READY, wanted=wanted)

    def release(self, function: FunctionName, version: Version) -> None:
        """Nothing happens."""


BOUNDLESS: Final = Boundless()


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


class VersionKeeper(Protocol):
    """The versions of a function, and their deletion."""

    def list_versions(self, function: FunctionName) -> tuple[PublishedVersion, ...]:
        """Every published version."""
        ...

    def list_aliases(self, function: FunctionName) -> Mapping[AliasName, AliasRouting]:
        """Every alias and what it serves."""
        ...

    def delete_version(self, function: FunctionName, version: Version) -> None:
        """Deletes one version, and never the function; one that is gone is no concern.

        Raises:
            RolloutConflict: an alias refers to it, or something else of Lambda's does.
        """
        ...


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

    def find_missing_rights(self, request: ReleaseRequest, store_table: str) -> tuple[Right, ...]:
        """What the caller may not do of what this release would.

        Raises:
            AccessDenied: the caller may not even ask.
        """
        ...
