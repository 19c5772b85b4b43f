"""The rules that ours is compared with decide as documented, on traffic small enough to follow by hand (issue 3)."""

from collections.abc import Sequence

import numpy as np
import pytest

from bench.detection.alarms import FAST, STANDARD, Path, Rule, Traffic, bad_served, kayenta, ratio_alarm, sam_docs_alarm
from bench.detection.flagger import FlaggerFleet
from bench.detection.plans import CANARY
from bench.detection.scenarios import Rates, Scenario, constant
from canary.core.model import Metric

NEVER = float("inf")


def traffic(*slots: tuple[int, int], stable: tuple[int, int] = (0, 900)) -> Traffic:
    """One run: (bad, requests) of the canary in every slot, and the same of stable in all of them."""
    bad, requests = (np.array([[slot[index] for slot in slots]]) for index in (0, 1))
    stable_bad, stable_requests = (np.full(requests.shape, count) for count in stable)
    return Traffic(canary=requests, canary_bad=bad, stable=stable_requests, stable_bad=stable_bad)


def decided(rule: Rule, seen: Traffic, path: Path = FAST) -> float:
    """When the rule decides the one run; looks without a random phase."""
    return float(rule(np.random.default_rng(1), seen, path)[0])


@pytest.mark.parametrize(
    ("needed", "slots", "expected"),
    [
        (1, [(2, 100)], 20),
        (1, [(1, 100)], NEVER),
        (1, [(0, 100), (1, 99)], 30),
        (2, [(5, 100), (0, 100), (5, 100), (5, 100)], 50),
        (3, [(5, 100), (5, 100), (1, 100), (5, 100), (5, 100)], NEVER),
        (3, [(5, 100), (5, 100), (5, 100)], 40),
        (1, [(0, 0), (0, 0)], NEVER),
    ],
)
def test_an_alarm_needs_so_many_breaching_periods_in_a_row(
    needed: int, slots: Sequence[tuple[int, int]], expected: float
) -> None:
    assert decided(ratio_alarm(needed, on_alias=False), traffic(*slots)) == expected


def test_on_the_alias_the_canary_is_diluted_by_stable() -> None:
    seen = traffic((5, 100), (11, 100))
    assert decided(ratio_alarm(1, on_alias=False), seen) == 20
    assert decided(ratio_alarm(1, on_alias=True), seen) == 30


def test_standard_metrics_come_a_minute_late_and_are_looked_at_once_a_minute() -> None:
    at = decided(ratio_alarm(1, on_alias=False), traffic(*[(5, 100)] * 6), STANDARD)
    assert 120 <= at < 180


def test_the_documented_alarm_fires_at_two_periods_with_one_error_each() -> None:
    assert decided(sam_docs_alarm, traffic(*[(0, 100)] * 2, stable=(1, 900))) == 30
    assert decided(sam_docs_alarm, traffic((1, 100), (0, 100), (1, 100))) == NEVER


def test_kayenta_says_nothing_before_five_points_and_then_sees_a_clear_shift() -> None:
    minute = [(5, 100), *[(0, 100)] * 5]
    clear = traffic(*[slot for _ in range(8) for slot in minute], stable=(0, 900))
    at = decided(kayenta, clear, STANDARD)
    assert 5 * 60 + 60 <= at < 5 * 60 + 120


def test_kayenta_passes_equal_and_overlapping_rates() -> None:
    assert decided(kayenta, traffic(*[(0, 100)] * 60), STANDARD) == NEVER
    noisy = traffic(*[(index % 3, 100) for index in range(60)], stable=(9, 900))
    assert decided(kayenta, noisy, STANDARD) == NEVER


def test_bad_responses_are_counted_until_the_decision_takes_effect() -> None:
    seen = traffic(*[(5, 100)] * 10)
    rolled, seconds, bad = bad_served(seen, np.array([25.0]), until_s=100)
    assert (rolled[0], seconds[0], bad[0]) == (True, 35.0, 17.5)


def test_nobody_decides_after_the_watch_has_ended() -> None:
    rolled, _, bad = bad_served(traffic(*[(5, 100)] * 10), np.array([60.0]), until_s=50)
    assert (rolled[0], bad[0]) == (False, 50)


@pytest.mark.parametrize(("threshold", "seconds"), [(1, 190), (5, 430)])
def test_flagger_rolls_back_a_tick_after_the_check_that_reached_its_threshold(threshold: int, seconds: float) -> None:
    """Minute 0 can be read at 120 s: one failed check a minute from there on, and the rollback a minute later."""
    fleet = FlaggerFleet(CANARY, STANDARD, threshold=threshold, phases=np.zeros(1, dtype=int))
    end = fleet.run(np.random.default_rng(1), rates_of(1.0), Metric.ERRORS, 100)
    assert (bool(end.rolled[0]), end.seconds[0]) == (True, seconds)


def test_flagger_promotes_after_its_passing_checks_and_watches_no_more() -> None:
    fleet = FlaggerFleet(CANARY, STANDARD, threshold=1, phases=np.zeros(1, dtype=int))
    end = fleet.run(np.random.default_rng(1), rates_of(0.0), Metric.ERRORS, 100)
    assert (bool(end.rolled[0]), end.bad[0]) == (False, 0)


def rates_of(share: float) -> Rates:
    return Scenario(name="constant", draw=constant(share, 0.0)).rates(np.random.default_rng(1), 1, 120)


def test_flagger_counts_failed_checks_for_good() -> None:
    """A passing check between two failed ones resets nothing: minutes 0 and 2 fail, the tick after that rolls back."""
    rates = rates_of(1.0)
    every_second_minute = np.arange(120) // 6 % 2 == 0
    rates.canary[Metric.ERRORS][:] = np.where(every_second_minute, 1.0, 0.0)
    fleet = FlaggerFleet(CANARY, STANDARD, threshold=2, phases=np.zeros(1, dtype=int))
    end = fleet.run(np.random.default_rng(1), rates, Metric.ERRORS, 100)
    assert (bool(end.rolled[0]), end.seconds[0]) == (True, 310)
