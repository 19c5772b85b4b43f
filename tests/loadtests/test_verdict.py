from __future__ import annotations

import pytest

from loadtests.verdict import ENOUGH_REQUESTS, Evidence, GateVerdict, Limits, judge


def verdict(requests: int, failed: int, p99_ms: int | None) -> GateVerdict:
    return judge(Evidence(requests=requests, failed=failed, p99_ms=p99_ms), Limits()).verdict


@pytest.mark.parametrize(
    ("requests", "failed", "p99_ms", "expected"),
    [
        (299, 2, 499, GateVerdict.PASS),
        (299, 0, 500, GateVerdict.FAIL),
        (300, 3, 100, GateVerdict.FAIL),
        (298, 0, 100, GateVerdict.INCONCLUSIVE),
        (10, 1, 100, GateVerdict.FAIL),
        (0, 0, None, GateVerdict.INCONCLUSIVE),
    ],
)
def test_a_pass_needs_both_limits_and_enough_requests(
    requests: int, failed: int, p99_ms: int | None, expected: GateVerdict
) -> None:
    """T4."""
    assert verdict(requests, failed, p99_ms) is expected


def test_enough_is_the_least_number_that_shows_a_slow_percent_in_19_of_20_runs() -> None:
    assert 0.99**ENOUGH_REQUESTS < 0.05 < 0.99 ** (ENOUGH_REQUESTS - 1)


def test_a_reason_holds_the_numbers_and_each_breached_limit() -> None:
    judged = judge(Evidence(requests=1000, failed=20, p99_ms=612), Limits())
    assert judged.reason == (
        "p99 612 ms, errors 2.00% over 1,000 requests: p99 must be below 500 ms and errors must be below 1.00%"
    )


def test_too_few_requests_say_how_many_are_needed() -> None:
    judged = judge(Evidence(requests=12, failed=0, p99_ms=9), Limits())
    assert "at least 299 are needed; raise --rate or --duration" in judged.reason
