"""Fakes of the ports beside the rollout itself: notices, orders, the records of hooks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from canary.core.errors import ConfigError
from canary.core.hooks import HookRun, HookStatus
from canary.core.ledger import LedgerEntry
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
