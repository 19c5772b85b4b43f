"""PutMetricAlarm's rules that the contract tests leave out."""

from typing import Any

import pytest

from localcloud.observe.alarms.checks import check_metric_alarm, check_tags
from localcloud.observe.errors import ApiError
from tests.localcloud.observe.builders import math_alarm, stored_alarm


@pytest.mark.parametrize("period", [10, 20, 30, 60, 300, 3600, 86_400])
def test_periods_that_an_alarm_may_have(period: int) -> None:
    evaluations = 1 if period >= 3600 else 3
    assert check_metric_alarm(stored_alarm(Period=period, EvaluationPeriods=evaluations)).period == period


@pytest.mark.parametrize(
    "statistic", ["p0", "p99.9", "tm90", "tc90", "ts90", "wm90", "IQM", "PR(10:500)", "PR(:500)", "TM(10%:90%)"]
)
def test_extended_statistics_that_an_alarm_may_have(statistic: str) -> None:
    metric = check_metric_alarm(stored_alarm(Statistic=None, ExtendedStatistic=statistic)).metric
    assert metric is not None
    assert metric.stat_text == statistic


@pytest.mark.parametrize("statistic", ["TM(150:1000)", "TM(5%:90%)", "TS(10%:95%)", "WM(10:90)", "Sum2"])
def test_extended_statistics_that_an_alarm_may_not_have(statistic: str) -> None:
    with pytest.raises(ApiError):
        check_metric_alarm(stored_alarm(Statistic=None, ExtendedStatistic=statistic))


def test_a_week_of_hours_is_the_longest_range() -> None:
    assert check_metric_alarm(stored_alarm(Period=3600, EvaluationPeriods=168)).evaluation_periods == 168
    with pytest.raises(ApiError, match="604800 seconds"):
        check_metric_alarm(stored_alarm(Period=3600, EvaluationPeriods=169))


def test_ten_metrics_are_the_most() -> None:
    names = [f"M{position}" for position in range(11)]
    assert len(check_metric_alarm(math_alarm("SUM(METRICS())", *names[:10])).queries) == 11
    with pytest.raises(ApiError, match="at most 10 metrics"):
        check_metric_alarm(math_alarm("SUM(METRICS())", *names))


def test_an_expression_without_a_metric_needs_a_period() -> None:
    with pytest.raises(ApiError, match="needs Period in its expression"):
        check_metric_alarm(math_alarm("TIME_SERIES(5)"))


def test_an_expression_may_decide_by_a_scalar_and_watch_a_series() -> None:
    assert check_metric_alarm(math_alarm("IF(SUM(errors) > 5, errors, 0)", "Errors")).watched == "watched"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "EC2 actions cannot be used"),
        ({"Dimensions": [{"Name": "a", "Value": "1"}]}, "Dimensions cannot be used together with Metrics"),
        ({"EvaluationWindow": {"WallClockWindow": {"Timezone": "UTC"}}}, "WallClockWindow is not supported"),
        ({"ThresholdMetricId": "watched"}, "ThresholdMetricId is not supported"),
    ],
)
def test_what_does_not_go_with_metric_math(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_metric_alarm(math_alarm("errors", "Errors", **changes))
    assert told in refused.value.message


def test_tags_have_limits() -> None:
    check_tags([{"Key": f"k{position}", "Value": ""} for position in range(50)])
    with pytest.raises(ApiError, match="more than 50"):
        check_tags([{"Key": f"k{position}", "Value": ""} for position in range(51)])
    with pytest.raises(ApiError) as refused:
        check_tags([{"Key": "AWS:mine", "Value": ""}])
    assert refused.value.code == "AccessDenied"
