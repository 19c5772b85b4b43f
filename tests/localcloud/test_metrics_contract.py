"""Metrics of the embedded cloud through boto3: these hold on AWS too, whatever serves them."""

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud, running_cloud
from tests.localcloud.cloudwatch_clients import PROTOCOLS, client_of, cloudwatch, last_minutes, zipped

pytestmark = pytest.mark.localcloud


@pytest.fixture(params=PROTOCOLS)
def any_protocol(
    request: pytest.FixtureRequest, cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Any]:
    """A name of its own and a client, for each protocol that an AWS client may speak."""
    folder = tmp_path_factory.getbasetemp() / f"{request.param}-model"
    return f"Protocol-{request.param}", client_of(request.param, cloud, folder)


def query(
    identifier: str,
    namespace: str,
    name: str,
    stat: str,
    period: int = 60,
    **more: Any,  # noqa: ANN401 - other members of a MetricDataQuery
) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in more.pop("dimensions", {}).items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def span(minutes: int = 10) -> dict[str, datetime]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=minutes), "EndTime": now + timedelta(minutes=1)}


def values(cloud: RunningCloud, *queries: dict[str, Any], minutes: int = 10) -> dict[str, list[float]]:
    found = cloudwatch(cloud).get_metric_data(MetricDataQueries=queries, ScanBy="TimestampAscending", **span(minutes))
    return {result["Id"]: list(result["Values"]) for result in found["MetricDataResults"]}


def test_every_protocol_stores_and_reads_points(any_protocol: tuple[str, Any]) -> None:
    namespace, client = any_protocol
    (minute,) = last_minutes(1)
    red, blue = [{"Name": "Colour", "Value": "red"}], [{"Name": "Colour", "Value": "blue"}]
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": "Latency",
                "Dimensions": red,
                "Timestamp": minute,
                "Values": [1, 2.5],
                "Counts": [3, 1],
                "Unit": "Milliseconds",
            },
            {"MetricName": "Latency", "Dimensions": blue, "Timestamp": minute, "Value": 99},
            {
                "MetricName": "Latency",
                "Dimensions": red,
                "Timestamp": minute,
                "StatisticValues": {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6},
                "Unit": "Milliseconds",
            },
        ],
    )
    statistics = client.get_metric_statistics(
        Namespace=namespace,
        MetricName="Latency",
        Dimensions=red,
        Period=60,
        Statistics=["SampleCount", "Sum", "Minimum", "Maximum", "Average"],
        **span(),
    )
    assert statistics["Datapoints"] == [
        {
            "Timestamp": datetime.fromtimestamp(minute, UTC),
            "SampleCount": 6,
            "Sum": 15.5,
            "Average": pytest.approx(15.5 / 6),
            "Minimum": 1,
            "Maximum": 6,
            "Unit": "Milliseconds",
        }
    ]
    data = client.get_metric_data(
        MetricDataQueries=[
            query("blue", namespace, "Latency", "p99", dimensions={"Colour": "blue"}),
            {"Id": "twice", "Expression": "blue * 2", "Label": "twice as slow"},
        ],
        **span(),
    )
    results = {result["Id"]: result for result in data["MetricDataResults"]}
    assert results["blue"]["Timestamps"] == [datetime.fromtimestamp(minute, UTC)]
    assert (results["twice"]["Values"], results["twice"]["Label"]) == ([198], "twice as slow")
    listed = client.list_metrics(Namespace=namespace, Dimensions=[{"Name": "Colour"}])["Metrics"]
    assert [metric["Dimensions"] for metric in listed] == [red, blue]


def test_every_protocol_tells_errors(any_protocol: tuple[str, Any]) -> None:
    namespace, client = any_protocol
    with pytest.raises(ClientError) as refused:
        client.get_metric_data(MetricDataQueries=[query("m", namespace, "Latency", "p101")], **span())
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert "The value p101 for parameter Stat is not supported" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": 1, "Values": [1]}, "InvalidParameterCombination"),
        ({}, "InvalidParameterCombination"),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Value": 1, "StorageResolution": 5}, "InvalidParameterValue"),
        ({"Value": 1, "Timestamp": 0}, "InvalidParameterValue"),
        ({"Value": 1, "Unit": "Furlongs"}, "ValidationError"),
        ({"Value": 1, "Dimensions": [{"Name": "a", "Value": "x" * 1025}]}, "ValidationError"),
        ({"Values": [float(value) for value in range(151)]}, "InvalidParameterValue"),
    ],
)
def test_a_point_that_aws_refuses_is_refused(cloud: RunningCloud, datum: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        cloudwatch(cloud).put_metric_data(Namespace="Refused", MetricData=[{"MetricName": "M", **datum}])
    assert refused.value.response["Error"]["Code"] == code


def test_the_namespace_of_aws_is_reserved(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError, match="AWS/ is reserved"):
        cloudwatch(cloud).put_metric_data(Namespace="AWS/Lambda", MetricData=[{"MetricName": "M", "Value": 1}])


def test_standard_points_lie_at_the_minute_and_high_resolution_points_at_their_second(cloud: RunningCloud) -> None:
    client, (minute,) = cloudwatch(cloud), last_minutes(1)
    client.put_metric_data(
        Namespace="Resolution",
        MetricData=[
            {"MetricName": name, "Timestamp": minute + second, "Value": 1, "StorageResolution": resolution}
            for name, resolution in (("Standard", 60), ("High", 1))
            for second in (3, 14, 15, 59)
        ],
    )
    found = client.get_metric_data(
        MetricDataQueries=[
            query("standard", "Resolution", "Standard", "Sum", 10),
            query("high", "Resolution", "High", "Sum", 10),
            query("seconds", "Resolution", "High", "Sum", 1),
        ],
        ScanBy="TimestampAscending",
        **span(),
    )
    points = {
        result["Id"]: {
            at.timestamp() - minute: value for at, value in zip(result["Timestamps"], result["Values"], strict=True)
        }
        for result in found["MetricDataResults"]
    }
    assert points == {"standard": {0: 4}, "high": {0: 1, 10: 2, 50: 1}, "seconds": {3: 1, 14: 1, 15: 1, 59: 1}}


def test_metric_data_in_order_in_pages_and_without_what_is_not_returned(cloud: RunningCloud) -> None:
    client, minutes = cloudwatch(cloud), last_minutes(4)
    client.put_metric_data(
        Namespace="Paged",
        MetricData=[
            {"MetricName": name, "Timestamp": minute, "Value": position}
            for name in ("A", "B")
            for position, minute in enumerate(minutes)
        ],
    )
    queries = [
        query("a", "Paged", "A", "Sum"),
        query("b", "Paged", "B", "Sum", ReturnData=False),
        {"Id": "total", "Expression": "a + b"},
        query("none", "Paged", "None", "Sum"),
    ]
    whole = client.get_metric_data(MetricDataQueries=queries, **span())
    assert [(result["Id"], result["Values"], result["StatusCode"]) for result in whole["MetricDataResults"]] == [
        ("a", [3, 2, 1, 0], "Complete"),
        ("total", [6, 4, 2, 0], "Complete"),
        ("none", [], "Complete"),
    ]
    pages = list(
        client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, ScanBy="TimestampAscending", MaxDatapoints=3, **span()
        )
    )
    assert [
        [(result["Id"], result["Values"], result["StatusCode"]) for result in page["MetricDataResults"]]
        for page in pages
    ] == [
        [("a", [0, 1, 2], "PartialData")],
        [("a", [3], "Complete"), ("total", [0, 2], "PartialData")],
        [("total", [4, 6], "Complete"), ("none", [], "Complete")],
    ]


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ([{"Id": "e", "Expression": "SEARCH('x', 'Sum')"}], "SEARCH is not supported"),
        ([{"Id": "e", "Expression": "1 + 1"}], "gives a scalar"),
        ([{"Id": "E", "Expression": "m"}], "Id 'E' is not valid"),
        ([{"Id": "e", "Expression": "m"}], "Unknown id 'm'"),
        ([query("m", "N", "M", "Sum"), query("m", "N", "M", "Sum")], "not unique"),
        ([query("m", "N", "M", "Sum", 45)], "The period 45 is not valid"),
        ([{"Id": "m"}], "needs either MetricStat or Expression"),
    ],
)
def test_a_query_that_has_no_answer_is_refused(cloud: RunningCloud, queries: list[Any], told: str) -> None:
    with pytest.raises(ClientError) as refused:
        cloudwatch(cloud).get_metric_data(MetricDataQueries=queries, **span())
    assert told in refused.value.response["Error"]["Message"]


def test_metrics_are_of_one_region(cloud: RunningCloud) -> None:
    elsewhere = cloudwatch(cloud).meta
    assert elsewhere.region_name == cloud.region
    cloudwatch(cloud).put_metric_data(Namespace="Here", MetricData=[{"MetricName": "M", "Value": 1}])
    other = RunningCloud(endpoint=cloud.endpoint, port=cloud.port, pid=cloud.pid, region="eu-west-1")
    assert cloudwatch(other).list_metrics(Namespace="Here")["Metrics"] == []


def test_a_reset_of_the_cloud_forgets_metrics() -> None:
    with running_cloud() as own:
        cloudwatch(own).put_metric_data(Namespace="Reset", MetricData=[{"MetricName": "M", "Value": 1}])
        urllib.request.urlopen(f"{own.endpoint}/_ministack/reset", data=b"").close()
        assert cloudwatch(own).list_metrics()["Metrics"] == []


def log_line(**members: object) -> str:
    directive = {
        "Namespace": "Embedded",
        "Dimensions": [["Service"], ["Service", "Version"]],
        "Metrics": [
            {"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 1},
            {"Name": "Faults", "Unit": "Count"},
        ],
    }
    return json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, **members})


def put_log_events(cloud: RunningCloud, group: str, *messages: str) -> None:
    logs: Any = cloud.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="one")
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def test_log_lines_in_the_embedded_metric_format_become_metrics(cloud: RunningCloud) -> None:
    put_log_events(cloud, "/embedded", log_line(Service="pay", Version="7", Latency=[12.5, 20], Faults=0), "no metric")
    found = values(
        cloud,
        query("all", "Embedded", "Latency", "Sum", dimensions={"Service": "pay"}),
        query("seven", "Embedded", "Latency", "SampleCount", 1, dimensions={"Service": "pay", "Version": "7"}),
        query("faults", "Embedded", "Faults", "SampleCount", dimensions={"Service": "pay"}),
    )
    assert found == {"all": [32.5], "seven": [2], "faults": [1]}


FAILING = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("asked to")
"""


def create_function(cloud: RunningCloud, name: str, code: str) -> Any:  # noqa: ANN401 - a client, see `cloudwatch`
    functions: Any = cloud.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=f"arn:aws:iam::000000000000:role/{name}",
        Handler="app.handler",
        Code={"ZipFile": zipped(code)},
        Timeout=30,
        Publish=True,
    )
    return functions


def test_the_counts_of_a_weighted_alias_agree_exactly_with_the_invocations(cloud: RunningCloud) -> None:
    functions = create_function(cloud, "counted", FAILING)
    functions.update_function_code(FunctionName="counted", ZipFile=zipped(FAILING + "# second\n"), Publish=True)
    functions.create_alias(
        FunctionName="counted",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )

    def invoke(number: int, **qualifier: str) -> tuple[str, bool]:
        payload = json.dumps({"fail": number % 5 == 0})
        answer = functions.invoke(FunctionName="counted", Payload=payload, **qualifier)
        return answer.get("ExecutedVersion", ""), "FunctionError" in answer

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda number: invoke(number, Qualifier="live"), range(60)))
    direct = [invoke(number, Qualifier="1") for number in range(5)]
    plain = [invoke(number) for number in range(2)]

    name, live = {"FunctionName": "counted"}, {"FunctionName": "counted", "Resource": "counted:live"}
    sets = {
        "all": (name, [*seen, *direct, *plain]),
        "live": (live, seen),
        "one": (live | {"ExecutedVersion": "1"}, [run for run in seen if run[0] == "1"]),
        "two": (live | {"ExecutedVersion": "2"}, [run for run in seen if run[0] == "2"]),
        "direct": (name | {"Resource": "counted:1"}, direct),
        "plain": (name | {"Resource": "counted"}, plain),
    }
    found = values(
        cloud,
        *(
            query(f"{kind}_{metric.lower()}_{stat.lower()}", "AWS/Lambda", metric, stat, 3600, dimensions=dimensions)
            for kind, (dimensions, _) in sets.items()
            for metric, stat in (("Invocations", "Sum"), ("Errors", "Sum"), ("Errors", "SampleCount"))
        ),
    )
    assert {key: sum(points) for key, points in found.items()} == {
        key: count
        for kind, (_, runs) in sets.items()
        for key, count in (
            (f"{kind}_invocations_sum", len(runs)),
            (f"{kind}_errors_sum", sum(failed for _, failed in runs)),
            (f"{kind}_errors_samplecount", len(runs)),
        )
    }
    assert {version for version, _ in seen} == {"1", "2"}
    beyond = cloudwatch(cloud).list_metrics(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "Resource", "Value": "counted:1"}]
    )
    assert all(len(metric["Dimensions"]) == 2 for metric in beyond["Metrics"])


def test_a_throttled_call_is_neither_an_invocation_nor_an_error(cloud: RunningCloud) -> None:
    functions = create_function(cloud, "throttled", FAILING)
    functions.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refused:
        functions.invoke(FunctionName="throttled")
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    of = {"FunctionName": "throttled"}
    found = values(
        cloud,
        query("throttles", "AWS/Lambda", "Throttles", "Sum", dimensions=of),
        query("invocations", "AWS/Lambda", "Invocations", "Sum", dimensions=of),
    )
    assert found == {"throttles": [1], "invocations": []}


def test_what_a_function_prints_in_the_embedded_metric_format_is_a_metric(cloud: RunningCloud) -> None:
    line = log_line(Service="printed", Version="7", Latency=[1, 2], Faults=1)
    functions = create_function(cloud, "printing", f"def handler(event, context):\n    print({line!r})\n")
    for _ in range(3):
        functions.invoke(FunctionName="printing", Qualifier="1")
    of = {"Service": "printed", "Version": "7"}
    found = values(
        cloud,
        query("faults", "Embedded", "Faults", "Sum", 3600, dimensions=of),
        query("latency", "Embedded", "Latency", "SampleCount", 3600, dimensions=of),
    )
    assert found == {"faults": [3], "latency": [6]}


def test_metric_filters_count_matching_lines(cloud: RunningCloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/filtered")
    logs.create_log_stream(logGroupName="/filtered", logStreamName="one")
    for name, pattern, value in (
        ("Errors", '{ $.level = "ERROR" && $.status >= 500 }', "1"),
        ("Latency", "{ $.latency > 0 }", "$.latency"),
    ):
        logs.put_metric_filter(
            logGroupName="/filtered",
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[{"metricName": name, "metricNamespace": "Filtered", "metricValue": value}],
        )
    lines = [{"level": "ERROR", "status": 503, "latency": 40}, {"level": "INFO", "status": 200, "latency": 2}]
    put_log_events(cloud, "/filtered", *map(json.dumps, lines))
    found = values(cloud, query("e", "Filtered", "Errors", "Sum"), query("l", "Filtered", "Latency", "Sum"))
    assert found == {"e": [1], "l": [42]}
