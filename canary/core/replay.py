"""(settings, standing, one period) -> the next standing: what each test of each metric makes of the period's counts.

Pure bookkeeping over `statistics`; verdicts and words belong to `judge`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from canary.core.errors import ConfigError
from canary.core.evidence import Capital, MetricCapital, Standing, added
from canary.core.model import Counts, Metric, MetricSpec, MetricWindow
from canary.core.statistics import (
    Prior,
    grown,
    log_or_nothing,
    log_sum,
    one_sample_log_factors,
    two_sample_log_factors,
)

ABSOLUTE_PRIOR = Prior(multipliers=(1.7, 2.6, 6.0, 20.0, 150.0), shares=(0.2, 0.25, 0.2, 0.2, 0.15))
"""Against a limit: from 1.7 times its odds, which takes thousands of requests to see, to complete failure."""
RELATIVE_PRIOR = Prior(multipliers=(2.2, 4.5, 10.0, 25.0, 120.0), shares=(0.1, 0.25, 0.35, 0.2, 0.1))
"""Against stable, on top of the tolerance: most faults multiply the odds of a bad request by ten or more."""

LOOK_BACK = timedelta(seconds=60)
"""How far back stable's recent behaviour is looked at; the current period belongs to it."""


class Attribution(StrEnum):
    """Whether a broken limit must be attributed to the canary, by comparing it with stable, before it counts.

    `AUTO`: while stable answers enough requests to be compared with. `ALWAYS`: while it answers any. `OFF`: never.
    """

    AUTO = "auto"
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """What a release is judged by.

    `alpha` bounds the probability that a healthy release is ever failed, over its whole life and all its metrics.
    Healthy means for every metric: the share of bad requests stays within its limit, and throughout either its odds are
    at most `tolerance` times stable's or the share is below `floor` times the limit.

    `absolute_share` of the capital tests the limits, the rest compares with stable; each is shared equally by metrics.
    """

    alpha: float = 0.01
    specs: tuple[MetricSpec, ...] = (MetricSpec(metric=Metric.ERRORS), MetricSpec(metric=Metric.SLOW))
    tolerance: float = 1.5
    floor: float = 0.1
    attribution: Attribution = Attribution.AUTO
    attr_min_stable: int = 60
    attr_e: float = 10.0
    warn: float = 2.0
    absolute_share: float = 0.35
    absolute_prior: Prior = ABSOLUTE_PRIOR
    relative_prior: Prior = RELATIVE_PRIOR

    def __post_init__(self) -> None:
        """Refuse settings under which the error bound would not hold or nothing could be judged."""
        if not 0 < self.alpha < 1:
            raise ConfigError(f"alpha is {self.alpha:g}; give a probability between 0 and 1, such as 0.01")
        metrics = [spec.metric for spec in self.specs]
        if not metrics or len(set(metrics)) < len(metrics):
            raise ConfigError("a judge needs each metric once, and at least one of errors and slow")
        if self.tolerance < 1:
            raise ConfigError(f"tolerance is {self.tolerance:g}; an odds ratio of 1 or more is wanted, such as 1.5")
        if not 0 < self.floor <= 1:
            raise ConfigError(f"floor is {self.floor:g}; give a share of the limit between 0 and 1, such as 0.1")
        if self.attr_min_stable < 0 or self.attr_e < 1 or not 1 < self.warn < 1 / self.alpha:
            raise ConfigError("wanted: attr_min_stable >= 0, attr_e >= 1 and warn between 1 and 1/alpha")
        if not 0 < self.absolute_share < 1:
            raise ConfigError(f"absolute_share is {self.absolute_share:g}; give a share between 0 and 1, such as 0.5")

    @property
    def threshold(self) -> float:
        """The combined e-value at which a release has failed."""
        return 1 / self.alpha


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the tests of one metric say at the end of a period; e-values as logarithms.

    `counted` is what the test against the limit contributes: while the canary is `compared` with stable, no more than
    the evidence that it is the worse of the two, until that is clear. `disturbed`: stable itself breaks the limit.
    """

    spec: MetricSpec
    absolute: float
    attribution: float
    relative: float
    counted: float
    is_compared: bool
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
    fresh = _counted(standing, window)
    if is_sound(window):
        judged = (_judged(settings, spec, capital, lately) for spec, capital in _paired(settings, standing))
        fresh = replace(fresh, capitals=tuple(judged))
    outlook = _looked_out(settings, fresh, lately)
    return replace(fresh, peak_log_e=max(fresh.peak_log_e, outlook.log_e)), outlook


def _looked_out(settings: JudgeSettings, standing: Standing, lately: Sequence[MetricWindow]) -> Outlook:
    stable = added(*(window.stable for window in lately))
    answers = tuple(_answer(settings, spec, capital, stable) for spec, capital in _paired(settings, standing))
    absolute = math.log(settings.absolute_share / len(answers))
    relative = math.log((1 - settings.absolute_share) / len(answers))
    parts = [value for answer in answers for value in (absolute + answer.counted, relative + answer.relative)]
    return Outlook(answers=answers, log_e=log_sum(parts))


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
    return MetricCapital(
        metric=spec.metric,
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


def _answer(settings: JudgeSettings, spec: MetricSpec, capital: MetricCapital, stable: Counts) -> Answer:
    absolute, attribution = log_value(capital.absolute), log_value(capital.attribution)
    compared = _is_compared(settings, stable)
    gated = compared and attribution < math.log(settings.attr_e)
    return Answer(
        spec=spec,
        absolute=absolute,
        attribution=attribution,
        relative=min(log_value(capital.relative), log_value(capital.floor)),
        counted=min(absolute, attribution) if gated else absolute,
        is_compared=compared,
        is_disturbed=_breaks(spec, stable, at_least=3, times=2),
    )


def _is_compared(settings: JudgeSettings, stable: Counts) -> bool:
    match settings.attribution:
        case Attribution.AUTO:
            return stable.requests >= max(1, settings.attr_min_stable)
        case Attribution.ALWAYS:
            return stable.requests > 0
        case Attribution.OFF:
            return False
