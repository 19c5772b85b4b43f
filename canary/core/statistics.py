"""Sequential tests for counts of bad requests: floats in, floats out, everything in natural logarithms.

Each test is an e-process: capital that starts at 1 and, while its null hypothesis is true, does not grow in expectation
whatever was seen before, so that it ever reaches 1/alpha with a probability of at most alpha (Ville 1939), however
often one looks. The capital is spread over alternatives (a mixture of Wald's sequential probability ratio tests, 1945;
Robbins 1970) and over the times at which a release may turn bad.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import chain

from canary.core.errors import ConfigError

_FEW_TERMS = 20
"""So many terms stay far below the largest float, also with 10 million requests."""
_NEGLIGIBLE = 1e-17
"""A term below this share of its sum no longer changes it: the terms fall faster than a geometric series by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """How capital is spread: `shares` over odds multipliers (the alternatives), and the rest over onset times.

    The first period with evidence stakes `first` of the capital; what is left is the reserve, which catches a release
    that turns bad after minutes of health. Every later period stakes `later` of the reserve, times the share of the
    reserve that is still there to the power of `ageing`: with 0 the reserve falls exponentially, with 1 like 1/t, so
    that something is left for faults that begin after hours.

    Any prior that is fixed before the first period keeps the error bound; it decides how soon which fault is found.
    """

    multipliers: tuple[float, ...]
    shares: tuple[float, ...]
    first: float = 0.85
    later: float = 0.04
    ageing: float = 1.0

    def __post_init__(self) -> None:
        """Refuse capital out of nothing, and alternatives that are none."""
        if len(self.multipliers) != len(self.shares) or not math.isclose(sum(self.shares), 1):
            raise ConfigError("a prior needs one share for each multiplier, and shares that sum to 1")
        if min(self.multipliers) <= 1 or min(self.shares) <= 0:
            raise ConfigError("a prior needs multipliers above 1 and shares above 0")
        if not (0 < self.first < 1 and 0 < self.later < 1 and self.ageing >= 0):
            raise ConfigError("a prior stakes a share between 0 and 1 of its capital at first and later")

    def staked(self, reserve: float, *, is_first: bool) -> float:
        """What a period with evidence takes from the reserve."""
        if is_first:
            return self.first * reserve
        return self.later * reserve * math.pow(reserve / (1 - self.first), self.ageing)


def one_sample_log_factors(
    bad: int, requests: int, limit: float, multipliers: tuple[float, ...]
) -> tuple[float, ...] | None:
    """Log likelihood ratios of odds m * limit / (1 - limit) against `limit`; None without a request.

    The expected ratio is 1 where the share of bad requests is `limit` and below 1 where it is lower.
    """
    if requests == 0:
        return None
    return tuple(bad * math.log(m) - requests * math.log1p(limit * (m - 1)) for m in multipliers)


@lru_cache(maxsize=4096)
def two_sample_log_factors(  # noqa: PLR0917 - cached by position; a two-by-two table in its usual order
    canary_bad: int,
    canary_requests: int,
    stable_bad: int,
    stable_requests: int,
    tolerance: float,
    multipliers: tuple[float, ...],
) -> tuple[float, ...] | None:
    """Log likelihood ratios of an odds ratio m * tolerance against `tolerance`, given the total of bad requests.

    Given that total, the canary's part follows Fisher's noncentral hypergeometric distribution, in which the rate that
    both versions share cancels: an outage of both is no evidence. Its likelihood ratio is monotone, so the expected
    ratio is at most 1 for every odds ratio up to `tolerance`. None where the table says nothing about the odds ratio.
    """
    bad = canary_bad + stable_bad
    if bad == 0 or canary_requests == 0 or stable_requests == 0:
        return None
    odds_ratios = [tolerance, *(tolerance * m for m in multipliers)]
    null, *others = _log_normalisers(canary_requests, stable_requests, bad, odds_ratios)
    return tuple(canary_bad * math.log(m) + null - other for m, other in zip(multipliers, others, strict=True))


def _log_normalisers(canary: int, stable: int, bad: int, odds_ratios: Sequence[float]) -> list[float]:
    """`log_normaliser` at several odds ratios, up to a constant that they share.

    With few terms they are polynomials in the odds ratio with common coefficients, which takes a fifth of the time.
    """
    low, high = max(0, bad - stable), min(canary, bad)
    if high - low > _FEW_TERMS:
        return [log_normaliser(canary, stable, bad, odds_ratio) for odds_ratio in odds_ratios]
    coefficients = [1.0]
    for k in range(low, high):
        coefficients.append(coefficients[-1] * (canary - k) * (bad - k) / ((k + 1) * (stable - bad + k + 1)))
    return [
        low * math.log(odds_ratio) + math.log(reduce(lambda total, c: total * odds_ratio + c, reversed(coefficients)))
        for odds_ratio in odds_ratios
    ]


def log_normaliser(canary: int, stable: int, bad: int, odds_ratio: float) -> float:
    """Ln of sum over k of C(canary, k) C(stable, bad - k) odds_ratio**k: Fisher's noncentral hypergeometric.

    Summed outwards from the largest term, so that about 17 standard deviations of terms are visited, whatever the
    number of requests. Accurate to 1e-6 up to 10 million requests.
    """
    low, high = max(0, bad - stable), min(canary, bad)
    mode = min(max(_mode(canary, stable, bad, odds_ratio), low), high)
    total = math.fsum(
        chain(
            (1.0,),
            _falling(
                (odds_ratio * (canary - k) * (bad - k), (k + 1) * (stable - bad + k + 1)) for k in range(mode, high)
            ),
            _falling(
                (k * (stable - bad + k), odds_ratio * (canary - k + 1) * (bad - k + 1)) for k in range(mode, low, -1)
            ),
        )
    )
    return _log_choose(canary, mode) + _log_choose(stable, bad - mode) + mode * math.log(odds_ratio) + math.log(total)


def _falling(ratios: Iterable[tuple[float, float]]) -> Iterable[float]:
    """The running product of the ratios, for as long as it matters beside 1."""
    term = 1.0
    for numerator, denominator in ratios:
        term *= numerator / denominator
        if term < _NEGLIGIBLE:
            return
        yield term


def _mode(canary: int, stable: int, bad: int, odds_ratio: float) -> int:
    """The k of the largest term: where neighbouring terms are equal (Liao & Rosen 2001, American Statistician 55)."""
    a = odds_ratio - 1
    b = odds_ratio * (canary + bad + 2) + stable - bad
    c = odds_ratio * (canary + 1) * (bad + 1)
    return int(2 * c / (b + math.sqrt(b * b - 4 * a * c)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def grown(
    reserve: float, log_stakes: tuple[float, ...], log_factors: tuple[float, ...], prior: Prior
) -> tuple[float, tuple[float, ...]]:
    """Reserve and stakes (one a multiplier, in logarithms) after one period that says something.

    Stakes that belong to another number of multipliers are dropped, which can only lose capital.
    """
    is_first = len(log_stakes) != len(prior.multipliers)
    staked = prior.staked(reserve, is_first=is_first)
    fresh = [log_or_nothing(staked * share) for share in prior.shares]
    held = fresh if is_first else map(log_add, log_stakes, fresh)
    return reserve - staked, tuple(stake + factor for stake, factor in zip(held, log_factors, strict=True))


def log_add(one: float, other: float) -> float:
    """The logarithm of the sum of what two logarithms stand for."""
    low, high = (one, other) if one < other else (other, one)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def log_sum(logs: Iterable[float]) -> float:
    """The logarithm of the sum of what the logarithms stand for; minus infinity for none."""
    return reduce(log_add, logs, -math.inf)


def log_or_nothing(value: float) -> float:
    """The logarithm of a value that may be 0."""
    return math.log(value) if value > 0 else -math.inf
