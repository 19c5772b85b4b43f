"""Whether a load test's figures allow a release. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ENOUGH_REQUESTS: Final = 299
"""With fewer, a service whose 99th percentile misses the limit shows no slow request at all in more than one run of
twenty: 0.99 ** 299 < 0.05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a load test counted, its warm-up left out."""

    requests: int
    failed: int
    p99_ms: int | None
    """None when there was no request."""


class GateVerdict(StrEnum):
    """What the gate says; only a pass lets a release go on."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the figures are held against."""

    p99_ms: float = 500
    error_share: float = 0.01
    """Failed requests among all, 0..1; the share itself is too much already."""
    min_requests: int = ENOUGH_REQUESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and the sentence that explains it."""

    verdict: GateVerdict
    reason: str


def judge(evidence: Evidence, limits: Limits) -> Judgement:
    """The verdict on what was counted after the warm-up.

    A breach of a limit is a fail however few requests there were; a pass needs `min_requests`.
    """
    if evidence.p99_ms is None:
        return Judgement(verdict=GateVerdict.INCONCLUSIVE, reason="no request was counted; raise --rate or --duration")
    errors = evidence.failed / evidence.requests
    measured = f"p99 {evidence.p99_ms} ms, errors {errors:.2%} over {evidence.requests:,} requests"
    breaches = [
        *([f"p99 must be below {limits.p99_ms:g} ms"] if evidence.p99_ms >= limits.p99_ms else []),
        *([f"errors must be below {limits.error_share:.2%}"] if errors >= limits.error_share else []),
    ]
    if breaches:
        return Judgement(verdict=GateVerdict.FAIL, reason=f"{measured}: {' and '.join(breaches)}")
    if evidence.requests < limits.min_requests:
        too_few = f"{measured}: at least {limits.min_requests} are needed; raise --rate or --duration"
        return Judgement(verdict=GateVerdict.INCONCLUSIVE, reason=too_few)
    return Judgement(verdict=GateVerdict.PASS, reason=measured)
