"""(rollout, observation) -> what the evidence says now: every count, alarm and blind spot judged into one verdict."""

from dataclasses import dataclass, replace
from datetime import datetime

from canary.core.decision import Observation, SeenPath, SeenTarget
from canary.core.judge import DATA, SILENCE, JudgeSettings, judge_alarms, judge_counts, judge_traffic, verdict_of
from canary.core.ledger import CONTROLLER, EntryKind, LedgerEntry
from canary.core.leg import Leg, PathEvidence
from canary.core.model import FULL_BASIS_POINTS, MetricResult, MetricWindow, Phase, Verdict
from canary.core.rollout import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """The rollout with its evidence brought up to date, the answers behind its verdict, and the entry that tells it."""

    rollout: Rollout
    results: tuple[MetricResult, ...]
    entries: tuple[LedgerEntry, ...] = ()


def weigh(rollout: Rollout, seen: Observation) -> Weighed:
    """The evidence after one more look. A failure, once known, is never unlearnt."""
    legs, results = _weigh_legs(rollout, seen)
    results = (*results, *judge_alarms(seen.alarms), *_blindness(seen))
    failure = rollout.failure or _first_failure(results)
    verdict = verdict_of(results) if failure is None else Verdict.FAIL
    fresh = replace(rollout, legs=legs, verdict=verdict, failure=failure)
    if verdict in (rollout.verdict, Verdict.FAIL) or rollout.first_shift_at is None:
        return Weighed(rollout=fresh, results=results)
    return _told(fresh, results, seen.observed_at)


def reason_for(rollout: Rollout, results: tuple[MetricResult, ...]) -> str:
    """The verdict's reason in one line."""
    if rollout.verdict is Verdict.PASS:
        return "every question passes"
    return "; ".join(_line(result) for result in results if result.verdict is rollout.verdict)


def _told(rollout: Rollout, results: tuple[MetricResult, ...], at: datetime) -> Weighed:
    """A changed verdict is history; a failed one is told by the entry of the rollback that follows from it."""
    reason = reason_for(rollout, results)
    recorded, entry = rollout.recording(EntryKind.VERDICT, reason, at=at, by=CONTROLLER, results=results)
    return Weighed(rollout=recorded, results=results, entries=(entry,))


def _weigh_legs(rollout: Rollout, seen: Observation) -> tuple[tuple[Leg, ...], tuple[MetricResult, ...]]:
    if rollout.first_shift_at is None:
        return rollout.legs, ()
    weighed = [_weigh_leg(rollout, leg, target) for leg, target in zip(rollout.legs, seen.targets, strict=True)]
    return tuple(leg for leg, _ in weighed), tuple(result for _, results in weighed for result in results)


def _weigh_leg(rollout: Rollout, leg: Leg, seen: SeenTarget) -> tuple[Leg, tuple[MetricResult, ...]]:
    """The leg with its new periods judged."""
    fresh, results = leg, list[MetricResult]()
    for index, known in enumerate(leg.paths):
        windows = _windows_of(rollout, seen, known)
        evidence, answers = _judge_path(rollout, leg, known, windows)
        fresh = fresh.knowing(index, evidence)
        if index == 0:
            fresh = replace(fresh, floor=_floor(rollout, fresh, windows))
        results += [answer for answer in answers if _counts(rollout, fresh, answer, is_first=index == 0)]
    return fresh, (*results, *_traffic(rollout, fresh))


def _counts(rollout: Rollout, leg: Leg, answer: MetricResult, *, is_first: bool) -> bool:
    """Every answer of the first path counts, but for the silence of a function that may be silent."""
    if not is_first:
        return answer.verdict is Verdict.FAIL
    if answer.verdict is not Verdict.INCONCLUSIVE or rollout.needed_requests(leg) > 0:
        return True
    is_unheard = leg.requests() == 0 and not answer.name.endswith(DATA)
    return not (is_unheard or answer.name.endswith(SILENCE))


def _judge_path(
    rollout: Rollout, leg: Leg, known: PathEvidence, windows: tuple[MetricWindow, ...]
) -> tuple[PathEvidence, tuple[MetricResult, ...]]:
    """One metric path of one target is a test of its own and gets its share of the release's alpha (union bound).

    The slower path beside a function's own metrics is there for what those cannot see, a version that dies before it
    can emit anything: it adds its failures, and its silence holds nothing.
    """
    settings = shared_alpha(rollout, leg)
    share = rollout.weight.basis_points / FULL_BASIS_POINTS if rollout.reached_at is not None else None
    judged = judge_counts(settings, known.evidence, windows, expected_share=share)
    asked = f"{leg.target.resource} ({known.path})"
    named = tuple(replace(result, name=f"{asked} {result.name}") for result in judged.results)
    return replace(known, evidence=judged.evidence), named


def shared_alpha(rollout: Rollout, leg: Leg) -> JudgeSettings:
    """What each metric path of a target is judged by: every path of every target has an equal share of alpha."""
    return replace(rollout.judge, alpha=rollout.judge.alpha / (len(rollout.legs) * len(leg.paths)))


def _windows_of(rollout: Rollout, seen: SeenTarget, known: PathEvidence) -> tuple[MetricWindow, ...]:
    """The periods read on a path; those in which the weight changed are marked."""
    read = next((path for path in seen.paths if path.path is known.path), SeenPath(path=known.path, windows=()))
    return tuple(
        replace(window, mixed=window.mixed or any(change.overlaps(window) for change in rollout.changes))
        for window in read.windows
    )


def _floor(rollout: Rollout, leg: Leg, windows: tuple[MetricWindow, ...]) -> int | None:
    """The requests before the step: fixed when the first period that lies wholly after its weight was seen comes in."""
    if leg.floor is not None or rollout.reached_at is None:
        return leg.floor
    within = [window.canary.requests for window in windows if window.start >= rollout.reached_at]
    return leg.requests() - sum(within) if within else None


def _traffic(rollout: Rollout, leg: Leg) -> tuple[MetricResult, ...]:
    """Too few requests claim nothing; while the weight is on its way there are none."""
    if rollout.phase not in (Phase.PROGRESSING, Phase.PAUSED) or rollout.waived:
        return ()
    result = judge_traffic(seen=leg.requests_in_step(), needed=rollout.needed_requests(leg))
    return (replace(result, name=f"{leg.target.resource} {result.name}"),)


def _blindness(seen: Observation) -> tuple[MetricResult, ...]:
    return () if seen.blind is None else (MetricResult(name="metrics", verdict=Verdict.ERROR, reason=seen.blind),)


def _first_failure(results: tuple[MetricResult, ...]) -> str | None:
    return next((_line(result) for result in results if result.verdict is Verdict.FAIL), None)


def _line(result: MetricResult) -> str:
    return f"{result.name}: {result.reason}"
