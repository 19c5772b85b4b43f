"""The truth tables of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe.alarms.judge import Point, judge
from localcloud.observe.alarms.rule import State
from tests.localcloud.observe.builders import rule

OK, ALARM, UNKNOWN, STAYS = State.OK, State.ALARM, State.INSUFFICIENT_DATA, None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def points(pattern: str) -> list[Point]:
    """``0`` within the threshold, ``X`` breaching, ``-`` missing; oldest first."""
    values = {"0": 0.0, "X": 9.0, "-": None}
    return [Point(at=60 * index, value=values[mark]) for index, mark in enumerate(pattern.replace(" ", ""))]


def states(pattern: str, datapoints_to_alarm: int) -> list[State | None]:
    return [
        judge(rule(DatapointsToAlarm=datapoints_to_alarm, TreatMissingData=treatment), points(pattern)).state
        for treatment in TREATMENTS
    ]


@pytest.mark.parametrize(
    ("pattern", "filled", "expected"),
    [
        ("0 - X - X", 0, [OK, OK, OK, OK]),
        ("- - - - 0", 2, [OK, OK, OK, OK]),
        ("0 - - - -", 2, [OK, OK, OK, OK]),
        ("- - - - -", 3, [UNKNOWN, STAYS, ALARM, OK]),
        ("0 X X - X", 0, [ALARM, ALARM, ALARM, ALARM]),
        ("- - X - -", 2, [ALARM, STAYS, ALARM, OK]),
    ],
)
def test_three_of_three(pattern: str, filled: int, expected: list[State | None]) -> None:
    assert states(pattern, 3) == expected
    assert judge(rule(), points(pattern)).filled == filled


@pytest.mark.parametrize(
    ("pattern", "filled", "expected"),
    [
        ("0 - X - X", 0, [ALARM, ALARM, ALARM, ALARM]),
        ("0 0 X 0 X", 0, [ALARM, ALARM, ALARM, ALARM]),
        ("0 - X - -", 1, [OK, OK, ALARM, OK]),
        ("- - - - 0", 2, [OK, OK, ALARM, OK]),
        ("- - - X -", 2, [ALARM, STAYS, ALARM, OK]),
    ],
)
def test_two_of_three(pattern: str, filled: int, expected: list[State | None]) -> None:
    assert states(pattern, 2) == expected
    assert judge(rule(), points(pattern)).filled == filled


@pytest.mark.parametrize("pattern", ["- - - - X", "- - - X -"])
def test_a_young_breach_alone_is_not_yet_an_alarm(pattern: str) -> None:
    """The guide's "avoiding premature transitions": the next point may be good."""
    assert states(pattern, 3)[0] is OK


def test_only_the_newest_points_count_when_none_is_missing() -> None:
    assert states("X X X 0 0", 2) == [OK] * 4


def test_missing_data_of_dynamodb_is_always_ignored() -> None:
    table = rule(Namespace="AWS/DynamoDB", TreatMissingData="breaching")
    assert judge(table, points("- - - - -")).state is STAYS


@pytest.mark.parametrize(
    ("statistic", "samples", "expected"),
    [("p99", 999, STAYS), ("p99", 1000, ALARM), ("p50", 19, STAYS), ("p50", 20, ALARM), ("p10", 99, STAYS),
     ("p10", 100, ALARM)],
)  # fmt: skip
def test_a_percentile_of_few_samples_leaves_the_state_when_asked_to(
    statistic: str, samples: float, expected: State | None
) -> None:
    held = rule(
        Statistic=None, ExtendedStatistic=statistic, EvaluationPeriods=1, EvaluateLowSampleCountPercentile="ignore"
    )
    assert judge(held, [Point(at=0, value=9.0, samples=samples)]).state is expected


def test_a_percentile_of_few_samples_counts_by_default() -> None:
    eager = rule(Statistic=None, ExtendedStatistic="p99", EvaluationPeriods=1)
    assert judge(eager, [Point(at=0, value=9.0, samples=2)]).state is ALARM


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("GreaterThanThreshold", [OK, OK, ALARM]),
        ("GreaterThanOrEqualToThreshold", [OK, ALARM, ALARM]),
        ("LessThanThreshold", [ALARM, OK, OK]),
        ("LessThanOrEqualToThreshold", [ALARM, ALARM, OK]),
    ],
)
def test_comparisons(comparison: str, expected: list[State]) -> None:
    compared = rule(EvaluationPeriods=1, ComparisonOperator=comparison)
    assert [judge(compared, [Point(at=0, value=value)]).state for value in (4.0, 5.0, 6.0)] == expected


PATTERNS = st.text("0X-", min_size=5, max_size=5)


@given(PATTERNS, st.integers(1, 3))
def test_a_state_is_never_worse_when_missing_data_is_good(pattern: str, needed: int) -> None:
    _, _, breaching, not_breaching = states(pattern, needed)
    assert not_breaching is OK or breaching is ALARM


@given(PATTERNS)
def test_with_enough_real_points_the_treatment_of_missing_data_does_not_matter(pattern: str) -> None:
    if pattern.count("-") <= 2:
        assert len(set(states(pattern, 2))) == 1


@given(PATTERNS, st.integers(1, 3))
def test_fewer_needed_breaches_never_calm_an_alarm(pattern: str, needed: int) -> None:
    for lower, higher in zip(states(pattern, 1), states(pattern, needed), strict=True):
        assert lower is ALARM or higher is not ALARM
