"""Statistics of one period against the CloudWatch user guide's definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe.errors import ApiError
from localcloud.observe.samples import Samples, StatisticSet, samples_of
from localcloud.observe.statistics import parse_statistic

HUNDRED = samples_of(float(value) for value in range(1, 101))
VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SampleCount", 100),
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p0", 1),
        ("p50", 50),
        ("p99", 99),
        ("p99.9", 100),
        ("p100", 100),
        ("tm90", 45.5),
        ("TM(2%:98%)", 50.5),
        ("TM(:95%)", 48),
        ("TM(10%:)", 55.5),
        ("TM(20:30)", 25.5),
        ("IQM", 50.5),
        ("tc90", 90),
        ("TC(20:30)", 10),
        ("TC(:0.5)", 0),
        ("ts90", 4095),
        ("TS(80%:)", 1810),
        ("wm98", (5050 - 99 - 100 + 98 + 98) / 100),
        ("WM(10%:90%)", (5050 - sum(range(1, 11)) + 10 * 11 - sum(range(91, 101)) + 10 * 90) / 100),
        ("WM(20:30)", (20 * 20 + sum(range(21, 31)) + 70 * 30) / 100),
        ("PR(:30)", 30),
        ("PR(20:30)", 10),
        ("PR(90:)", 10),
    ],
)
def test_a_statistic_over_the_values_1_to_100(text: str, expected: float) -> None:
    assert parse_statistic(text).of(HUNDRED) == pytest.approx(expected)


def test_values_seen_many_times_weigh_as_often() -> None:
    """The SLO question: which share of calls took at most 500 ms."""
    calls = samples_of({12.0: 970.0, 500.0: 10.0, 501.0: 20.0})
    assert parse_statistic("PR(:500)").of(calls) == pytest.approx(98)
    assert parse_statistic("TC(500:)").of(calls) == 20
    assert parse_statistic("p98").of(calls) == 500
    assert parse_statistic("p99").of(calls) == 501


@pytest.mark.parametrize(
    "text",
    [
        "", "p", "p101", "P99", "p-1", "p99.99999999999", "average", "TM", "TM(:)", "TM(5%:200)", "TM(10:%)", "TM(99)",
        "TM(50%:40%)", "TM(10%:101%)", "tm(10%:90%)", "PR(10%:90%)", "pr99", "PR99", "IQM(1:2)", "XX(1:2)", "TC(:5%",
    ],
)  # fmt: skip
def test_what_cloudwatch_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_statistic(text)
    assert refused.value.code == "ValidationError"


def test_no_samples_give_no_data_point() -> None:
    assert [parse_statistic(text).of(Samples()) for text in ("Sum", "SampleCount", "p99", "PR(:5)")] == [None] * 4


def test_a_trimmed_mean_of_an_empty_range_has_no_data_point() -> None:
    assert parse_statistic("TM(200:300)").of(HUNDRED) is None


def test_a_negative_value_leaves_only_the_basic_statistics() -> None:
    samples = samples_of([-1.0, 2.0, 3.0])
    assert parse_statistic("p50").of(samples) is None
    assert parse_statistic("Minimum").of(samples) == -1


def test_a_statistic_set_counts_in_the_basic_statistics_only() -> None:
    samples = samples_of([10.0])
    samples.add_set(StatisticSet(count=3, total=12, minimum=1, maximum=8))
    assert [parse_statistic(text).of(samples) for text in ("SampleCount", "Sum", "Minimum", "Maximum", "p99")] == [
        4, 22, 1, 10, None,
    ]  # fmt: skip


def test_a_statistic_set_of_one_value_counts_in_percentiles_too() -> None:
    samples = Samples()
    samples.add_set(StatisticSet(count=3, total=12, minimum=4, maximum=4))
    assert parse_statistic("p99").of(samples) == 4


@given(VALUES, st.integers(0, 100), st.integers(0, 100))
def test_percentiles_are_samples_and_grow_with_their_rank(values: list[float], one: int, other: int) -> None:
    low, high = sorted((one, other))
    samples = samples_of(values)
    lower, upper = parse_statistic(f"p{low}").of(samples), parse_statistic(f"p{high}").of(samples)
    assert lower in values
    assert upper in values
    assert lower <= upper


@given(VALUES, st.integers(1, 100))
def test_a_percentile_is_the_greatest_of_what_its_trimmed_mean_averages(values: list[float], percent: int) -> None:
    samples, kept = samples_of(values), -(-percent * len(values) // 100)
    assert parse_statistic(f"tc{percent}").of(samples) == kept
    assert parse_statistic(f"p{percent}").of(samples) == sorted(values)[kept - 1]


@given(VALUES, st.floats(0, 1e6))
def test_percentile_ranks_on_both_sides_of_a_bound_add_up(values: list[float], bound: float) -> None:
    text = f"{bound:.6f}"
    below, above = (
        parse_statistic(f"PR(:{text})").of(samples_of(values)),
        parse_statistic(f"PR({text}:)").of(samples_of(values)),
    )
    assert (below or 0) + (above or 0) == pytest.approx(100)


@given(VALUES)
def test_trimmed_sum_is_trimmed_mean_times_trimmed_count(values: list[float]) -> None:
    samples = samples_of(values)
    mean, count, total = (parse_statistic(f"{name}(10%:90%)").of(samples) for name in ("TM", "TC", "TS"))
    assert mean is not None
    assert count is not None
    assert total == pytest.approx(mean * count)
