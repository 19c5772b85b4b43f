"""What is remembered between two looks: replay, revision, settling and the way through the store (issue 3, 3.7)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.codec import from_plain, to_plain
from canary.core.evidence import REVISABLE_PERIODS, Evidence, added
from canary.core.judge import JudgeSettings, judge_counts
from canary.core.model import Counts, MetricWindow
from tests.core.periods import NOON, TEN_SECONDS, periods

DEFAULT = JudgeSettings()


@st.composite
def ticks(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n, m = draw(st.integers(0, 60)), draw(st.integers(0, 300))
    return draw(st.integers(0, n)), n, draw(st.integers(0, m)), m


@st.composite
def histories(draw: st.DrawFn) -> tuple[MetricWindow, ...]:
    """Up to 20 contiguous periods, some of them mixed."""
    drawn = draw(st.lists(ticks(), min_size=1, max_size=20))
    slow = [(draw(st.integers(0, n)), draw(st.integers(0, m))) for _, n, _, m in drawn]
    mixed = draw(st.lists(st.integers(0, len(drawn) - 1), max_size=3))
    return periods(*drawn, slow=slow, mixed=mixed)


def remembered(windows: tuple[MetricWindow, ...], evidence: Evidence | None = None) -> Evidence:
    return judge_counts(DEFAULT, evidence or Evidence(), windows).evidence


@given(histories())
def test_judging_is_deterministic(windows: tuple[MetricWindow, ...]) -> None:
    assert judge_counts(DEFAULT, Evidence(), windows) == judge_counts(DEFAULT, Evidence(), windows)


@given(histories())
def test_judging_the_same_periods_again_changes_nothing(windows: tuple[MetricWindow, ...]) -> None:
    once = judge_counts(DEFAULT, Evidence(), windows)
    again = [w for w in windows if w.start >= (once.evidence.reread_from() or NOON)]
    assert judge_counts(DEFAULT, once.evidence, again) == once
    assert judge_counts(DEFAULT, once.evidence, ()) == once


@given(histories(), st.data())
def test_how_the_periods_are_cut_into_looks_makes_no_difference(
    windows: tuple[MetricWindow, ...], data: st.DataObject
) -> None:
    evidence, seen = Evidence(), 0
    while seen < len(windows):
        seen = data.draw(st.integers(seen + 1, len(windows)))
        since = evidence.reread_from() or NOON
        evidence = remembered(tuple(w for w in windows[:seen] if w.start >= since), evidence)
    assert evidence == remembered(windows)


@given(histories(), st.data())
def test_a_revised_period_counts_as_if_it_had_been_seen_so_at_first(
    windows: tuple[MetricWindow, ...], data: st.DataObject
) -> None:
    """Also the peak of the e-value is that of the revised counts; only a failure stays."""
    revised = data.draw(histories())[-REVISABLE_PERIODS:]
    count = min(len(revised), len(windows))
    fresh = tuple(
        replace(new, start=old.start)
        for old, new in zip(windows[len(windows) - count :], revised[len(revised) - count :], strict=True)
    )
    first_seen = remembered(windows)
    since = first_seen.reread_from() or NOON
    rest = tuple(w for w in windows[: len(windows) - count] if w.start >= since)
    after = remembered((*rest, *fresh), first_seen)
    honest = remembered((*windows[: len(windows) - count], *fresh))
    assert replace(after, failed=None) == replace(honest, failed=None)
    assert after.failed == (first_seen.failed or honest.failed)


@given(histories())
def test_evidence_comes_back_from_the_store_as_it_went_in(windows: tuple[MetricWindow, ...]) -> None:
    evidence = remembered(windows)
    assert from_plain(Evidence, json.loads(json.dumps(to_plain(evidence), allow_nan=False))) == evidence


@given(histories())
def test_every_request_is_counted_once(windows: tuple[MetricWindow, ...]) -> None:
    stable, canary = remembered(windows).totals()
    assert stable == added(*(w.stable for w in windows))
    assert canary == added(*(w.canary for w in windows))


def test_nothing_seen_asks_for_nothing_in_particular() -> None:
    assert Evidence().reread_from() is None
    assert Evidence().totals() == (Counts(), Counts())
    assert Evidence().max_e_value == 1


@pytest.mark.parametrize(("seen", "reread"), [(1, 0), (3, 0), (4, 1), (30, 27)])
def test_the_last_three_periods_are_read_again(seen: int, reread: int) -> None:
    evidence = remembered(periods(*[(0, 10, 0, 90)] * seen))
    assert evidence.reread_from() == NOON + reread * TEN_SECONDS


def test_what_is_remembered_does_not_grow_with_time() -> None:
    evidence = remembered(periods(*[(0, 10, 0, 90)] * 500))
    assert len(evidence.recent) == REVISABLE_PERIODS + 6
    assert len(json.dumps(to_plain(evidence))) < 5_000


def test_one_minute_periods_look_back_no_further_than_themselves() -> None:
    evidence = remembered(periods(*[(0, 10, 0, 90)] * 50, seconds=60))
    assert len(evidence.recent) == REVISABLE_PERIODS + 1
    assert evidence.recent[-1].end == NOON + timedelta(minutes=50)


def test_periods_already_settled_are_not_revised_any_more() -> None:
    evidence = remembered(periods(*[(0, 10, 0, 90)] * 10))
    worse = periods(*[(9, 10, 0, 90)] * 5)
    assert remembered(worse, evidence) == evidence


def test_slow_requests_that_nobody_measured_are_told_from_none() -> None:
    assert added(Counts(requests=3, slow=None)).slow is None
    assert added(Counts(requests=3, slow=None), Counts(requests=2, slow=1)).slow == 1
    assert added(Counts(slow=None)).slow == 0
