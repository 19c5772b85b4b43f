"""Fakes of the ports beside the rollout itself: capacity, notices, orders, the records of hooks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from canary.core.capacity import Headroom, WarmStatus, Warmth
from canary.core.errors import ConfigError
from canary.core.hooks import HookRun, HookStatus
from canary.core.ledger import LedgerEntry
from canary.core.model import AliasName, FunctionName, Target, Version
from canary.core.orders import AuditNote, Stop
from canary.core.rollout import Rollout


@dataclass
class FakeNotifier:
    """Remembers what it was given."""

    published: list[LedgerEntry] = field(default_factory=list)

    def publish(self, entries: Sequence[LedgerEntry], rollout: Rollout) -> None:
        assert all(entry.rollout == rollout.id for entry in entries)
        self.published += entries

    def finish(self, within: timedelta) -> None:
        del within


@dataclass
class FakeOrders:
    """Keeps what the real order book keeps."""

    standing: Stop | None = None
    notes: list[AuditNote] = field(default_factory=list)

    def read_stop(self) -> Stop | None:
        return self.standing

    def stop(self, stop: Stop) -> None:
        self.standing = stop

    def start(self) -> None:
        self.standing = None

    def note(self, note: AuditNote) -> None:
        self.notes.append(note)

    def list_notes(self, limit: int) -> tuple[AuditNote, ...]:
        return tuple(sorted(self.notes, key=lambda note: note.at, reverse=True)[:limit])


@dataclass
class FakeHookBook:
    """Keeps what the real book keeps."""

    runs: dict[str, HookRun] = field(default_factory=dict)

    def begin(self, run: HookRun) -> HookRun:
        return self.runs.setdefault(run.key, run)

    def mark_called(self, key: str) -> None:
        self.runs[key] = replace(self.runs[key], is_called=True)

    def read(self, key: str) -> HookRun | None:
        return self.runs.get(key)

    def answer(self, key: str, status: HookStatus, reason: str) -> HookRun:
        if key not in self.runs:
            raise ConfigError(f"no hook runs under {key!r}")
        if self.runs[key].status is HookStatus.IN_PROGRESS:
            self.runs[key] = replace(self.runs[key], status=status, reason=reason)
        return self.runs[key]


@dataclass
class FakeCapacity:
    """Versions become warm when a test says so; functions have what room a test gives them."""

    warmth: dict[tuple[str, str], Warmth] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)
    unreserved: int = 1000
    peaks: dict[str, int] = field(default_factory=dict)
    becomes: WarmStatus = WarmStatus.READY
    released: list[str] = field(default_factory=list)

    def read_headroom(self, targets: Sequence[Target], now: datetime) -> tuple[Headroom, ...]:
        del now
        return tuple(
            Headroom(
                target=target,
                reserved=self.reserved.get(target.function),
                unreserved=self.unreserved,
                peak=self.peaks.get(target.function),
                on_alias=self.warmth.get((target.function, target.alias)),
                on_stable=self.warmth.get((target.function, target.stable)),
                on_canary=self.warmth.get((target.function, target.canary)),
            )
            for target in targets
        )

    def read_provisioned(self, function: FunctionName, qualifier: AliasName | Version) -> Warmth | None:
        return self.warmth.get((function, qualifier))

    def warm(self, target: Target, wanted: int) -> Warmth:
        key = (target.function, target.canary)
        if key not in self.warmth or self.warmth[key].wanted != wanted:
            self.warmth[key] = Warmth(status=WarmStatus.IN_PROGRESS, wanted=wanted)
            return self.warmth[key]
        self.warmth[key] = replace(self.warmth[key], status=self.becomes)
        return self.warmth[key]

    def release(self, function: FunctionName, version: Version) -> None:
        self.warmth.pop((function, version), None)
        self.released.append(f"{function}:{version}")
