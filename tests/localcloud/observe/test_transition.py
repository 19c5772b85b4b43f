"""What the world is told of a change of state."""

import json
from typing import Any

from localcloud.observe.alarms.transition import (
    Condition,
    Transition,
    condition_of,
    event_detail,
    history_item,
    lambda_event,
    notification,
)
from tests.localcloud.observe.builders import math_alarm, stored_alarm

STORED = {
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors",
    "AlarmConfigurationUpdatedTimestamp": 1_570_000_000,
    "AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:topic"],
}


def transition(alarm: dict[str, Any]) -> Transition:
    return Transition(
        alarm=alarm | STORED,
        previous=Condition(value="OK", reason="fine", reason_data='{"version":"1.0"}', at=1_570_035_880),
        current=Condition(value="ALARM", reason="bad", reason_data=None, at=1_570_035_880.989),
        account="123456789012",
        region="eu-west-1",
    )


def test_the_event_of_a_metric_math_alarm() -> None:
    changed = transition(math_alarm("100 * errors", "Errors", AlarmDescription="rate"))
    assert event_detail(changed) == {
        "alarmName": "errors",
        "state": {"value": "ALARM", "reason": "bad", "timestamp": "2019-10-02T17:04:40.989+0000"},
        "previousState": {
            "value": "OK",
            "reason": "fine",
            "reasonData": '{"version":"1.0"}',
            "timestamp": "2019-10-02T17:04:40.000+0000",
        },
        "configuration": {
            "description": "rate",
            "metrics": [
                {"id": "watched", "expression": "100 * errors", "returnData": True},
                {
                    "id": "errors",
                    "metricStat": {
                        "metric": {"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": "f"}},
                        "period": 60,
                        "stat": "Sum",
                    },
                    "returnData": False,
                },
            ],
        },
    }


def test_the_event_that_a_function_gets() -> None:
    event = lambda_event(transition(stored_alarm()))
    assert event.pop("alarmData")["alarmName"] == "errors"
    assert event == {
        "source": "aws.cloudwatch",
        "alarmArn": STORED["AlarmArn"],
        "accountId": "123456789012",
        "time": "2019-10-02T17:04:40.989+0000",
        "region": "eu-west-1",
    }


def test_the_notification_of_an_alarm_on_a_metric() -> None:
    subject, text = notification(transition(stored_alarm(Statistic="SampleCount", DatapointsToAlarm=2)))
    assert subject == 'ALARM: "errors" in EU (Ireland)'
    assert json.loads(text) == {
        "AlarmName": "errors",
        "AlarmDescription": None,
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2019-10-02T07:06:40.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "bad",
        "StateChangeTime": "2019-10-02T17:04:40.989+0000",
        "Region": "EU (Ireland)",
        "AlarmArn": STORED["AlarmArn"],
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": STORED["AlarmActions"],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "StatisticType": "Statistic",
            "Statistic": "SAMPLE_COUNT",
            "Unit": None,
            "Dimensions": [{"value": "f", "name": "FunctionName"}],
            "Period": 60,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 5.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_the_notification_of_an_extended_statistic_and_of_metric_math() -> None:
    _, extended = notification(transition(stored_alarm(Statistic=None, ExtendedStatistic="p99")))
    assert json.loads(extended)["Trigger"]["ExtendedStatistic"] == "p99"
    _, rate = notification(transition(math_alarm("100 * errors", "Errors")))
    queries = json.loads(rate)["Trigger"]["Metrics"]
    assert [query["Id"] for query in queries] == ["watched", "errors"]
    assert queries[1]["MetricStat"]["Metric"]["Dimensions"] == [{"value": "f", "name": "FunctionName"}]


def test_only_the_actions_of_the_new_state_run_and_none_when_disabled() -> None:
    alarm = stored_alarm(OKActions=["arn:aws:sns:eu-west-1:123456789012:other"])
    assert transition(alarm).actions == STORED["AlarmActions"]
    assert transition(alarm | {"ActionsEnabled": False}).actions == []


def test_the_history_of_a_change() -> None:
    item = history_item(transition(stored_alarm()))
    assert (item["AlarmType"], item["HistorySummary"]) == ("MetricAlarm", "Alarm updated from OK to ALARM")
    assert json.loads(item["HistoryData"]) == {
        "version": "1.0",
        "oldState": {"stateValue": "OK", "stateReason": "fine", "stateReasonData": {"version": "1.0"}},
        "newState": {"stateValue": "ALARM", "stateReason": "bad"},
    }


def test_a_composite_alarm_tells_its_rule() -> None:
    composite = transition({"AlarmName": "both", "AlarmRule": "ALARM(a)"})
    assert event_detail(composite)["configuration"] == {"alarmRule": "ALARM(a)"}
    assert json.loads(notification(composite)[1])["AlarmRule"] == "ALARM(a)"
    assert history_item(composite)["AlarmType"] == "CompositeAlarm"


def test_an_alarm_that_was_never_evaluated_has_its_initial_condition() -> None:
    assert condition_of({"StateValue": "INSUFFICIENT_DATA"}) == Condition(
        value="INSUFFICIENT_DATA", reason="Unchecked: Initial alarm creation", reason_data=None, at=0
    )
