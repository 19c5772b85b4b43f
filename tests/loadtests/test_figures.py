from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.figures import Figures, Record, Seen


def seen(
    *,
    version: str = "7",
    status: int = 200,
    valid: bool = True,
    elapsed_ms: float = 10,
    at: float = 100,
    endpoint: str = "GET /payments",
) -> Seen:
    return Seen(endpoint=endpoint, version=version, status=status, valid=valid, elapsed_ms=elapsed_ms, at=at)


@pytest.mark.parametrize(
    ("one", "bad"),
    [
        (seen(status=500), True),
        (seen(status=499, valid=False), False),
        (seen(elapsed_ms=500), False),
        (seen(elapsed_ms=500.1), True),
        (seen(status=0, valid=False), False),
    ],
)
def test_a_bad_response_is_a_fault_or_slow(one: Seen, bad: bool) -> None:  # noqa: FBT001 - a table of cases
    assert one.is_bad is bad


def test_figures_count_failures_and_know_when_it_was_bad() -> None:
    figures = Figures()
    for one in (seen(at=1), seen(status=500, valid=False, at=2), seen(elapsed_ms=700, at=5), seen(valid=False, at=6)):
        figures.add(one)
    assert figures.summary() == {
        "requests": 4,
        "failed": 2,
        "bad": 2,
        "slow": 1,
        "p50_ms": 10,
        "p99_ms": 700,
        "max_ms": 700,
        "first_bad_at": 2,
        "last_bad_at": 5,
    }


def test_figures_without_requests_claim_nothing() -> None:
    assert Figures().percentile_ms(99) is None


@given(st.lists(st.integers(min_value=0, max_value=5_000), min_size=1))
def test_a_percentile_is_the_nearest_rank(times: list[int]) -> None:
    figures = Figures()
    for elapsed_ms in times:
        figures.add(seen(elapsed_ms=elapsed_ms))
    assert figures.percentile_ms(50) == statistics.median_low(times)
    assert figures.percentile_ms(100) == max(times)


def test_a_part_of_a_millisecond_counts_as_a_whole_one() -> None:
    figures = Figures()
    figures.add(seen(elapsed_ms=499.2))
    assert figures.percentile_ms(99) == 500


def test_a_record_tells_versions_and_endpoints_apart() -> None:
    record = Record(counts_from=0)
    for version, endpoint in (("7", "a"), ("8", "a"), ("8", "b")):
        record.add(seen(version=version, endpoint=endpoint))
    assert {name: figures.requests for name, figures in record.versions.items()} == {"7": 1, "8": 2}
    assert {name: figures.requests for name, figures in record.endpoints.items()} == {"a": 2, "b": 1}


def test_the_warm_up_is_counted_apart() -> None:
    record = Record(counts_from=50)
    record.add(seen(at=49, status=500, valid=False))
    record.add(seen(at=50))
    assert (record.warm_up.requests, record.total.requests, record.total.failed) == (1, 1, 0)
