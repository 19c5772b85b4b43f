"""(rollout, who, why, now) -> Decision: what a person may ask of a running rollout, and when that makes no sense.

A command changes what the rollout wants; the next reconcile acts on it. Asking twice changes nothing more.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from canary.core.decision import Decision
from canary.core.errors import ConfigError, RolloutConflict
from canary.core.ledger import EntryKind
from canary.core.model import Phase, Version
from canary.core.rollout import Rollout


def order_abort(rollout: Rollout, *, by: str, why: str, now: datetime) -> Decision:
    """All traffic back to the stable version, for good.

    Raises:
        RolloutConflict: the rollout was promoted already.
    """
    if rollout.phase is Phase.PROMOTED:
        raise RolloutConflict(f"rollout {rollout.id} is promoted already; to go back: canary undo {rollout.id}")
    if rollout.phase.is_terminal or rollout.phase is Phase.ROLLING_BACK:
        return _unchanged(rollout)
    leaving = replace(rollout, aborted=f"aborted by {by}: {why}").rolling_back(at=now)
    return _ordered(leaving, EntryKind.ROLLING_BACK, f"aborted: {why}", by=by, now=now)


def order_promotion(rollout: Rollout, *, full: bool, by: str, why: str, now: datetime) -> Decision:
    """Straight to 100 %, where the last step still bakes and judges; with `full` straight to the end.

    A failed verdict still rolls back.

    Raises:
        RolloutConflict: no production traffic is being shifted, the last weight was not seen yet, or the candidate is
            on its way out.
    """
    if rollout.phase in (Phase.PROMOTING, Phase.PROMOTED):
        return _unchanged(rollout)
    _require_traffic(rollout, "promoted")
    if rollout.is_last_step and not full:
        return _unchanged(rollout)
    if not all(leg.is_settled() for leg in rollout.legs):
        # with two writes unseen, a hand that takes the second back would pass for our first
        raise RolloutConflict(f"rollout {rollout.id} is still on its way to {rollout.weight}; ask again in a moment")
    if full:
        return _ordered(rollout.promoting(at=now), EntryKind.PROMOTING, f"promoted in full: {why}", by=by, now=now)
    last = rollout.shifting(to_step=len(rollout.plan.steps) - 1, at=now)
    return _ordered(last, EntryKind.SHIFTED, f"straight to {last.weight}: {why}", by=by, now=now)


def order_skip(rollout: Rollout, *, by: str, why: str, now: datetime) -> Decision:
    """The rest of the current step's wait and its missing evidence waived. A failed verdict still rolls back.

    Raises:
        RolloutConflict: no step is waiting.
    """
    if rollout.waived:
        return _unchanged(rollout)
    _require_traffic(rollout, "skipped")
    waived = replace(rollout, phase=Phase.PROGRESSING, waived=True)
    return _ordered(waived, EntryKind.SKIPPED, f"the wait at {rollout.weight} is skipped: {why}", by=by, now=now)


def order_approval(rollout: Rollout, *, by: str, why: str, now: datetime) -> Decision:
    """The end of the current step approved.

    Raises:
        RolloutConflict: no step waits for an approval.
    """
    if rollout.approved:
        return _unchanged(rollout)
    if rollout.awaiting_since is None or rollout.phase not in (Phase.PROGRESSING, Phase.PAUSED):
        raise RolloutConflict(f"rollout {rollout.id} is {rollout.phase} and waits for no approval; see canary status")
    approved = replace(rollout, approved=True)
    return _ordered(approved, EntryKind.APPROVED, f"{rollout.weight} approved: {why}", by=by, now=now)


def order_undo(rollout: Rollout, *, to: Version | None, by: str, why: str, now: datetime) -> Decision:
    """The record of a promotion taken back; the one alias flip a target belongs to the controller.

    Raises:
        ConfigError: `to` is the version that was promoted, or names one version for many functions.
        RolloutConflict: the rollout was not promoted.
    """
    if rollout.phase is not Phase.PROMOTED:
        raise RolloutConflict(f"rollout {rollout.id} is {rollout.phase}: only a promotion can be undone")
    if to is not None:
        _require_one_way_back(rollout, to)
    if rollout.undone is not None:
        return _unchanged(rollout)
    undone = replace(rollout, undone=f"by {by}: {why}")
    back = "the version before" if to is None else f"version {to}"
    return _ordered(undone, EntryKind.UNDONE, f"back to {back}: {why}", by=by, now=now)


def _require_one_way_back(rollout: Rollout, to: Version) -> None:
    if len(rollout.legs) > 1:
        raise ConfigError(
            f"rollout {rollout.id} has {len(rollout.legs)} functions, and --to names a version of one; "
            "without it each goes back to the version before"
        )
    if to == rollout.legs[0].target.canary:
        raise ConfigError(
            f"version {to} is what rollout {rollout.id} promoted; "
            f"without --to it goes back to version {rollout.legs[0].target.stable}"
        )


def order_pause(rollout: Rollout, *, by: str, why: str, now: datetime) -> Decision:
    """The plan stands still; evidence goes on, and a failed verdict still rolls back.

    Raises:
        RolloutConflict: the rollout is in no phase that can wait.
    """
    if rollout.phase is Phase.PAUSED:
        return _unchanged(rollout)
    if rollout.phase is not Phase.PROGRESSING:
        raise RolloutConflict(f"rollout {rollout.id} is {rollout.phase}: only a progressing rollout can be paused")
    return _ordered(rollout.entered(Phase.PAUSED, at=now), EntryKind.PAUSED, f"paused: {why}", by=by, now=now)


def order_resumption(rollout: Rollout, *, by: str, why: str, now: datetime) -> Decision:
    """The plan goes on where it was paused. The step's bake counted on meanwhile, the time for an approval did not.

    Raises:
        RolloutConflict: the rollout is not paused.
    """
    if rollout.phase is Phase.PROGRESSING:
        return _unchanged(rollout)
    if rollout.phase is not Phase.PAUSED:
        raise RolloutConflict(f"rollout {rollout.id} is {rollout.phase}: only a paused rollout can be resumed")
    awaiting = None if rollout.awaiting_since is None else now
    going = replace(rollout.entered(Phase.PROGRESSING, at=now), awaiting_since=awaiting)
    return _ordered(going, EntryKind.RESUMED, f"resumed: {why}", by=by, now=now)


def _require_traffic(rollout: Rollout, what: str) -> None:
    if rollout.phase not in (Phase.PROGRESSING, Phase.PAUSED):
        raise RolloutConflict(f"rollout {rollout.id} is {rollout.phase}: no step can be {what}; see canary status")


def _ordered(rollout: Rollout, kind: EntryKind, reason: str, *, by: str, now: datetime) -> Decision:
    recorded, entry = rollout.recording(kind, reason, at=now, by=by)
    return Decision(rollout=recorded, entries=(entry,), requeue_after=timedelta(0))


def _unchanged(rollout: Rollout) -> Decision:
    return Decision(rollout=rollout, requeue_after=timedelta(0))
