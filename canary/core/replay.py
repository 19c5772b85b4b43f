"""(settings, standing, one period) -> the next standing: what each test of each metric makes of the period's counts.

Pure bookkeeping over `statistics`; verdicts and words belong to `judge`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from canary.core.evidence import Capital, MetricCapital, Standing, added
from canary.core.judge_settings import Attribution, JudgeSettings
from canary.core.model import Counts, Metric, MetricSpec, MetricWindow
from canary.core.statistics import (
    Prior,
    grown,
    log_or_nothing,
    log_sum,
    one_sample_log_factors,
    two_sample_log_factors,
)

LOOK_BACK = timedelta(seconds=60)
"""How far back stable's recent behaviour is looked at; the current period belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the tests of one metric say at the end of a period; e-values as logarithms.

    `counted` is what the test against the limit contributes: while the canary is compared with stable, no more than the
    evidence that it is the worse of the two, until that is clear; where stable has fallen silent, what was held back
    till then stays held back. `is_unattributed`: so much is held back that it would raise suspicion. `is_disturbed`:
    stable itself breaks the limit by far, or did a minute ago.
    """

    spec: MetricSpec
    absolute: float
    attribution: float
    relative: float
    counted: float
    is_compared: bool
    is_unattributed: bool
    is_disturbed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All answers and the logarithm of their weighted mean, the combined e-value."""

    answers: tuple[Answer, ...]
    log_e: float

    def dominant(self, settings: JudgeSettings) -> Answer:
        """The answer that contributes most."""
        absolute, relative = math.log(settings.absolute_share), math.log(1 - settings.absolute_share)
        return max(self.answers, key=lambda answer: max(absolute + answer.counted, relative + answer.relative))


def bad_of(counts: Counts, metric: Metric) -> int | None:
    """How many requests were bad by this metric; None where nobody measured it."""
    return counts.errors if metric is Metric.ERRORS else counts.slow


def is_sound(window: MetricWindow) -> bool:
    """Whether the period's counts can be true: no version has more bad requests than requests."""
    return all(
        0 <= bad <= counts.requests
        for counts in (window.stable, window.canary)
        for bad in (counts.errors, counts.slow or 0)
    )


@lru_cache(maxsize=64)  # the last periods are replayed at every look
def advanced(settings: JudgeSettings, standing: Standing, lately: tuple[MetricWindow, ...]) -> tuple[Standing, Outlook]:
    """What holds after the last period of `lately`, which is that period and those of the minute before it.

    A period whose counts cannot be true is no evidence for anything.
    """
    window = lately[-1]
    judged = [
        _judged(settings, spec, capital, lately) if is_sound(window) else capital
        for spec, capital in _paired(settings, standing)
    ]
    stable = added(*(period.stable for period in lately))
    pairs = zip(settings.specs, judged, strict=True)
    answers = tuple(_answer(settings, spec, capital, stable, window.period) for spec, capital in pairs)
    log_e = _combined(settings, answers)
    fresh = replace(
        _counted(standing, window),
        capitals=tuple(_kept(capital, answer, stable) for capital, answer in zip(judged, answers, strict=True)),
        peak_log_e=max(standing.peak_log_e, log_e),
    )
    return fresh, Outlook(answers=answers, log_e=log_e)


def _combined(settings: JudgeSettings, answers: Sequence[Answer]) -> float:
    """The logarithm of the weighted mean: a mean of e-processes is one."""
    absolute = math.log(settings.absolute_share / len(answers))
    relative = math.log((1 - settings.absolute_share) / len(answers))
    return log_sum(value for answer in answers for value in (absolute + answer.counted, relative + answer.relative))


def _paired(settings: JudgeSettings, standing: Standing) -> list[tuple[MetricSpec, MetricCapital]]:
    known = {capital.metric: capital for capital in standing.capitals}
    return [(spec, known.get(spec.metric, MetricCapital(metric=spec.metric))) for spec in settings.specs]


def log_value(capital: Capital) -> float:
    """The logarithm of an e-value: reserve and stakes together."""
    return log_sum((log_or_nothing(capital.reserve), *capital.log_stakes))


def _counted(standing: Standing, window: MetricWindow) -> Standing:
    stable, canary = window.stable.requests, window.canary.requests
    starts_anew = window.mixed or canary > 0
    return replace(
        standing,
        stable=added(standing.stable, window.stable),
        canary=added(standing.canary, window.canary),
        idle_periods=0 if stable or canary else standing.idle_periods + 1,
        unanswered=0 if starts_anew else standing.unanswered + stable,
    )


def _judged(
    settings: JudgeSettings, spec: MetricSpec, capital: MetricCapital, lately: Sequence[MetricWindow]
) -> MetricCapital:
    """The four tests after one more period.

    Quarantine: where stable itself breaks the limit, now or lately, the canary's rate says nothing about the canary.
    Periods are chosen by stable's outcomes, of which the canary's are independent given both rates, so the test stays
    valid. A mixed period compares nobody: weight and rate are confounded in it.
    """
    window = lately[-1]
    bad = bad_of(window.canary, spec.metric)
    if bad is None:
        return capital
    absolute, relative = settings.absolute_prior, settings.relative_prior
    requests, stable = window.canary.requests, window.stable.requests
    stable_bad = None if window.mixed else bad_of(window.stable, spec.metric)
    table = None if stable_bad is None else (bad, requests, stable_bad, stable)
    limits = one_sample_log_factors(bad, requests, spec.limit, absolute.multipliers)
    floors = one_sample_log_factors(bad, requests, spec.limit * settings.floor, relative.multipliers)
    return replace(
        capital,
        absolute=_bet(capital.absolute, None if _is_quarantined(spec, lately) else limits, absolute),
        attribution=_bet(capital.attribution, _compared(table, 1.0, relative), relative),
        relative=_bet(capital.relative, _compared(table, settings.tolerance, relative), relative),
        floor=_bet(capital.floor, floors, relative),
    )


def _compared(table: tuple[int, int, int, int] | None, tolerance: float, prior: Prior) -> tuple[float, ...] | None:
    return None if table is None else two_sample_log_factors(*table, tolerance, prior.multipliers)


def _bet(capital: Capital, log_factors: tuple[float, ...] | None, prior: Prior) -> Capital:
    if log_factors is None:
        return capital
    reserve, log_stakes = grown(capital.reserve, capital.log_stakes, log_factors, prior)
    return Capital(reserve=reserve, log_stakes=log_stakes)


def _is_quarantined(spec: MetricSpec, lately: Sequence[MetricWindow]) -> bool:
    return _breaks(spec, lately[-1].stable, at_least=2) or _breaks(
        spec, added(*(window.stable for window in lately)), at_least=2
    )


def _breaks(spec: MetricSpec, counts: Counts, *, at_least: int, times: float = 1.0) -> bool:
    """Whether at least so many requests were bad, and more than `times` the limit."""
    bad = bad_of(counts, spec.metric) or 0
    return bad >= at_least and bad > times * spec.limit * counts.requests


def _answer(
    settings: JudgeSettings, spec: MetricSpec, capital: MetricCapital, stable: Counts, period: timedelta
) -> Answer:
    """What the capital means; `stable` holds stable's counts of the last minute.

    Whatever is held back, no more is counted than the test against the limit has earned: the error bound stays.
    """
    absolute, attribution = log_value(capital.absolute), log_value(capital.attribution)
    is_compared = _is_compared(settings, stable)
    if not is_compared:
        counted = absolute - capital.held_back
    elif attribution < math.log(settings.attr_e):
        counted = min(absolute, attribution)
    else:
        counted = absolute
    suspicion = math.log(settings.warn * len(settings.specs) / settings.absolute_share)
    return Answer(
        spec=spec,
        absolute=absolute,
        attribution=attribution,
        relative=min(log_value(capital.relative), log_value(capital.floor)),
        counted=counted,
        is_compared=is_compared,
        is_unattributed=counted < absolute and absolute >= suspicion,
        is_disturbed=_is_disturbed(spec, stable) or capital.calm_periods * period < LOOK_BACK,
    )


def _kept(capital: MetricCapital, answer: Answer, stable: Counts) -> MetricCapital:
    calm = 0 if _is_disturbed(answer.spec, stable) else capital.calm_periods + 1
    return replace(capital, held_back=answer.absolute - answer.counted, calm_periods=calm)


def _is_disturbed(spec: MetricSpec, stable: Counts) -> bool:
    return _breaks(spec, stable, at_least=3, times=2)


def _is_compared(settings: JudgeSettings, stable: Counts) -> bool:
    match settings.attribution:
        case Attribution.AUTO:
            return stable.requests >= max(1, settings.attr_min_stable)
        case Attribution.ALWAYS:
            return stable.requests > 0
        case Attribution.OFF:
            return False
