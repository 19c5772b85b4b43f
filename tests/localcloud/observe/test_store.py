"""The store of points: folding, forgetting, what a query may see."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe.query import Span, Timeline
from localcloud.observe.samples import StatisticSet
from localcloud.observe.store import MINUTES_KEPT, SECONDS_KEPT, STANDARD_SECONDS_KEPT, MetricStore, metric_id

METRIC = metric_id("N", "M", {"b": "2", "a": "1"})
NOW = 1_000_000_020


def sizes(store: MetricStore, end: float = NOW + 1) -> dict[int, float]:
    return {reading.second: reading.samples.size for reading in store.read(METRIC, 0, end)}


def test_a_metric_is_the_same_in_whatever_order_its_dimensions_come() -> None:
    assert metric_id("N", "M", {"a": "1", "b": "2"}) == METRIC
    assert metric_id("N", "M", {"a": "1"}) != METRIC


def test_equal_values_of_one_second_fold_into_a_count() -> None:
    store = MetricStore()
    for tenth in range(10):
        store.record(METRIC, 7, at=NOW + tenth / 10)
    (reading,) = store.read(METRIC, NOW, NOW + 1)
    assert (reading.second, reading.samples.counts) == (NOW, {7: 10})


def test_a_reader_cannot_change_what_is_stored() -> None:
    store = MetricStore()
    store.record(METRIC, 7, at=NOW)
    store.read(METRIC, NOW, NOW + 1)[0].samples.add(8)
    assert sizes(store) == {NOW: 1}


def test_a_unit_selects_its_points() -> None:
    store = MetricStore()
    store.record(METRIC, 7, at=NOW, unit="Seconds")
    store.record(METRIC, 8, at=NOW, unit="Count")
    (reading,) = store.read(METRIC, NOW, NOW + 1, "Count")
    assert reading.samples.counts == {8: 1}
    assert store.units(METRIC) == ["Seconds", "Count"]


def test_standard_points_show_at_their_minute_and_high_resolution_points_at_their_second() -> None:
    store = MetricStore()
    store.record(METRIC, 1, at=NOW + 7)
    store.record(METRIC, 1, at=NOW + 7, high_resolution=True)
    timeline = Timeline(store.read)
    shown = {found.stream.high_resolution: timeline.timestamp(found) for found in store.read(METRIC, NOW, NOW + 60)}
    assert shown == {False: NOW // 60 * 60, True: NOW + 7}


def test_old_seconds_become_minutes_without_losing_a_count() -> None:
    store = MetricStore()
    minute = NOW // 60 * 60
    for second in range(60):
        store.record(METRIC, 1, at=minute + second)
        store.record(METRIC, 1, at=minute + second, high_resolution=True)
    store.compact(minute + 60 + STANDARD_SECONDS_KEPT)
    kept = [
        (reading.stream.high_resolution, reading.samples.size) for reading in store.read(METRIC, minute, minute + 60)
    ]
    assert kept.count((False, 60)) == 1
    assert kept.count((True, 1)) == 60
    store.compact(minute + 60 + SECONDS_KEPT)
    assert sizes(store, minute + 60) == {minute: 60}


def test_what_is_older_than_two_weeks_and_a_day_is_forgotten() -> None:
    store = MetricStore()
    store.record(METRIC, 1, at=NOW)
    store.compact(NOW + MINUTES_KEPT + 1)
    assert store.metrics() == []
    assert store.last_second(METRIC) is None


def test_a_statistic_set_of_several_values_is_kept_as_it_came() -> None:
    store = MetricStore()
    published = StatisticSet(count=3, total=12, minimum=1, maximum=8)
    store.record_set(METRIC, published, at=NOW)
    (reading,) = store.read(METRIC, NOW, NOW + 1)
    assert reading.samples.sets == [published]


POINTS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 5), st.booleans()), max_size=60)


def filled(points: Iterable[tuple[int, int, bool]]) -> MetricStore:
    store = MetricStore()
    for second, value, high in points:
        store.record(METRIC, value, at=second, high_resolution=high)
    return store


@given(POINTS, st.sampled_from([10, 60, 300]))
def test_buckets_of_any_period_hold_every_point_once(points: list[tuple[int, int, bool]], period: int) -> None:
    buckets = Timeline(filled(points).read).buckets(METRIC, period, Span(0, 660))
    assert sum(samples.size for samples in buckets.values()) == len(points)
    assert all(start % period == 0 for start in buckets)


@given(POINTS, st.integers(0, 2000))
def test_compaction_never_changes_what_a_minute_holds(points: list[tuple[int, int, bool]], later: int) -> None:
    store = filled(points)
    timeline, span = Timeline(store.read), Span(0, 660)
    before = timeline.buckets(METRIC, 60, span)
    store.compact(later + STANDARD_SECONDS_KEPT)
    assert timeline.buckets(METRIC, 60, span) == before


def test_a_span_starts_at_the_boundary_that_cloudwatch_rounds_down_to() -> None:
    odd = Span(3_784, 3_900)
    assert [odd.aligned(period).start for period in (1, 10, 30, 60, 300)] == [3_784, 3_780, 3_780, 3_780, 3_780]
