"""Fakes of the ports that no decision waits for: notices, orders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

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
