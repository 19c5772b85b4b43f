"""reconcile(rollout, observation, now) -> Decision: the one place where a rollout's next state is decided.

Order of precedence: a terminal phase absorbs everything; a rollback in progress goes on; a failed verdict rolls back,
and so does an order that the store has not heard of; a foreign hand ends the rollout; only then may the plan move.
Observing, committing and routing belong to the controller.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from canary.core.decision import Decision, Observation, Route
from canary.core.freeze import freeze_at
from canary.core.hooks import HookReading, HookStage, HookStatus
from canary.core.ledger import CONTROLLER, EntryKind
from canary.core.model import ALL_TRAFFIC, Phase, Verdict
from canary.core.rollout import OnInconclusive, OnSilence, Rollout
from canary.core.routing import (
    foreign_hand,
    has_arrived,
    is_previewed,
    preview_routes,
    routes_back,
    routes_forward,
    routings,
    settled,
)
from canary.core.warming import warming
from canary.core.weigh import Weighed, reason_for, weigh
from canary.core.words import duration_in_words

SEEN_BACK_AFTER = timedelta(seconds=1)
"""So soon after a write on the way back the aliases are read again."""


def reconcile(rollout: Rollout, seen: Observation, now: datetime) -> Decision:
    """What is due after one look at the world.

    Deterministic, and a fixed point: its own result, seen as it wished, changes nothing. A failed verdict yields
    weight 0 in this same decision, from every non-terminal phase. Without evidence no weight rises. `now` is aware UTC.
    """
    if rollout.phase.is_terminal:
        return Decision(rollout=rollout, requeue_after=timedelta(0))
    if rollout.phase is Phase.ROLLING_BACK:
        return _finish_leaving(_still_judged(rollout, seen), seen, now)
    weighed = weigh(rollout, seen)
    if weighed.rollout.failure is not None:
        return _roll_back(weighed, seen, now, weighed.rollout.failure)
    if rollout.aborted is not None:
        return _leave(weighed, seen, now, rollout.aborted)
    if (foreign := foreign_hand(rollout, seen)) is not None:
        return _give_up(weighed, seen, now, foreign)
    return _go_on(replace(weighed, rollout=settled(weighed.rollout, seen)), seen, now)


def _go_on(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    match weighed.rollout.phase:
        case Phase.PENDING:
            return _open_gate(weighed, seen, now)
        case Phase.GATING:
            return _pass_gate(weighed, seen, now)
        case Phase.PROGRESSING if weighed.rollout.reached_at is None:
            return _await_weight(weighed, seen, now)
        case Phase.PROGRESSING:
            return _end_step(weighed, seen, now)
        case Phase.PAUSED:
            return _hold(weighed)
        case Phase.PROMOTING:
            return _finish_promoting(weighed, seen, now)
        case Phase.ROLLING_BACK | Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ABORTED as phase:
            raise AssertionError(f"{phase} was answered before")
    assert_never(weighed.rollout.phase)


def _hold(weighed: Weighed, routes: tuple[Route, ...] = ()) -> Decision:
    """Nothing new is due; what was learnt is kept, and what was asked for is asked again."""
    return Decision(
        rollout=weighed.rollout,
        routes=routes,
        entries=weighed.entries,
        results=weighed.results,
        requeue_after=weighed.rollout.policy.tick,
    )


def _held_by(rollout: Rollout, seen: Observation, now: datetime) -> str | None:
    """Why no weight may rise now: somebody stopped all rollouts, or it is frozen. What leaves is never held."""
    return seen.stopped or freeze_at(rollout.freeze, now)


def _stand_still(weighed: Weighed, why: str, now: datetime) -> Decision:
    """The weight holds where it is; the ledger tells it once."""
    if weighed.rollout.held == why:
        return _hold(weighed)
    told = f"{weighed.rollout.weight} is held: {why}"
    rollout, entry = replace(weighed.rollout, held=why).recording(EntryKind.HELD, told, at=now, by=CONTROLLER)
    return _hold(replace(weighed, rollout=rollout, entries=(*weighed.entries, entry)))


def _decide(
    weighed: Weighed, rollout: Rollout, kind: EntryKind, reason: str, routes: tuple[Route, ...] = ()
) -> Decision:
    """A change of phase or weight, with the one entry that tells it."""
    at = rollout.reached_at or rollout.entered_at
    recorded, entry = rollout.recording(kind, reason, at=at, by=CONTROLLER, results=weighed.results)
    held = _hold(replace(weighed, rollout=recorded), routes)
    return replace(held, entries=(*weighed.entries, entry))


# --- the way forward -------------------------------------------------------------------------------------------------


def _open_gate(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    rollout = weighed.rollout.entered(Phase.GATING, at=now)
    names = ", ".join(hook.name for hook in rollout.hooks if hook.stage is HookStage.BEFORE_TRAFFIC)
    reason = f"no production traffic to the candidate before {names or 'the preview alias'} is ready"
    return _decide(weighed, rollout, EntryKind.GATING, reason, preview_routes(rollout, seen))


def _pass_gate(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    if not is_previewed(weighed.rollout.legs, seen.targets):
        return _await_preview(weighed, seen, now)
    rollout, failed = _hooks_answered(weighed.rollout, seen, now)
    weighed = replace(weighed, rollout=rollout)
    if failed is not None:
        return _roll_back(weighed, seen, now, failed)
    is_cold, failed = warming(rollout, seen, now)
    if failed is not None:
        return _roll_back(weighed, seen, now, failed)
    if is_cold or rollout.due_hooks() or not has_arrived(rollout, seen):
        return _hold(weighed)
    return _shift(weighed, seen, now, to_step=0)


def _await_preview(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    """No hook is heard and no traffic shifted before what tests the candidate sees it."""
    if now - weighed.rollout.entered_at >= weighed.rollout.step.deadline:
        return _roll_back(weighed, seen, now, "a preview alias was never seen to serve the candidate")
    return _hold(weighed, preview_routes(weighed.rollout, seen))


def _await_weight(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    rollout = weighed.rollout
    if has_arrived(rollout, seen):
        # Baking starts when the weight is seen on the aliases, not when it was asked for: a crash between asking and
        # applying must not count as time under observation.
        step = rollout.step
        bakes = duration_in_words(step.bake)
        reason = f"every alias shows {rollout.weight}; bakes {bakes} and needs {step.min_requests} requests"
        return _decide(weighed, rollout.reached(at=now), EntryKind.REACHED, reason)
    if (why := _held_by(rollout, seen, now)) is not None:
        # The time to arrive does not run while nothing may be written.
        return _stand_still(replace(weighed, rollout=replace(rollout, entered_at=now)), why, now)
    if now - rollout.entered_at >= rollout.step.deadline:
        return _roll_back(weighed, seen, now, f"{rollout.weight} was asked for and never seen on every alias")
    return _hold(weighed, routes_forward(rollout, seen))


def _end_step(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    """The step ends when its evidence, its bake and its hooks all agree."""
    rollout, failed = _hooks_answered(weighed.rollout, seen, now)
    weighed = replace(weighed, rollout=rollout)
    if failed is not None:
        return _roll_back(weighed, seen, now, failed)
    if rollout.verdict is not Verdict.PASS and not rollout.waived:
        return _await_evidence(weighed, seen, now)
    if not rollout.is_baked(now) or rollout.due_hooks() or not has_arrived(rollout, seen):
        return _hold(weighed)
    if rollout.needs_approval():
        return _await_approval(weighed, seen, now)
    return _leave_step(weighed, seen, now)


def _leave_step(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    if weighed.rollout.is_last_step:
        return _flip(weighed, seen, now)
    return _shift(weighed, seen, now, to_step=weighed.rollout.step_index + 1)


def _await_approval(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    """A person must approve; after the time for it the policy speaks."""
    rollout, approval = weighed.rollout, weighed.rollout.step.approval
    assert approval is not None, "only a step with an approval waits for one"
    if rollout.awaiting_since is None:
        waiting, entry = replace(rollout, awaiting_since=now).recording(
            EntryKind.AWAITING,
            f"{rollout.weight} passed; approve within {duration_in_words(approval)}",
            at=now,
            by=CONTROLLER,
        )
        return replace(_hold(replace(weighed, rollout=waiting)), entries=(*weighed.entries, entry))
    if now - rollout.awaiting_since < approval:
        return _hold(weighed)
    match rollout.policy.on_silence:
        case OnSilence.ADVANCE:
            return _leave_step(_gone_on(weighed, approval, now), seen, now)
        case OnSilence.ROLLBACK:
            return _roll_back(
                weighed, seen, now, f"nobody approved {rollout.weight} within {duration_in_words(approval)}"
            )


def _gone_on(weighed: Weighed, approval: timedelta, now: datetime) -> Weighed:
    """The entry that tells that nobody approved and the policy did."""
    told = f"nobody approved {weighed.rollout.weight} within {duration_in_words(approval)}: the policy goes on"
    approved = replace(weighed.rollout, approved=True)
    rollout, entry = approved.recording(EntryKind.APPROVED, told, at=now, by=CONTROLLER)
    return replace(weighed, rollout=rollout, entries=(*weighed.entries, entry))


def _await_evidence(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    """No clear pass: the weight holds, until the step's deadline hands the question to the policy."""
    rollout = weighed.rollout
    if not rollout.is_overdue(now) or rollout.policy.on_inconclusive is OnInconclusive.HOLD:
        return _hold(weighed)
    waited, why = duration_in_words(rollout.step.deadline), reason_for(rollout, weighed.results)
    return _roll_back(weighed, seen, now, f"{rollout.weight} was still {rollout.verdict} after {waited}: {why}")


def _shift(weighed: Weighed, seen: Observation, now: datetime, *, to_step: int) -> Decision:
    if (why := _held_by(weighed.rollout, seen, now)) is not None:
        return _stand_still(weighed, why, now)
    rollout = weighed.rollout.shifting(to_step=to_step, at=now)
    reason = f"step {to_step + 1} of {len(rollout.plan.steps)}: {rollout.weight} to the candidate"
    return _decide(weighed, rollout, EntryKind.SHIFTED, reason, routes_forward(rollout, seen))


def _flip(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    """The candidate becomes the main version, if it still can and the version to go back to is there."""
    if (unfit := next(filter(None, (target.canary_unfit for target in seen.targets)), None)) is not None:
        return _roll_back(weighed, seen, now, f"the candidate cannot serve: {unfit}")
    raises = weighed.rollout.weight < ALL_TRAFFIC
    why = _held_by(weighed.rollout, seen, now) if raises else None
    if (why := why or _nothing_to_go_back_to(seen)) is not None:
        return _stand_still(weighed, why, now)
    rollout = weighed.rollout.promoting(at=now)
    reason = f"all {len(rollout.plan.steps)} steps passed; the candidate becomes the main version"
    return _decide(weighed, rollout, EntryKind.PROMOTING, reason, routes_forward(rollout, seen))


def _nothing_to_go_back_to(seen: Observation) -> str | None:
    unfit = next(filter(None, (target.stable_unfit for target in seen.targets)), None)
    return None if unfit is None else f"no promotion without a version to go back to: {unfit}"


def _finish_promoting(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    rollout = weighed.rollout
    if not has_arrived(rollout, seen):
        raises = any(not leg.serves_all(routing) for leg, routing in routings(rollout, seen))
        if raises and (why := _held_by(rollout, seen, now)) is not None:
            return _stand_still(replace(weighed, rollout=replace(rollout, entered_at=now)), why, now)
        if now - rollout.entered_at >= rollout.step.deadline:
            return _roll_back(weighed, seen, now, "the promotion was asked for and never seen on every alias")
        return _hold(weighed, routes_forward(rollout, seen))
    reason = "every alias serves the candidate alone, as its main version"
    return _decide(weighed, rollout.entered(Phase.PROMOTED, at=now), EntryKind.PROMOTED, reason)


def _hooks_answered(rollout: Rollout, seen: Observation, now: datetime) -> tuple[Rollout, str | None]:
    """The rollout that remembers which hooks succeeded, and why one of them ends the release, if one does."""
    readings = {reading.key: reading for reading in seen.hooks}
    for key, hook in rollout.due_hooks():
        reading = readings.get(key)
        match reading.status if reading is not None else HookStatus.IN_PROGRESS:
            case HookStatus.SUCCEEDED:
                rollout = replace(rollout, passed_hooks=(*rollout.passed_hooks, key))
            case HookStatus.FAILED:
                return rollout, f"hook {hook.name} failed: {reading.reason if reading is not None else ''}"
            case HookStatus.IN_PROGRESS:
                if now - _asked_at(rollout, reading) >= hook.deadline:
                    return rollout, f"hook {hook.name} gave no answer within {duration_in_words(hook.deadline)}"
            case status:
                assert_never(status)
    return rollout, None


def _asked_at(rollout: Rollout, reading: HookReading | None) -> datetime:
    """When a hook was begun: while nobody looked, its time did not run. One that was never asked is due since then."""
    if reading is not None and reading.started_at is not None:
        return reading.started_at
    return max(rollout.reached_at or rollout.entered_at, rollout.entered_at)


# --- the way out -----------------------------------------------------------------------------------------------------


def _roll_back(weighed: Weighed, seen: Observation, now: datetime, reason: str) -> Decision:
    failed = replace(weighed.rollout, failure=reason, verdict=Verdict.FAIL)
    return _leave(replace(weighed, rollout=failed), seen, now, reason)


def _give_up(weighed: Weighed, seen: Observation, now: datetime, foreign: str) -> Decision:
    """Somebody else wrote the alias: the weight is never raised again, and no split of ours stays behind.

    Nobody is known to suffer, and it may have been another controller: who reads an older state than the one stored
    learns it by the commit, before anything is written. Nor is there a hurry: what a hand promoted is judged once more.
    """
    rollout = weighed.rollout
    given_up = _leave(replace(weighed, rollout=replace(rollout, foreign=foreign)), seen, now, foreign)
    return replace(given_up, route_first=False, requeue_after=rollout.policy.tick)


def _leave(weighed: Weighed, seen: Observation, now: datetime, reason: str) -> Decision:
    rollout = weighed.rollout.rolling_back(at=now)
    decision = _decide(weighed, rollout, EntryKind.ROLLING_BACK, reason, routes_back(rollout, seen))
    return _first(decision)


def _first(decision: Decision) -> Decision:
    """Traffic before records, and soon another look: whoever waits for the way back waits in front of a screen."""
    soon = min(decision.requeue_after, SEEN_BACK_AFTER)
    return replace(decision, route_first=True, requeue_after=soon)


def _still_judged(rollout: Rollout, seen: Observation) -> Weighed:
    """A rollout that leaves for another reason may turn out to be bad; nothing else is asked of its evidence now."""
    if rollout.failure is not None:
        return Weighed(rollout=rollout, results=())
    judged = weigh(rollout, seen).rollout
    return Weighed(rollout=replace(rollout, legs=judged.legs, failure=judged.failure), results=())


def _finish_leaving(weighed: Weighed, seen: Observation, now: datetime) -> Decision:
    rollout = weighed.rollout
    routes = routes_back(rollout, seen)
    if routes or seen.unread is not None:
        return _first(_hold(weighed, routes))
    ended = rollout.entered(rollout.ending, at=now)
    kind = EntryKind.ROLLED_BACK if ended.phase is Phase.ROLLED_BACK else EntryKind.ABORTED
    serves = ", ".join(f"{leg.target.resource} serves {routing}" for leg, routing in routings(rollout, seen))
    return _decide(weighed, ended, kind, f"{rollout.cause}; {serves or 'no alias is left'}")
