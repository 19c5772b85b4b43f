"""(ledger entry, rollout) -> what an on-call person must be told, with the command to type next, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from canary.core.codec import Plain
from canary.core.ledger import EntryKind, LedgerEntry
from canary.core.model import Counts, Phase, RolloutId
from canary.core.rollout import Rollout

NOTICE_SCHEMA: Final = "notice/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message: what happened to which aliases, why, on which numbers, and what to type."""

    kind: EntryKind
    rollout: RolloutId
    targets: tuple[str, ...]
    at: datetime
    by: str
    title: str
    reason: str
    numbers: tuple[str, ...]
    commands: tuple[str, ...]

    def as_text(self) -> str:
        """The message for people, line by line."""
        lines = [self.title, f"why: {self.reason}", *self.numbers]
        return "\n".join(
            [*lines, f"by {self.by} at {self.at:%Y-%m-%d %H:%M:%S} UTC", *map("type: {}".format, self.commands)]
        )

    def as_plain(self) -> dict[str, Plain]:
        """The message for programs, as JSON data with stable keys."""
        return {
            "schema": NOTICE_SCHEMA,
            "kind": self.kind.value,
            "rollout": self.rollout,
            "targets": list(self.targets),
            "at": self.at.isoformat(),
            "by": self.by,
            "title": self.title,
            "reason": self.reason,
            "numbers": list(self.numbers),
            "commands": list(self.commands),
        }


_HEADLINES: Final = {
    EntryKind.OPENED: "release opened",
    EntryKind.AWAITING: "waits for an approval",
    EntryKind.PROMOTED: "promoted",
    EntryKind.ROLLING_BACK: "rolling back",
    EntryKind.ROLLED_BACK: "rolled back",
    EntryKind.ABORTED: "aborted",
    EntryKind.UNDONE: "promotion undone",
}
"""The kinds of entry that somebody must hear of; the rest is for the ledger."""

_COMMANDS: Final = {
    EntryKind.OPENED: ("canary watch {id}", 'canary abort {id} --why "..."'),
    EntryKind.AWAITING: ('canary approve {id} --why "..."', 'canary abort {id} --why "..."'),
    EntryKind.PROMOTED: ('canary undo {id} --why "..."',),
    EntryKind.ROLLING_BACK: ("canary watch {id}",),
    EntryKind.ROLLED_BACK: ("canary history {id}",),
    EntryKind.ABORTED: ("canary history {id}",),
    EntryKind.UNDONE: ("canary history {id}",),
}


def notice_of(entry: LedgerEntry, rollout: Rollout, *, where: str = "") -> Notice | None:
    """The notice of an entry, or None where nobody needs to be woken.

    `where` are the options with which a command finds this rollout, such as ``--env dev``.
    """
    if entry.kind not in _HEADLINES:
        return None
    targets = tuple(f"{leg.target.resource} {leg.target.stable} -> {leg.target.canary}" for leg in rollout.legs)
    commands = (command.format(id=rollout.id) for command in _COMMANDS[entry.kind])
    return Notice(
        kind=entry.kind,
        rollout=rollout.id,
        targets=targets,
        at=entry.at,
        by=entry.by,
        title=f"{', '.join(targets)}: {_HEADLINES[entry.kind]} ({rollout.id})",
        reason=entry.reason,
        numbers=(*_weight(entry), *_counts(entry, rollout)),
        commands=tuple(f"{command} {where}".rstrip() for command in commands),
    )


def notices_of(entries: Sequence[LedgerEntry], rollout: Rollout, *, where: str = "") -> tuple[Notice, ...]:
    """The notices of a decision's entries, in their order."""
    made = (notice_of(entry, rollout, where=where) for entry in entries)
    return tuple(notice for notice in made if notice is not None)


def counted(counts: Counts) -> str:
    """Requests, and how many of them were bad, in words."""
    slow = f", {counts.slow} slow" if counts.slow else ""
    errors = f", {counts.errors} errors" if counts.errors else ""
    return f"{counts.requests} requests{errors}{slow}"


def _weight(entry: LedgerEntry) -> tuple[str, ...]:
    return () if entry.phase in (Phase.PENDING, Phase.PROMOTED) else (f"candidate's share: {entry.weight}",)


def _counts(entry: LedgerEntry, rollout: Rollout) -> tuple[str, ...]:
    """What both versions had answered; nothing before the first request."""
    told = zip(entry.counts, rollout.legs, strict=False)
    return tuple(
        f"{counts.resource}: version {leg.target.stable} {counted(counts.stable)}; "
        f"version {leg.target.canary} {counted(counts.canary)}"
        for counts, leg in told
        if counts.stable.requests or counts.canary.requests
    )
