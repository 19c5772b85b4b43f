"""(settings, counts) -> answers with their reasons; answers -> verdict.

A release fails when the combined e-value of its tests reaches 1/alpha, and stays failed. Suspicion, a disturbance of
both versions and silence are answered by `inconclusive`: the weight holds. Whether enough requests were seen to claim a
pass is a question of its own (`judge_traffic`).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Final

from canary.core.evidence import LARGEST_LOG, REVISABLE_PERIODS, Evidence, Standing
from canary.core.judge_settings import Attribution, JudgeSettings
from canary.core.model import AlarmReading, AlarmState, Counts, Metric, MetricResult, MetricWindow, Verdict, worst_of
from canary.core.replay import LOOK_BACK, Answer, Outlook, advanced, bad_of, is_sound
from canary.schema import SLOW_AFTER_MS

__all__ = [
    "Attribution",
    "JudgeSettings",
    "Judgement",
    "judge_alarms",
    "judge_counts",
    "judge_traffic",
    "verdict_of",
]

SILENT_PERIODS = 5
"""So many periods without a request by anybody are no longer taken for a pause between two calls."""
ROUTING_SUSPECT = 20
"""With so many requests expected of the canary, none at all comes by chance in one of e**20 cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The evidence after one more look and what it means; `incident` says that stable itself breaks a limit."""

    evidence: Evidence
    results: tuple[MetricResult, ...]
    incident: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What holds at the end of one period."""

    standing: Standing
    outlook: Outlook


def judge_counts(
    settings: JudgeSettings,
    evidence: Evidence,
    windows: Sequence[MetricWindow],
    *,
    expected_share: float | None = None,
) -> Judgement:
    """One answer for each metric, and one for the data where they are silent or unusable.

    `windows` are ascending and contiguous and hold everything that was read from `evidence.reread_from()` on: periods
    seen before are replaced by their revision and replayed, so that equal windows change nothing, and revised ones
    leave the same evidence as if they had been seen so at first. `expected_share` is the canary's weight as a share of
    1, where it is known to be in force: it tells an idle canary from one that no request reaches.
    """
    periods = _merged(evidence, windows)
    if (trouble := _disorder(periods)) is not None:
        return Judgement(evidence=evidence, results=(_about_data(Verdict.ERROR, trouble),))
    if not periods:
        return Judgement(evidence=evidence, results=(_about_data(Verdict.INCONCLUSIVE, "no period was read yet"),))
    unsettled = [
        i for i, w in enumerate(periods) if evidence.settled_until is None or w.start >= evidence.settled_until
    ]
    moments = list(_replayed(settings, evidence.settled, periods, unsettled))
    fresh = _settled(evidence, periods, unsettled, moments)
    fresh = replace(fresh, failed=evidence.failed or _first_failure(settings, moments))
    results = (_result(settings, answer, moments[-1]) for answer in moments[-1].outlook.answers)
    latched = tuple(fresh.failed if fresh.failed and fresh.failed.name == fine.name else fine for fine in results)
    return Judgement(
        evidence=fresh,
        results=(*latched, *_judge_data(fresh, moments[-1].standing, expected_share)),
        incident=any(answer.is_disturbed for answer in moments[-1].outlook.answers),
    )


# --- periods ---------------------------------------------------------------------------------------------------------


def _merged(evidence: Evidence, windows: Sequence[MetricWindow]) -> list[MetricWindow]:
    """All periods still remembered, in order; what is settled is not revised any more."""
    settled_until = evidence.settled_until
    by_start = {window.start: window for window in evidence.recent}
    by_start |= {w.start: w for w in windows if settled_until is None or w.start >= settled_until}
    return [by_start[start] for start in sorted(by_start)]


def _disorder(periods: Sequence[MetricWindow]) -> str | None:
    for earlier, later in pairwise(periods):
        if earlier.end != later.start or earlier.period != later.period:
            return f"the periods from {earlier.start:%H:%M:%S} and from {later.start:%H:%M:%S} UTC do not join up"
    return None


def _replayed(
    settings: JudgeSettings, standing: Standing, periods: Sequence[MetricWindow], unsettled: Iterable[int]
) -> Iterator[_Moment]:
    for index in unsettled:
        standing, outlook = advanced(settings, standing, _lately(periods[: index + 1]))
        yield _Moment(standing=standing, outlook=outlook)


def _lately(periods: Sequence[MetricWindow]) -> tuple[MetricWindow, ...]:
    """The last period and those before it that touch the minute up to its end."""
    since = periods[-1].end - LOOK_BACK
    return tuple(takewhile(lambda window: window.end > since, reversed(periods)))[::-1]


def _settled(
    evidence: Evidence, periods: Sequence[MetricWindow], unsettled: Sequence[int], moments: Sequence[_Moment]
) -> Evidence:
    """The evidence in which only the last periods stay open to revision."""
    peak = moments[-1].standing.peak_log_e
    count = len(unsettled) - REVISABLE_PERIODS
    if count <= 0:
        return replace(evidence, recent=tuple(periods), peak_log_e=peak)
    until = periods[unsettled[count]].start
    return Evidence(
        settled_until=until,
        settled=moments[count - 1].standing,
        recent=tuple(window for window in periods if window.end > until - LOOK_BACK),
        peak_log_e=peak,
    )


# --- answers ---------------------------------------------------------------------------------------------------------


def _first_failure(settings: JudgeSettings, moments: Iterable[_Moment]) -> MetricResult | None:
    failing = (moment for moment in moments if moment.outlook.log_e >= math.log(settings.threshold))
    moment = next(failing, None)
    if moment is None:
        return None
    answer = moment.outlook.dominant(settings)
    return _worded(settings, answer, moment, Verdict.FAIL, _accusation(settings, answer, moment))


def _result(settings: JudgeSettings, answer: Answer, moment: _Moment) -> MetricResult:
    """The answer of one metric that has not failed."""
    counts, bad = moment.standing.canary, bad_of(moment.standing.canary, answer.spec.metric)
    if counts.requests == 0:
        return _worded(settings, answer, moment, Verdict.INCONCLUSIVE, "the canary has answered no request yet")
    if bad is None:
        return _worded(settings, answer, moment, Verdict.INCONCLUSIVE, "nobody measured this for the canary")
    told = _told(answer, moment.standing)
    if moment.outlook.log_e >= math.log(settings.warn) and answer is moment.outlook.dominant(settings):
        told = f"{told}; suspicious: e-value {_number(moment.outlook.log_e)}, {settings.threshold:g} fails the release"
        return _worded(settings, answer, moment, Verdict.INCONCLUSIVE, told)
    if answer.is_disturbed:
        told = (
            f"{told}; stable itself broke twice the limit within the last {2 * LOOK_BACK.seconds} s: a shared incident"
        )
        return _worded(settings, answer, moment, Verdict.INCONCLUSIVE, told)
    if answer.is_unattributed:
        told = f"{told}; the canary broke the limit, and it is not clear that it is the worse of the two"
        return _worded(settings, answer, moment, Verdict.INCONCLUSIVE, told)
    return _worded(settings, answer, moment, Verdict.PASS, told)


def _worded(settings: JudgeSettings, answer: Answer, moment: _Moment, verdict: Verdict, reason: str) -> MetricResult:
    standing, metric = moment.standing, answer.spec.metric
    peak = min(standing.peak_log_e, LARGEST_LOG)
    numbers = {
        "e_value": _value(moment.outlook.log_e),
        "e_needed": settings.threshold,
        "p_value": math.exp(-peak),
        "e_absolute": _value(answer.absolute),
        "e_attribution": _value(answer.attribution),
        "e_relative": _value(answer.relative),
        "canary_requests": float(standing.canary.requests),
        "canary_bad": float(bad_of(standing.canary, metric) or 0),
        "stable_requests": float(standing.stable.requests),
        "stable_bad": float(bad_of(standing.stable, metric) or 0),
        "limit": answer.spec.limit,
    }
    return MetricResult(name=metric.value, verdict=verdict, reason=reason, numbers=tuple(numbers.items()))


def _accusation(settings: JudgeSettings, answer: Answer, moment: _Moment) -> str:
    """Why the release failed: what was seen, what decided, and how sure that is."""
    chance = math.exp(-min(moment.outlook.log_e, LARGEST_LOG))
    return (
        f"{_told(answer, moment.standing)}; {_decider(answer)}; e-value {_number(moment.outlook.log_e)} "
        f"({settings.threshold:g} fails): a healthy one ever looks so bad with a probability below {_percent(chance)}"
    )


def _decider(answer: Answer) -> str:
    if answer.relative >= answer.counted:
        return "decided by the comparison with stable"
    if answer.is_compared:
        return "decided by the limit, and the canary is worse than stable"
    return "decided by the limit alone: stable had too little traffic to compare with"


def _told(answer: Answer, standing: Standing) -> str:
    metric = answer.spec.metric
    did = "failed" if metric is Metric.ERRORS else f"took over {SLOW_AFTER_MS} ms"
    canary, stable = (_share(counts, metric) for counts in (standing.canary, standing.stable))
    return f"of the canary's requests {canary} {did}, of stable's {stable}; the limit is {_percent(answer.spec.limit)}"


def _share(counts: Counts, metric: Metric) -> str:
    bad = bad_of(counts, metric)
    if counts.requests == 0 or bad is None:
        return "none"
    return f"{bad:,} of {counts.requests:,} ({_percent(bad / counts.requests)})"


def _judge_data(evidence: Evidence, standing: Standing, expected_share: float | None) -> tuple[MetricResult, ...]:
    """What is wrong with the data themselves, if anything."""
    if (broken := next((w for w in evidence.unsettled() if not is_sound(w)), None)) is not None:
        when = f"{broken.start:%H:%M:%S} UTC"
        return (_about_data(Verdict.ERROR, f"the period from {when} counts more bad requests than requests"),)
    if (partial := next((w for w in evidence.unsettled() if w.partial), None)) is not None:
        reason = f"the period from {partial.start:%H:%M:%S} UTC came in part only: requests without errors or durations"
        return (_about_data(Verdict.INCONCLUSIVE, reason),)
    if standing.idle_periods >= SILENT_PERIODS:
        reason = f"neither version was called in the last {standing.idle_periods} periods"
        return (MetricResult(name=SILENCE, verdict=Verdict.INCONCLUSIVE, reason=reason),)
    if expected_share and standing.unanswered * expected_share > ROUTING_SUSPECT:
        reason = (
            f"no request reached the canary while stable answered {standing.unanswered:,}, "
            f"though its weight is {_percent(expected_share)}: check the alias"
        )
        return (_about_data(Verdict.INCONCLUSIVE, reason),)
    return ()


DATA: Final = "data"
"""The name of the answer that tells what is wrong with the data themselves."""
SILENCE: Final = "silence"
"""The name of the answer that neither version was called; whether that may be so is the release's to say."""


def _about_data(verdict: Verdict, reason: str) -> MetricResult:
    return MetricResult(name=DATA, verdict=verdict, reason=reason)


def _value(log: float) -> float:
    return math.exp(min(log, LARGEST_LOG))


def _number(log: float) -> str:
    return f"{_value(log):.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


# --- what is not counted ---------------------------------------------------------------------------------------------


def judge_alarms(readings: Sequence[AlarmReading]) -> tuple[MetricResult, ...]:
    """One answer for each alarm, whatever the counts say: an alarm is a brake of its own."""
    return tuple(_judge_alarm(reading) for reading in readings)


def _judge_alarm(reading: AlarmReading) -> MetricResult:
    told = f" ({reading.reason})" if reading.reason else ""
    match reading.state:
        case AlarmState.ALARM:
            since = f" since {reading.since:%H:%M:%S} UTC" if reading.since else ""
            verdict, reason = Verdict.FAIL, f"is in ALARM{since}{told}"
        case AlarmState.MISSING:
            verdict, reason = Verdict.ERROR, "does not exist: it watches nothing; create it or take it off the release"
        case AlarmState.INSUFFICIENT_DATA:
            never = "has never had data: check its dimensions" if not reading.had_data else "has too little data"
            verdict, reason = Verdict.PASS, f"is not in ALARM, but {never}"
        case AlarmState.OK:
            verdict, reason = Verdict.PASS, "is OK"
    return MetricResult(name=f"alarm {reading.name}", verdict=verdict, reason=reason)


def judge_traffic(*, seen: int, needed: int) -> MetricResult:
    """Whether the canary answered enough requests for a claim of health: 299 without a bad one show 1 % at 95 %."""
    verdict = Verdict.PASS if seen >= needed else Verdict.INCONCLUSIVE
    reason = f"{seen:,} of the {needed:,} requests that a pass needs"
    return MetricResult(name="traffic", verdict=verdict, reason=reason)


def verdict_of(results: Iterable[MetricResult]) -> Verdict:
    """The worst verdict; without any answer nothing is known."""
    return worst_of(*(result.verdict for result in results))
