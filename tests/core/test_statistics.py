"""The e-processes: agreement with two oracles, with the theorem, and with hand-computed examples (issue 3)."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import mpmath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher

from canary.core.errors import ConfigError
from canary.core.statistics import (
    Prior,
    grown,
    log_normaliser,
    log_or_nothing,
    log_sum,
    one_sample_log_factors,
    two_sample_log_factors,
)

REFERENCE = Prior(multipliers=(1.5, 2.5, 6.0, 20.0, 200.0), shares=(0.2,) * 5, first=0.5, later=0.02, ageing=0.0)

requests = st.integers(1, 400)
odds_ratios = st.floats(1, 300)
tolerances = st.just(1.0) | st.floats(1.000001, 3)
"""Within 1e-15 of 1, but not 1, scipy's C++ loses its mode and ends the process; mpmath covers what lies between."""


def log_wealths(factors: list[tuple[float, ...] | None], prior: Prior = REFERENCE) -> Iterator[float]:
    reserve, stakes = 1.0, tuple[float, ...]()
    for log_factors in factors:
        if log_factors is not None:
            reserve, stakes = grown(reserve, stakes, log_factors, prior)
        yield log_sum((log_or_nothing(reserve), *stakes))


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        pytest.param([(1, 1), (1, 1)], [2.286112, 6.174703], id="one-01-two-errors"),
        pytest.param([(1, 1)], [2.286112], id="one-02-single-error"),
        pytest.param(
            [(5, 100), (4, 100), (6, 100), (5, 100)],
            [2.206817, 4.377629, 9.988080, 14.036055],
            id="one-03-5pct-10s-ticks",
        ),
        pytest.param(
            [(1, 600), (0, 600), (1, 600), (0, 600), (2, 600)],
            [-0.678146, -0.712375, -0.733169, -0.753531, -0.773468],
            id="one-04-healthy-minutes",
        ),
        pytest.param(
            [(0, 0), (0, 50), (0, 0), (0, 0), (9, 50), (0, 0)],
            [0.0, -0.455444, -0.455444, -0.455444, 12.111344, 12.111344],
            id="one-07-gaps",
        ),
    ],
)
def test_the_test_against_a_limit_agrees_with_the_worked_examples(
    ticks: list[tuple[int, int]], expected: list[float]
) -> None:
    factors = [one_sample_log_factors(bad, n, 0.01, REFERENCE.multipliers) for bad, n in ticks]
    assert list(log_wealths(factors)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        pytest.param(
            [(3, 100, 0, 900), (4, 100, 0, 900), (2, 100, 0, 900)],
            [3.989050, 11.370064, 15.143972],
            id="two-01-blue-clean",
        ),
        pytest.param(
            [(1, 100, 9, 900), (1, 100, 8, 900), (2, 100, 9, 900)],
            [-0.486083, -0.562143, -0.574068],
            id="two-02-equal-rates",
        ),
        pytest.param(
            [(0, 100, 0, 900), (0, 0, 5, 900), (4, 100, 0, 0), (5, 100, 1, 900)],
            [0.0, 0.0, 0.0, 5.406678],
            id="two-05-no-information",
        ),
    ],
)
def test_the_comparison_of_two_versions_agrees_with_the_worked_examples(
    ticks: list[tuple[int, int, int, int]], expected: list[float]
) -> None:
    factors = [two_sample_log_factors(*tick, 1.5, REFERENCE.multipliers) for tick in ticks]
    assert list(log_wealths(factors)) == pytest.approx(expected, abs=1e-6)


@given(canary=requests, stable=requests, data=st.data(), tolerance=tolerances, multiplier=st.floats(1.01, 200))
def test_the_comparison_is_the_likelihood_ratio_of_scipys_noncentral_hypergeometric(
    canary: int, stable: int, data: st.DataObject, tolerance: float, multiplier: float
) -> None:
    bad = data.draw(st.integers(1, canary + stable))
    canary_bad = data.draw(st.integers(max(0, bad - stable), min(canary, bad)))
    pmf = [
        nchypergeom_fisher.pmf(canary_bad, canary + stable, canary, bad, psi)
        for psi in (tolerance * multiplier, tolerance)
    ]
    if min(pmf) < 1e-200:
        return  # scipy's own sum has lost its digits there; mpmath covers the tails
    factors = two_sample_log_factors(canary_bad, canary, bad - canary_bad, stable, tolerance, (multiplier,))
    assert factors == pytest.approx((math.log(pmf[0] / pmf[1]),), abs=1e-6)


def exact_log_normaliser(canary: int, stable: int, bad: int, odds_ratio: float) -> float:
    ks = range(max(0, bad - stable), min(canary, bad) + 1)
    with mpmath.workdps(60):
        psi = mpmath.mpf(odds_ratio)
        return float(mpmath.log(mpmath.fsum(math.comb(canary, k) * math.comb(stable, bad - k) * psi**k for k in ks)))


@given(canary=requests, stable=requests, share=st.floats(0, 1), odds_ratio=odds_ratios)
@example(canary=1, stable=1, share=1.0, odds_ratio=1.0)
@example(canary=400, stable=1, share=0.999, odds_ratio=300.0)
def test_the_normaliser_is_exact_sum_of_mpmath(canary: int, stable: int, share: float, odds_ratio: float) -> None:
    bad = round(share * (canary + stable))
    assert log_normaliser(canary, stable, bad, odds_ratio) == pytest.approx(
        exact_log_normaliser(canary, stable, bad, odds_ratio), abs=1e-9
    )


def windowed_log_normaliser(canary: int, stable: int, bad: int, odds_ratio: float) -> float:
    """The same sum at 40 digits, over 60 standard deviations around its middle and no further."""
    low, high = max(0, bad - stable), min(canary, bad)
    with mpmath.workdps(40):
        psi = mpmath.mpf(odds_ratio)
        a, b, c = psi - 1, psi * (canary + bad) + stable - bad, psi * canary * bad
        mean = int(2 * c / (b + mpmath.sqrt(b * b - 4 * a * c)))
        spread = int(12 * math.sqrt(min(canary, bad, high - low + 1))) + 30
        first, last = max(low, mean - spread), min(high, mean + spread)
        start = mpmath.binomial(canary, first) * mpmath.binomial(stable, bad - first) * psi**first
        term, total = start, start
        for k in range(first, last):
            term *= psi * (canary - k) * (bad - k) / mpmath.mpf((k + 1) * (stable - bad + k + 1))
            total += term
        return float(mpmath.log(total))


@pytest.mark.parametrize(
    ("canary", "stable", "bad"),
    [
        (1, 9_999_999, 1),
        (5_000_000, 5_000_000, 3),
        (100_000, 9_900_000, 10_000),
        (1_000_000, 9_000_000, 9_999_999),
        (9_000_000, 1_000_000, 200_000),
        (10_000_000, 10_000_000, 10_000_000),
    ],
)
@pytest.mark.parametrize("odds_ratio", [1.0, 1.5, 300.0])
def test_ten_million_requests_a_tick_keep_six_digits(canary: int, stable: int, bad: int, odds_ratio: float) -> None:
    expected = windowed_log_normaliser(canary, stable, bad, odds_ratio)
    assert log_normaliser(canary, stable, bad, odds_ratio) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "table", [(1, 1, 0, 9_999_999), (3, 5_000_000, 2, 5_000_000), (20, 9_000_000, 0, 30), (0, 7, 15, 16), (9, 9, 4, 4)]
)
def test_a_handful_of_bad_requests_is_compared_as_exactly_as_many(table: tuple[int, int, int, int]) -> None:
    """Few terms are summed in another way than many, with a constant left out that cancels."""
    x, n, y, m = table
    base, *others = (exact_log_normaliser(n, m, x + y, 1.5 * factor) for factor in (1.0, *REFERENCE.multipliers))
    expected = [x * math.log(factor) + base - z for factor, z in zip(REFERENCE.multipliers, others, strict=True)]
    assert two_sample_log_factors(*table, 1.5, REFERENCE.multipliers) == pytest.approx(expected, abs=1e-9)


@given(
    n=st.sampled_from([1, 2, 10, 1_000, 10_000_000]),
    m=st.sampled_from([1, 2, 10, 1_000, 10_000_000]),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_factors_are_finite_from_one_to_ten_million_requests_and_from_no_bad_to_all_bad(
    n: int, m: int, shares: tuple[float, float]
) -> None:
    x, y = round(shares[0] * n), round(shares[1] * m)
    one = one_sample_log_factors(x, n, 0.01, REFERENCE.multipliers)
    two = two_sample_log_factors(x, n, min(y, 20_000), m, 1.5, REFERENCE.multipliers) if x < 20_000 else ()
    assert all(map(math.isfinite, (*(one or ()), *(two or ()))))


@given(n=st.integers(1, 60), p0=st.floats(0.001, 0.5), multiplier=st.floats(1.01, 200), below=st.floats(0, 1))
def test_within_the_limit_the_expected_ratio_is_at_most_one(n: int, p0: float, multiplier: float, below: float) -> None:
    """Exact, over all outcomes: binomial at any rate up to the limit."""
    p = p0 * below
    expected = sum(
        math.comb(n, x)
        * p**x
        * (1 - p) ** (n - x)
        * math.exp((one_sample_log_factors(x, n, p0, (multiplier,)) or (0.0,))[0])
        for x in range(n + 1)
    )
    assert expected <= 1 + 1e-9
    assert below < 1 or expected == pytest.approx(1)


@given(
    n=st.integers(1, 30),
    m=st.integers(1, 30),
    tolerance=st.floats(1, 3),
    multiplier=st.floats(1.01, 200),
    rate=st.floats(0.01, 0.9),
    below=st.floats(0.01, 1),
)
def test_within_the_tolerance_the_expected_ratio_is_at_most_one_whatever_the_common_rate(  # noqa: PLR0917
    n: int, m: int, tolerance: float, multiplier: float, rate: float, below: float
) -> None:
    """Exact, over all outcomes of both versions: two binomials with an odds ratio up to the tolerance."""
    odds = rate / (1 - rate) * tolerance * below
    canary_rate = odds / (1 + odds)
    expected = sum(
        math.comb(n, x)
        * canary_rate**x
        * (1 - canary_rate) ** (n - x)
        * math.comb(m, y)
        * rate**y
        * (1 - rate) ** (m - y)
        * math.exp((two_sample_log_factors(x, n, y, m, tolerance, (multiplier,)) or (0.0,))[0])
        for x, y in product(range(n + 1), range(m + 1))
    )
    assert expected <= 1 + 1e-9


@given(canary=requests, stable=requests, data=st.data(), multiplier=st.floats(1.01, 200))
def test_one_more_bad_request_of_the_canary_never_speaks_for_it_nor_one_of_stable_against_it(
    canary: int, stable: int, data: st.DataObject, multiplier: float
) -> None:
    x, y = data.draw(st.integers(0, canary - 1)), data.draw(st.integers(0, stable - 1))
    base, worse, milder = (
        (two_sample_log_factors(*table, 1.5, (multiplier,)) or (0.0,))[0]
        for table in ((x, canary, y, stable), (x + 1, canary, y, stable), (x, canary, y + 1, stable))
    )
    assert milder - 1e-9 <= base <= worse + 1e-9


def test_a_fault_that_begins_late_is_found_nearly_as_soon() -> None:
    healthy = one_sample_log_factors(0, 100, 0.01, REFERENCE.multipliers)
    faulty = one_sample_log_factors(5, 100, 0.01, REFERENCE.multipliers)
    at_once = next(i for i, log in enumerate(log_wealths([faulty] * 20)) if log > math.log(100))
    late = next(i for i, log in enumerate(log_wealths([healthy] * 100 + [faulty] * 20)) if log > math.log(100))
    assert (at_once, late - 100) == (1, 3)


def test_capital_is_neither_made_nor_lost_by_staking_it() -> None:
    nothing = (0.0,) * 5
    assert list(log_wealths([nothing] * 50)) == pytest.approx([0.0] * 50)


def test_stakes_on_other_alternatives_than_the_priors_are_dropped() -> None:
    """A rollout may outlive an upgrade that changes the default prior; dropping capital keeps the error bound."""
    reserve, stakes = grown(0.5, (5.0, 6.0), (0.0,) * 5, REFERENCE)
    assert reserve + sum(map(math.exp, stakes)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"shares": (0.3, 0.2, 0.2, 0.2, 0.2)},
        {"shares": (1.0,)},
        {"multipliers": (1.0, 2.5, 6.0, 20.0, 200.0)},
        {"first": 1.0},
        {"later": 0.0},
    ],
)
def test_a_prior_that_makes_capital_out_of_nothing_is_refused(change: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ConfigError, match="a prior"):
        replace(REFERENCE, **change)  # type: ignore[arg-type]


def test_the_sum_of_nothing_is_nothing() -> None:
    assert log_sum(()) == -math.inf
    assert log_sum((-math.inf, -math.inf)) == -math.inf
    assert log_sum((1000.0, 1000.0)) == pytest.approx(1000 + math.log(2))
