"""Evaluations of alarms over points in a store: windows, reasons, compressed time."""

import json

import pytest

from localcloud.observe.alarms.evaluate import Evaluation, evaluate
from localcloud.observe.alarms.rule import AlarmRule, State, alarm_rule
from localcloud.observe.query import Timeline
from localcloud.observe.store import MetricStore, metric_id
from tests.localcloud.observe.builders import math_alarm, rule, stored_alarm

NOW = 1_569_931_260.0  # 2019-10-01 12:01:00
ERRORS = metric_id("AWS/Lambda", "Errors", {"FunctionName": "f"})
INVOCATIONS = metric_id("AWS/Lambda", "Invocations", {"FunctionName": "f"})
DURATION = metric_id("AWS/Lambda", "Duration", {"FunctionName": "f"})


def evaluated(
    alarm: AlarmRule, store: MetricStore, now: float = NOW, *, before: State = State.OK, speed: float = 1
) -> Evaluation:
    return evaluate(alarm, Timeline(store.read, speed), before, now)


def minutes(*values: float, ending: float = NOW) -> MetricStore:
    """One value a minute, the last in the minute before `ending`."""
    store = MetricStore()
    for ago, value in enumerate(reversed(values), 1):
        store.record(ERRORS, value, at=ending - 60 * ago + 7, unit="Count")
    return store


def test_a_reason_names_the_points_that_decided_newest_first() -> None:
    found = evaluated(rule(DatapointsToAlarm=2), minutes(9, 1, 6))
    assert found.state is State.ALARM
    assert found.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [6.0 (01/10/19 12:00:00), 9.0 (01/10/19 11:58:00)] "
        "were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_a_reason_for_the_way_back() -> None:
    found = evaluated(rule(EvaluationPeriods=1, DatapointsToAlarm=1), minutes(2), before=State.ALARM)
    assert found.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [2.0 (01/10/19 12:00:00)] was not greater than the "
        "threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )


def test_a_reason_without_datapoints_to_alarm() -> None:
    assert evaluated(rule(EvaluationPeriods=1), minutes(9)).reason == (
        "Threshold Crossed: 1 datapoint [9.0 (01/10/19 12:00:00)] was greater than the threshold (5.0)."
    )


def test_a_reason_tells_how_missing_points_were_treated() -> None:
    assert evaluated(rule(TreatMissingData="breaching"), minutes(9)).reason == (
        "Threshold Crossed: 1 datapoint [9.0 (01/10/19 12:00:00)] was greater than the threshold (5.0) "
        "and 2 missing datapoints were treated as [Breaching]."
    )
    assert evaluated(rule(TreatMissingData="notBreaching"), MetricStore()).reason == (
        "Threshold Crossed: no datapoints were received for 3 periods "
        "and 3 missing datapoints were treated as [NonBreaching]."
    )


def test_a_reason_for_calm_does_not_deny_the_breach_that_missing_points_outweigh() -> None:
    """One real breach and two missing points that count as good: OK, yet the breach was above the threshold."""
    assert evaluated(
        rule(DatapointsToAlarm=2, TreatMissingData="notBreaching"), minutes(9), before=State.ALARM
    ).reason == (
        "Threshold Crossed: 1 out of the last 3 datapoints [9.0 (01/10/19 12:00:00)] was greater than the threshold "
        "(5.0) and 2 missing datapoints were treated as [NonBreaching] "
        "(minimum 2 datapoints for ALARM -> OK transition)."
    )


def test_silence_is_insufficient_data_by_default() -> None:
    found = evaluated(rule(), MetricStore())
    assert (found.state, found.reason) == (State.INSUFFICIENT_DATA, "Insufficient Data: 3 datapoints were unknown.")


def test_reason_data_holds_what_was_evaluated() -> None:
    store = MetricStore()
    store.record(ERRORS, 3, at=NOW - 60, count=4, unit="Count")
    found = evaluated(rule(EvaluationPeriods=2, Unit="Count"), store)
    assert json.loads(found.reason_data) == {
        "version": "1.0",
        "queryDate": "2019-10-01T12:01:00.000+0000",
        "startDate": "2019-10-01T12:00:00.000+0000",
        "unit": "Count",
        "statistic": "Sum",
        "period": 60,
        "recentDatapoints": [12.0],
        "threshold": 5.0,
        "evaluatedDatapoints": [
            {"timestamp": "2019-10-01T12:00:00.000+0000", "sampleCount": 4.0, "value": 12.0},
            {"timestamp": "2019-10-01T11:59:00.000+0000"},
        ],
    }


def test_texts_of_long_ranges_stay_within_the_limits_of_the_api() -> None:
    found = evaluated(rule(EvaluationPeriods=200), minutes(*[123456.789] * 200))
    assert len(found.reason) <= 1023
    assert len(found.reason_data) <= 4000


def test_the_minute_that_runs_is_not_looked_at() -> None:
    store = minutes(1, ending=NOW)
    store.record(ERRORS, 100, at=NOW + 1)
    assert evaluated(rule(EvaluationPeriods=1), store, NOW + 30).state is State.OK


def test_windows_of_several_minutes_slide_by_the_minute() -> None:
    """A period of 5 minutes is evaluated every minute over the 5 minutes before it, not over 12:00 to 12:05."""
    five = rule(Period=300, EvaluationPeriods=1)
    store = minutes(9, ending=NOW)
    assert [evaluated(five, store, NOW + 60 * later).state for later in range(5)] == [State.ALARM] * 5


def test_a_breach_leaves_the_evaluation_range_after_two_more_periods() -> None:
    one = rule(EvaluationPeriods=1)
    store = minutes(9)
    assert [evaluated(one, store, NOW + 60 * later).state for later in range(4)] == [
        State.ALARM,
        State.ALARM,
        State.ALARM,
        State.INSUFFICIENT_DATA,
    ]


def test_only_the_metric_with_these_dimensions_counts() -> None:
    store = MetricStore()
    store.record(metric_id("AWS/Lambda", "Errors", {"FunctionName": "g"}), 100, at=NOW - 30)
    store.record(metric_id("AWS/Lambda", "Errors"), 100, at=NOW - 30)
    assert evaluated(rule(), store).state is State.INSUFFICIENT_DATA


def test_an_error_rate_by_metric_math() -> None:
    rate = alarm_rule(
        math_alarm("IF(invocations >= 20, 100 * errors / invocations, 0)", "Errors", "Invocations", EvaluationPeriods=1)
    )
    store = MetricStore()
    for _ in range(20):
        store.record(INVOCATIONS, 1, at=NOW - 30)
    store.record(ERRORS, 1, at=NOW - 30, count=2)
    found = evaluated(rate, store)
    assert found.state is State.ALARM
    assert json.loads(found.reason_data)["recentDatapoints"] == [10.0]
    assert "statistic" not in json.loads(found.reason_data)


def test_no_traffic_gives_an_error_rate_no_point() -> None:
    rate = alarm_rule(math_alarm("100 * errors / invocations", "Errors", "Invocations", EvaluationPeriods=1))
    assert evaluated(rate, MetricStore()).state is State.INSUFFICIENT_DATA


def test_an_expression_without_a_value_is_a_failure_that_changes_nothing() -> None:
    broken = alarm_rule(math_alarm("METRICS()", "Errors"))
    found = evaluated(broken, minutes(9))
    assert found.state is None
    assert found.failure == "The expression 'watched' gives several time series: an alarm watches one"


def test_a_p99_alarm() -> None:
    slow = rule(MetricName="Duration", Statistic=None, ExtendedStatistic="p99", Threshold=500, EvaluationPeriods=1)
    store = MetricStore()
    store.record(DURATION, 20, at=NOW - 30, count=97)
    store.record(DURATION, 700, at=NOW - 30, count=3)
    found = evaluated(slow, store)
    assert found.state is State.ALARM
    assert json.loads(found.reason_data)["statistic"] == "p99"


def test_a_high_resolution_alarm_sees_ten_seconds_of_high_resolution_data() -> None:
    fast = rule(Period=10, EvaluationPeriods=1)
    store = MetricStore()
    store.record(ERRORS, 9, at=NOW + 12, high_resolution=True)
    assert evaluated(fast, store, NOW + 19).state is State.INSUFFICIENT_DATA
    assert evaluated(fast, store, NOW + 20).state is State.ALARM


def test_a_high_resolution_alarm_over_one_minute_data_has_insufficient_data() -> None:
    """AWS: it receives no data for the attempts that do not correspond to a one-minute data resolution."""
    fast = rule(Period=10, EvaluationPeriods=1)
    store = MetricStore()
    store.record(ERRORS, 9, at=NOW - 5)
    assert evaluated(fast, store, NOW).state is State.INSUFFICIENT_DATA


@pytest.mark.parametrize("speed", [1.0, 6.0, 60.0])
def test_compressed_time_fills_a_period_in_a_fraction_of_its_seconds(speed: float) -> None:
    store = MetricStore()
    period = 60 / speed
    now = (NOW * speed // 60 + 1) * 60 / speed
    store.record(ERRORS, 9, at=now - period, unit="Count")
    one = rule(EvaluationPeriods=1)
    assert evaluated(one, store, now, speed=speed).state is State.ALARM
    assert evaluated(one, store, now + 3 * period, speed=speed).state is State.INSUFFICIENT_DATA


def test_times_in_a_reason_stay_real_when_time_is_compressed() -> None:
    store = MetricStore()
    store.record(ERRORS, 9, at=NOW - 10)
    found = evaluated(rule(EvaluationPeriods=1), store, NOW, speed=6)
    assert "[9.0 (01/10/19 12:00:50)]" in found.reason


def test_the_defaults_of_a_stored_alarm() -> None:
    parsed = alarm_rule(stored_alarm(DatapointsToAlarm=None))
    assert (parsed.datapoints_to_alarm, parsed.missing, parsed.period, parsed.step) == (3, "missing", 60, 60)
