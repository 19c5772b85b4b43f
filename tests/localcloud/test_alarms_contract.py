"""Alarms of the embedded cloud through boto3: these hold on AWS too, whatever serves them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.running import RunningCloud, running_cloud
from tests.localcloud.cloudwatch_clients import (
    cloudwatch,
    eventually,
    last_minutes,
    listening_queue,
    put_alarm,
    put_math_alarm,
    received,
    zipped,
)

pytestmark = pytest.mark.localcloud


@pytest.fixture(scope="module")
def fast_cloud() -> Iterator[RunningCloud]:
    """A cloud where a minute of alarm time passes in a second."""
    with running_cloud("--speed", "60") as running:
        yield running


def publish(cloud: RunningCloud, namespace: str, *minutes: float, name: str = "Errors", **dimensions: str) -> None:
    """One point a minute, the last in the last whole minute."""
    cloudwatch(cloud).put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Timestamp": at,
                "Value": value,
                "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
            }
            for at, value in zip(last_minutes(len(minutes)), minutes, strict=True)
        ],
    )


def describe(cloud: RunningCloud, name: str) -> dict[str, Any]:
    alarms: list[dict[str, Any]] = cloudwatch(cloud).describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarms[0]


def reaches(cloud: RunningCloud, name: str, state: str, *, within: float = 10) -> dict[str, Any]:
    """The alarm as soon as it is in `state`."""

    def look() -> dict[str, Any] | None:
        alarm = describe(cloud, name)
        return alarm if alarm["StateValue"] == state else None

    return eventually(look, f"{name} in {state}", within=within)


def test_a_new_alarm_is_evaluated_at_once_and_says_why(cloud: RunningCloud) -> None:
    publish(cloud, "at-once", 9, 1, 6)
    put_alarm(cloud, "at-once")
    alarm = reaches(cloud, "at-once", "ALARM")
    assert alarm["StateReason"].startswith("Threshold Crossed: 2 out of the last 3 datapoints [6.0 (")
    assert alarm["StateReason"].endswith("(minimum 2 datapoints for OK -> ALARM transition).")
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [9, 1, 6]
    assert alarm["StateTransitionedTimestamp"] == alarm["StateUpdatedTimestamp"]
    history = cloudwatch(cloud).describe_alarm_history(AlarmName="at-once", HistoryItemType="StateUpdate")
    (item,) = history["AlarmHistoryItems"]
    assert item["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(item["HistoryData"])["newState"]["stateReason"] == alarm["StateReason"]


def test_only_the_metric_with_the_alarm_s_dimensions_counts(cloud: RunningCloud) -> None:
    publish(cloud, "dimensions", 9, 9, 9, FunctionName="f", ExecutedVersion="2")
    publish(cloud, "dimensions", 0, 0, 0, FunctionName="f", ExecutedVersion="1")
    publish(cloud, "dimensions", 9, 9, 9)
    stable = [{"Name": "FunctionName", "Value": "f"}, {"Name": "ExecutedVersion", "Value": "1"}]
    put_alarm(cloud, "dimensions", Dimensions=stable)
    reaches(cloud, "dimensions", "OK")
    put_alarm(cloud, "dimensions", Dimensions=[{"Name": "FunctionName", "Value": "f"}], TreatMissingData="breaching")
    reaches(cloud, "dimensions", "ALARM")


def test_an_alarm_on_an_error_rate_above_one_percent(cloud: RunningCloud) -> None:
    publish(cloud, "rate", 1, 1, 1)
    publish(cloud, "rate", 50, 50, 50, name="Invocations")
    put_math_alarm(cloud, "rate")
    alarm = reaches(cloud, "rate", "ALARM")
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [2, 2, 2]
    assert [query["Id"] for query in alarm["Metrics"]] == ["rate", "e", "i"]
    assert "MetricName" not in alarm


def test_too_few_calls_are_no_error_rate(cloud: RunningCloud) -> None:
    publish(cloud, "few", 1, 1, 1)
    publish(cloud, "few", 10, 10, 10, name="Invocations")
    put_math_alarm(cloud, "few")
    reaches(cloud, "few", "OK")


def test_an_alarm_on_a_percentile(cloud: RunningCloud) -> None:
    (minute,) = last_minutes(1)
    cloudwatch(cloud).put_metric_data(
        Namespace="p99",
        MetricData=[{"MetricName": "Errors", "Timestamp": minute, "Values": [20, 700], "Counts": [97, 3]}],
    )
    percentile = {"Statistic": None, "ExtendedStatistic": "p99", "Threshold": 500.0}
    put_alarm(cloud, "p99", **percentile, EvaluationPeriods=1, DatapointsToAlarm=None)
    assert reaches(cloud, "p99", "ALARM")["ExtendedStatistic"] == "p99"


def test_a_change_of_state_reaches_topic_and_event_bus_once(cloud: RunningCloud) -> None:
    sns, events, client = cloud.client("sns"), cloud.client("events"), cloudwatch(cloud)
    topic_url, topic_queue = listening_queue(cloud, "alarm-topic")
    event_url, event_queue = listening_queue(cloud, "alarm-events")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic_queue, Attributes={"RawMessageDelivery": "true"})
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": [{"prefix": "told-"}], "state": {"value": ["ALARM", "OK"]}},
    }
    events.put_rule(Name="told", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="told", Targets=[{"Id": "queue", "Arn": event_queue}])

    publish(cloud, "told-1", 9, 9, 9)
    put_alarm(cloud, "told-1", AlarmActions=[topic], OKActions=[topic], AlarmDescription="too many errors")
    before = reaches(cloud, "told-1", "ALARM")
    client.set_alarm_state(AlarmName="told-1", StateValue="OK", StateReason="by hand")
    client.delete_alarms(AlarmNames=["told-1"])

    first, second = received(cloud, topic_url, 2)
    assert (first["OldStateValue"], first["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert (second["OldStateValue"], second["NewStateValue"], second["NewStateReason"]) == ("ALARM", "OK", "by hand")
    assert first["AlarmName"] == "told-1"
    assert first["AlarmDescription"] == "too many errors"
    assert first["Trigger"]["MetricName"] == "Errors"
    assert first["Trigger"]["Statistic"] == "SUM"
    assert first["Trigger"]["Threshold"] == 5.0

    alarmed, calmed = received(cloud, event_url, 2)
    assert alarmed["source"] == "aws.cloudwatch"
    assert alarmed["detail-type"] == "CloudWatch Alarm State Change"
    assert alarmed["resources"] == [before["AlarmArn"]]
    detail = alarmed["detail"]
    assert sorted(detail) == ["alarmName", "configuration", "previousState", "state"]
    assert detail["state"]["value"] == "ALARM"
    assert detail["state"]["reason"] == before["StateReason"]
    assert json.loads(detail["state"]["reasonData"])["threshold"] == 5.0
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert detail["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    assert detail["configuration"] == {
        "description": "too many errors",
        "metrics": [
            {
                "id": "m1",
                "metricStat": {
                    "metric": {"namespace": "told-1", "name": "Errors", "dimensions": {}},
                    "period": 60,
                    "stat": "Sum",
                },
                "returnData": True,
            }
        ],
    }
    assert calmed["detail"]["previousState"] == detail["state"]
    history = client.describe_alarm_history(AlarmName="told-1", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [f"Successfully executed action {topic}"] * 2


def test_an_alarm_invokes_a_function_through_its_alias(cloud: RunningCloud) -> None:
    url, _ = listening_queue(cloud, "alarm-function")
    code = f"""
import boto3, json, os
def handler(event, context):
    told = dict(event, arn=context.invoked_function_arn)
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(told))
"""
    functions: Any = cloud.client("lambda")
    functions.create_function(
        FunctionName="on-alarm",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/on-alarm",
        Handler="app.handler",
        Code={"ZipFile": zipped(code)},
        Timeout=30,
        Publish=True,
    )
    alias = functions.create_alias(FunctionName="on-alarm", Name="live", FunctionVersion="1")["AliasArn"]
    put_alarm(cloud, "acts-on-function", TreatMissingData="breaching", AlarmActions=[alias])
    (event,) = received(cloud, url, 1)
    assert (event["source"], event["arn"]) == ("aws.cloudwatch", alias)
    assert event["alarmArn"].endswith(":alarm:acts-on-function")
    assert event["alarmData"]["state"]["value"] == "ALARM"


def test_disabled_actions_do_not_run_and_the_state_still_changes(cloud: RunningCloud) -> None:
    publish(cloud, "muted", 9, 9, 9)
    put_alarm(cloud, "muted", ActionsEnabled=False, AlarmActions=["arn:aws:sns:us-east-1:000000000000:nobody"])
    reaches(cloud, "muted", "ALARM")
    client = cloudwatch(cloud)
    assert client.describe_alarm_history(AlarmName="muted", HistoryItemType="Action")["AlarmHistoryItems"] == []
    client.enable_alarm_actions(AlarmNames=["muted"])
    client.set_alarm_state(AlarmName="muted", StateValue="OK", StateReason="by hand")
    client.set_alarm_state(AlarmName="muted", StateValue="ALARM", StateReason="by hand")
    (item,) = client.describe_alarm_history(AlarmName="muted", HistoryItemType="Action")["AlarmHistoryItems"]
    assert item["HistorySummary"].startswith("Failed to execute action arn:aws:sns:us-east-1:000000000000:nobody")


def test_composite_alarms_follow_their_children_and_are_described_only_when_asked_for(cloud: RunningCloud) -> None:
    client = cloudwatch(cloud)
    for name in ("child-a", "child-b"):
        put_alarm(cloud, name, TreatMissingData="ignore")
    client.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("child-a") AND ALARM(child-b)')
    event_url, event_queue = listening_queue(cloud, "composite-events")
    events = cloud.client("events")
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": ["both"]}}
    events.put_rule(Name="both", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="both", Targets=[{"Id": "queue", "Arn": event_queue}])

    for name in ("child-a", "child-b"):
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand")
    (composite,) = client.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert composite["StateValue"] == "ALARM"
    assert client.describe_alarms(AlarmNames=["both"])["CompositeAlarms"] == []
    children = client.describe_alarms(ChildrenOfAlarmName="both")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in children] == ["child-a", "child-b"]
    (event,) = received(cloud, event_url, 1)
    assert event["detail"]["configuration"] == {"alarmRule": 'ALARM("child-a") AND ALARM(child-b)'}
    assert (event["detail"]["previousState"]["value"], event["detail"]["state"]["value"]) == ("OK", "ALARM")


def test_an_update_keeps_the_state_and_overwrites_the_rest(cloud: RunningCloud) -> None:
    client = cloudwatch(cloud)
    put_alarm(cloud, "updated", TreatMissingData="ignore", AlarmDescription="first")
    client.set_alarm_state(AlarmName="updated", StateValue="ALARM", StateReason="by hand")
    put_alarm(cloud, "updated", TreatMissingData="ignore", Threshold=7.0)
    alarm = describe(cloud, "updated")
    assert (alarm["StateValue"], alarm["StateReason"], alarm["Threshold"]) == ("ALARM", "by hand", 7.0)
    assert "AlarmDescription" not in alarm


def test_a_state_set_by_hand_lasts_until_the_next_evaluation(fast_cloud: RunningCloud) -> None:
    put_alarm(fast_cloud, "by-hand", TreatMissingData="notBreaching")
    reaches(fast_cloud, "by-hand", "OK")
    client = cloudwatch(fast_cloud)
    client.set_alarm_state(AlarmName="by-hand", StateValue="ALARM", StateReason="by hand")
    reaches(fast_cloud, "by-hand", "OK")
    summaries = [
        item["HistorySummary"]
        for item in client.describe_alarm_history(AlarmName="by-hand", HistoryItemType="StateUpdate")[
            "AlarmHistoryItems"
        ]
    ]
    assert summaries[:2] == ["Alarm updated from ALARM to OK", "Alarm updated from OK to ALARM"]


def test_an_alarm_fires_and_falls_silent_again_as_time_passes(fast_cloud: RunningCloud) -> None:
    """A minute of alarm time lasts a second here; one breach leaves the evaluation range after three minutes."""
    put_alarm(fast_cloud, "lapsing", EvaluationPeriods=1, DatapointsToAlarm=None)
    reaches(fast_cloud, "lapsing", "INSUFFICIENT_DATA")
    cloudwatch(fast_cloud).put_metric_data(Namespace="lapsing", MetricData=[{"MetricName": "Errors", "Value": 9}])
    reaches(fast_cloud, "lapsing", "ALARM")
    reaches(fast_cloud, "lapsing", "INSUFFICIENT_DATA")


def test_an_alarm_on_the_depth_of_a_queue(fast_cloud: RunningCloud) -> None:
    """The alarm of every dead-letter queue: anything in it is one too many."""
    url, _ = listening_queue(fast_cloud, "dead-letters")
    depth = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "dead-letters"}],
        "Statistic": "Maximum",
        "Threshold": 0.0,
    }
    put_alarm(fast_cloud, "dead-letters", **depth, EvaluationPeriods=1, DatapointsToAlarm=None)
    reaches(fast_cloud, "dead-letters", "OK")
    fast_cloud.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    reaches(fast_cloud, "dead-letters", "ALARM")
