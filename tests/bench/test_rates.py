"""When a rate counts as carried."""

from __future__ import annotations

from typing import Any

import pytest

from bench.rates_bench import Step, seconds_for
from loadtests.document import Api, operations

NAMES = [f"{each.method} {each.template}" for api in Api for each in operations(api).values()]


def step(rarest: int = 299, *, p99_ms: int = 499, failed: int = 0, requests: int = 5_000) -> Step:
    endpoints: dict[str, Any] = {name: {"requests": 1_000, "p99_ms": 20} for name in NAMES}
    endpoints["POST /fraud-webhook"] = {"requests": rarest, "p99_ms": p99_ms}
    return Step(
        rate=50, seconds=100, summary={"endpoints": endpoints, "total": {"requests": requests, "failed": failed}}
    )


def test_a_rate_is_carried_when_each_endpoint_was_fast_over_enough_requests() -> None:
    assert step().is_carried


@pytest.mark.parametrize(
    "missing",
    [step(298), step(p99_ms=500), step(failed=1), step(requests=4_700)],
    ids=["few", "slow", "failed", "behind"],
)
def test_it_is_not_without_one_of_these(missing: Step) -> None:
    """A p99 of 30 requests was taken for one: it is the slowest of them, and says nothing of one in a hundred."""
    assert not missing.is_carried


def test_an_endpoint_that_was_never_called_is_not_fast() -> None:
    unseen = step()
    del unseen.summary["endpoints"]["POST /fraud-webhook"]
    assert not unseen.is_carried


def test_a_low_rate_takes_longer() -> None:
    assert (seconds_for(50), seconds_for(400)) == (276, 35)
