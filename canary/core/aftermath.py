"""(an ended rollout, what its on-rollback hooks answered, now) -> the ledger entries that tell it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from canary.core.decision import Decision
from canary.core.hooks import Hook, HookReading, HookStatus
from canary.core.ledger import CONTROLLER, EntryKind
from canary.core.rollout import Rollout
from canary.core.words import duration_in_words


def settle_hooks(rollout: Rollout, answers: Sequence[HookReading], now: datetime) -> Decision:
    """The rollout that remembers which hooks have answered, or can no longer; its phase is what it was."""
    readings = {reading.key: reading for reading in answers}
    decision = Decision(rollout=rollout, requeue_after=timedelta(0))
    for key, hook in rollout.due_hooks():
        if (told := _told(hook, readings.get(key), rollout.ended_at or now, now)) is not None:
            known = replace(decision.rollout, passed_hooks=(*decision.rollout.passed_hooks, key))
            recorded, entry = known.recording(EntryKind.HOOK, f"hook {hook.name} {told}", at=now, by=CONTROLLER)
            decision = replace(decision, rollout=recorded, entries=(*decision.entries, entry))
    return decision


def _told(hook: Hook, reading: HookReading | None, since: datetime, now: datetime) -> str | None:
    """What the ledger says of a hook; None while it may still answer."""
    if reading is not None and reading.status is not HookStatus.IN_PROGRESS:
        return f"answered {reading.status}: {reading.reason}".rstrip(": ")
    if now - since >= hook.deadline:
        return f"gave no answer within {duration_in_words(hook.deadline)}"
    return None
