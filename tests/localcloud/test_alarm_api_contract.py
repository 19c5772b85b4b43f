"""The API of alarms through boto3: what it takes, lists and refuses."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud
from tests.localcloud.cloudwatch_clients import (
    PROTOCOLS,
    client_of,
    cloudwatch,
    error_rate,
    put_alarm,
    put_math_alarm,
)

pytestmark = pytest.mark.localcloud


@pytest.fixture(params=PROTOCOLS)
def any_protocol(
    request: pytest.FixtureRequest, cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Any]:
    """A name of its own and a client, for each protocol that an AWS client may speak."""
    folder = tmp_path_factory.getbasetemp() / f"{request.param}-model"
    return f"alarm-{request.param}", client_of(request.param, cloud, folder)


def test_alarms_are_found_by_the_metric_that_they_watch(cloud: RunningCloud) -> None:
    for name, value in (("watch-1", "1"), ("watch-2", "2")):
        put_alarm(cloud, name, Namespace="Watched", Dimensions=[{"Name": "Version", "Value": value}])
    found = cloudwatch(cloud).describe_alarms_for_metric(
        Namespace="Watched", MetricName="Errors", Dimensions=[{"Name": "Version", "Value": "2"}]
    )
    assert [alarm["AlarmName"] for alarm in found["MetricAlarms"]] == ["watch-2"]


def test_alarms_in_pages_by_prefix_state_and_action(cloud: RunningCloud) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:paged"
    for name in ("page-1", "page-2", "page-3"):
        put_alarm(cloud, name, TreatMissingData="ignore", AlarmActions=[topic] if name == "page-2" else [])
    client = cloudwatch(cloud)
    pages = client.get_paginator("describe_alarms").paginate(AlarmNamePrefix="page-", PaginationConfig={"PageSize": 2})
    assert [[alarm["AlarmName"] for alarm in page["MetricAlarms"]] for page in pages] == [
        ["page-1", "page-2"],
        ["page-3"],
    ]
    acting = client.describe_alarms(AlarmNamePrefix="page-", ActionPrefix=topic)["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in acting] == ["page-2"]
    assert client.describe_alarms(AlarmNamePrefix="page-", StateValue="ALARM")["MetricAlarms"] == []


def test_every_protocol_puts_and_describes_alarms(any_protocol: tuple[str, Any]) -> None:
    name, client = any_protocol
    client.put_metric_alarm(
        AlarmName=name,
        Metrics=error_rate("N"),
        EvaluationPeriods=2,
        Threshold=1.5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=["arn:aws:sns:us-east-1:000000000000:topic"],
        Tags=[{"Key": "team", "Value": "payments"}],
    )
    (alarm,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["Metrics"] == [
        query | ({"MetricStat": {**query["MetricStat"]}} if "MetricStat" in query else {}) for query in error_rate("N")
    ]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["ActionsEnabled"]) == (1.5, 2, True)
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:000000000000:topic"]
    tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "payments"}]
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="<by hand> & more")
    assert client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateReason"] == "<by hand> & more"
    assert client.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"][0]["HistoryItemType"] == "Action"
    client.delete_alarms(AlarmNames=[name])
    assert client.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Period": 45}, "The period 45 is not valid"),
        ({"Period": 1}, "The period 1 is not valid"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm must be less than or equal to EvaluationPeriods"),
        ({"EvaluationPeriods": 1441}, "86400 seconds"),
        ({"TreatMissingData": "bad"}, "Option bad is not supported for TreatMissingData"),
        ({"ExtendedStatistic": "p99"}, "Exactly one of the parameters Statistic and ExtendedStatistic"),
        ({"Statistic": None, "ExtendedStatistic": "p999"}, "p999"),
        ({"Statistic": None, "ExtendedStatistic": "TM(5%:95%)"}, "from 10% to 90%"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "needs a percentile"),
        ({"AlarmActions": ["topic"]}, "Invalid arn syntax: topic"),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:000000000000:t"] * 6}, "less than or equal to 5"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "needs anomaly detection"),
        ({"Threshold": None}, "The parameter Threshold is required"),
        ({"Namespace": None}, "The parameter Namespace is required"),
        ({"MetricName": None}, "Exactly one of the parameters MetricName and Metrics"),
        ({"Metrics": error_rate("N")}, "Exactly one of the parameters MetricName and Metrics"),
        ({"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 5}}, "WarmUpConfiguration is not supported"),
    ],
)
def test_an_alarm_that_aws_refuses_is_refused(cloud: RunningCloud, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError) as refused:
        put_alarm(cloud, "refused", **changes)
    assert told in refused.value.response["Error"]["Message"]
    assert cloudwatch(cloud).describe_alarms(AlarmNames=["refused"])["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("SEARCH('{N}', 'Sum')", "SEARCH is not supported"),
        ("e / unknown", "Unknown id 'unknown'"),
        ("SUM(e)", "gives a scalar"),
        ("METRICS()", "gives several time series"),
        ("e +", "it ends too early"),
    ],
)
def test_an_expression_that_an_alarm_cannot_watch_is_refused(cloud: RunningCloud, expression: str, told: str) -> None:
    with pytest.raises(ClientError) as refused:
        put_math_alarm(cloud, "refused", expression)
    assert told in refused.value.response["Error"]["Message"]


def test_an_alarm_with_two_returned_queries_or_two_periods_is_refused(cloud: RunningCloud) -> None:
    single = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    two = error_rate("N")
    two[1]["ReturnData"] = True
    with pytest.raises(ClientError, match="Exactly one element of Metrics must have ReturnData true"):
        put_alarm(cloud, "refused", **single, Metrics=two)
    periods = error_rate("N")
    periods[1]["MetricStat"]["Period"] = 300
    with pytest.raises(ClientError, match="must have the same period"):
        put_alarm(cloud, "refused", **single, Metrics=periods)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"AlarmRule": "ALARM(nobody-knows)"}, "do not exist"),
        ({"AlarmRule": "ALARM(child"}, "Error in AlarmRule"),
        ({"ActionsSuppressor": "child"}, "ActionsSuppressor is not supported"),
        ({"AlarmName": "child"}, "A metric alarm with the name child exists already"),
        ({"AlarmActions": ["topic"]}, "Invalid arn syntax"),
    ],
)
def test_a_composite_alarm_that_cannot_work_is_refused(cloud: RunningCloud, changes: dict[str, Any], told: str) -> None:
    put_alarm(cloud, "child")
    with pytest.raises(ClientError) as refused:
        cloudwatch(cloud).put_composite_alarm(**{"AlarmName": "parent", "AlarmRule": "ALARM(child)"} | changes)
    assert told in refused.value.response["Error"]["Message"]


def test_an_unknown_alarm_has_no_state_to_set(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError) as refused:
        cloudwatch(cloud).set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="by hand")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
