"""Builders for the judge's tests: they show the counts and hide the clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from canary.core.evidence import Evidence
from canary.core.judge import Attribution, Judgement, JudgeSettings, judge_counts
from canary.core.model import Counts, Metric, MetricResult, MetricSpec, MetricWindow, Verdict
from canary.core.statistics import Prior

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEN_SECONDS = timedelta(seconds=10)

REFERENCE_PRIOR = Prior(multipliers=(1.5, 2.5, 6.0, 20.0, 200.0), shares=(0.2,) * 5, first=0.5, later=0.02, ageing=0.0)
REFERENCE = JudgeSettings(
    attr_min_stable=0,
    attr_e=10.0,
    warn=4.0,
    absolute_share=0.5,
    absolute_prior=REFERENCE_PRIOR,
    relative_prior=REFERENCE_PRIOR,
)
"""The parameters of the worked examples."""
ERRORS_ONLY = JudgeSettings(specs=(MetricSpec(metric=Metric.ERRORS),), attribution=Attribution.AUTO)

Tick = tuple[int, int, int, int]
"""Errors and requests of the canary, errors and requests of stable."""


def periods(
    *ticks: Tick, slow: Sequence[tuple[int, int]] = (), mixed: Sequence[int] = (), skip: int = 0, seconds: int = 10
) -> tuple[MetricWindow, ...]:
    """Contiguous periods from noon on, or from `skip` periods later; `slow` is (canary, stable)."""
    slow = slow or [(0, 0)] * len(ticks)
    period = timedelta(seconds=seconds)
    return tuple(
        MetricWindow(
            start=NOON + (skip + index) * period,
            period=period,
            canary=Counts(requests=n, errors=x, slow=slow_canary),
            stable=Counts(requests=m, errors=y, slow=slow_stable),
            mixed=index in mixed,
        )
        for index, ((x, n, y, m), (slow_canary, slow_stable)) in enumerate(zip(ticks, slow, strict=True))
    )


def judge(settings: JudgeSettings, *ticks: Tick, share: float | None = None) -> Judgement:
    return judge_counts(settings, Evidence(), periods(*ticks), expected_share=share)


def result(judgement: Judgement, name: str) -> MetricResult:
    return next(result for result in judgement.results if result.name == name)


def verdicts(judgement: Judgement) -> dict[str, Verdict]:
    return {result.name: result.verdict for result in judgement.results}


def number(judgement: Judgement, name: str, key: str) -> float:
    return dict(result(judgement, name).numbers)[key]
