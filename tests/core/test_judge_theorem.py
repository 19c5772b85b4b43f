"""The promise on which everything rests: a healthy release fails with a probability of at most alpha (M6).

Checked on the judge itself and without simulation: every possible outcome of a few periods is enumerated with its exact
probability, for rates on the very edge of what counts as healthy.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.evidence import Evidence
from canary.core.judge import Attribution, JudgeSettings, judge_counts
from canary.core.model import Metric, MetricSpec, Verdict
from tests.core.periods import Tick, judge, number, periods

LIMIT = 0.2
SMALL = JudgeSettings(
    alpha=0.3,
    warn=1.5,
    specs=(MetricSpec(metric=Metric.ERRORS, limit=LIMIT),),
    attr_min_stable=1,
    attr_e=1.5,
)
"""Settings under which a handful of requests can already fail a release."""


@dataclass(frozen=True)
class Edge:
    """Rates in which at least one null hypothesis of every test holds with equality, or nearly."""

    canary: tuple[float, ...]
    stable: tuple[float, ...]
    canary_requests: int = 3
    stable_requests: int = 3


def odds_times(rate: float, factor: float) -> float:
    odds = factor * rate / (1 - rate)
    return odds / (1 + odds)


EDGES = [
    pytest.param(Edge((LIMIT,) * 3, (LIMIT,) * 3), id="both-at-the-limit"),
    pytest.param(Edge((LIMIT,) * 3, (odds_times(LIMIT, 1 / 1.5),) * 3), id="at-the-limit-and-at-the-tolerance"),
    pytest.param(Edge((LIMIT, 0.02, LIMIT), (LIMIT, 0.02, LIMIT)), id="rates-that-jump-together"),
    pytest.param(Edge((0.02,) * 3, (0.001,) * 3), id="at-the-floor-and-much-worse-than-stable"),
    pytest.param(Edge((LIMIT,) * 3, (0.5,) * 3), id="stable-in-trouble-and-the-canary-at-the-limit"),
    pytest.param(Edge((LIMIT,) * 3, (LIMIT,) * 3, canary_requests=5, stable_requests=1), id="little-to-compare-with"),
    pytest.param(Edge((LIMIT,) * 3, (LIMIT,) * 3, canary_requests=6, stable_requests=0), id="nothing-to-compare-with"),
]


def outcomes(edge: Edge) -> Iterator[tuple[float, list[Tick]]]:
    """Every possible history with its exact probability."""
    n, m = edge.canary_requests, edge.stable_requests
    columns = [
        [(chance(n, x, p) * chance(m, y, q), (x, n, y, m)) for x in range(n + 1) for y in range(m + 1)]
        for p, q in zip(edge.canary, edge.stable, strict=True)
    ]
    for history in product(*columns):
        yield math.prod(share for share, _ in history), [tick for _, tick in history]


def chance(requests: int, bad: int, rate: float) -> float:
    return math.comb(requests, bad) * rate**bad * (1 - rate) ** (requests - bad)


@cache
def judged(ticks: tuple[Tick, ...], attribution: Attribution) -> tuple[float, float, bool]:
    """The combined e-value after the last period, its peak, and whether the release has failed."""
    judgement = judge_counts(replace(SMALL, attribution=attribution), Evidence(), periods(*ticks))
    has_failed = any(result.verdict is Verdict.FAIL for result in judgement.results)
    last = judge_counts(replace(SMALL, attribution=attribution, alpha=1e-9), Evidence(), periods(*ticks))
    return number(last, "errors", "e_value"), judgement.evidence.max_e_value, has_failed


@pytest.mark.parametrize("attribution", Attribution)
@pytest.mark.parametrize("edge", EDGES)
def test_a_healthy_release_fails_with_a_probability_of_at_most_alpha(edge: Edge, attribution: Attribution) -> None:
    expected, peaks, failed = 0.0, dict.fromkeys((1.5, 2.0, 3.0, 5.0), 0.0), 0.0
    for probability, ticks in outcomes(edge):
        e_value, peak, has_failed = judged(tuple(ticks), attribution)
        expected += probability * e_value
        failed += probability * has_failed
        for level in peaks:
            peaks[level] += probability * (peak >= level)
    assert expected <= 1 + 1e-9
    assert failed <= SMALL.alpha
    assert all(share <= 1 / level for level, share in peaks.items())


def test_the_settings_of_this_check_are_sharp_enough_to_fail_a_bad_release() -> None:
    bad = Edge((0.9,) * 3, (0.02,) * 3)
    failed = sum(share for share, ticks in outcomes(bad) if judged(tuple(ticks), Attribution.AUTO)[2])
    assert failed > 0.9


@given(ticks=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8))
def test_one_more_bad_request_of_the_canary_never_lowers_the_e_value(ticks: list[tuple[int, int, int]]) -> None:
    """In the last period. One more in an earlier period may: it moves capital to alternatives that later lose it."""
    settings = replace(JudgeSettings(), alpha=1e-300)
    base: list[Tick] = [(x, 40, min(y, m), m) for x, m, y in ticks]
    x, n, y, m = base[-1]
    worse: list[Tick] = [*base[:-1], (x + 1, n, y, m)]
    e_value, worse_e_value = (number(judge(settings, *history), "errors", "e_value") for history in (base, worse))
    assert e_value <= worse_e_value * (1 + 1e-9)
