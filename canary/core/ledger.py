"""The history of a rollout: the closed list of what can happen, one immutable entry each time. Never edited."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from canary.core.model import Counts, MetricResult, Phase, RolloutId, Weight

CONTROLLER: Final = "controller"
"""Who decided, where no person did."""


class EntryKind(StrEnum):
    """What an entry tells. Every change of phase or weight has exactly one entry; the others change neither."""

    OPENED = "opened"
    GATING = "gating"
    SHIFTED = "shifted"
    REACHED = "reached"
    VERDICT = "verdict"
    HELD = "held"
    PAUSED = "paused"
    RESUMED = "resumed"
    SKIPPED = "skipped"
    AWAITING = "awaiting_approval"
    APPROVED = "approved"
    PROMOTING = "promoting"
    PROMOTED = "promoted"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    UNDONE = "undone"
    HOOK = "hook"


ENDINGS: Final = frozenset({EntryKind.PROMOTED, EntryKind.ROLLED_BACK, EntryKind.ABORTED})
"""The entries that tell the end of a rollout; its aliases are free from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsByVersion:
    """What both versions of one target had answered since the first shift, when the entry was written."""

    resource: str
    stable: Counts
    canary: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of history: what happened, when, who or what decided it and on which numbers."""

    rollout: RolloutId
    number: int
    at: datetime
    kind: EntryKind
    by: str
    reason: str
    phase: Phase
    weight: Weight
    results: tuple[MetricResult, ...] = ()
    counts: tuple[CountsByVersion, ...] = ()
