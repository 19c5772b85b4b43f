"""AWS without latency, as far as a tick in the middle of a step speaks to it, with every call counted by its name.

These clients stand where boto3's would: the adapters, the state's JSON and the batching are the real ones. Each alias
serves version 1 and 10 % of version 2, and every version is called at an even pace without an error.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Shape = dict[str, Any]
REQUESTS_A_PERIOD: Final = {"1": 900.0, "2": 100.0}


class Functions:
    """Lambda: `GetAlias`."""

    def __init__(self, calls: Counter[str]) -> None:
        self._calls = calls

    def get_alias(self, *, FunctionName: str, Name: str) -> Shape:  # noqa: N803 - boto3's names
        """Version 1 and 10 % of version 2, written once."""
        self._calls["lambda:GetAlias"] += 1
        weights = {"AdditionalVersionWeights": {"2": 0.1}}
        return {"Name": Name, "FunctionVersion": "1", "RoutingConfig": weights, "RevisionId": f"rev-{FunctionName}"}


class Watch:
    """CloudWatch: `GetMetricData` and `DescribeAlarms`."""

    def __init__(self, calls: Counter[str]) -> None:
        self._calls = calls

    def get_paginator(self, operation: str) -> "Watch":
        """Only ``get_metric_data`` is paged here."""
        assert operation == "get_metric_data"
        return self

    def paginate(
        self,
        *,
        MetricDataQueries: Sequence[Shape],  # noqa: N803
        StartTime: datetime,  # noqa: N803
        EndTime: datetime,  # noqa: N803
        ScanBy: str,  # noqa: N803
    ) -> Iterator[Shape]:
        """One page: CloudWatch gives as many as 100,800 points at a time."""
        del ScanBy
        self._calls["cloudwatch:GetMetricData"] += 1
        yield {"MetricDataResults": [_series(query, StartTime, EndTime) for query in MetricDataQueries]}

    def describe_alarms(self, *, AlarmNames: Sequence[str], AlarmTypes: object, MaxRecords: int) -> Shape:  # noqa: N803
        """Every alarm is OK."""
        del AlarmTypes
        assert len(AlarmNames) <= MaxRecords
        self._calls["cloudwatch:DescribeAlarms"] += 1
        return {
            "CompositeAlarms": [],
            "MetricAlarms": [{"AlarmName": name, "StateValue": "OK", "Metrics": []} for name in AlarmNames],
        }


class Table:
    """DynamoDB: one table, with the conditions that the store sets."""

    def __init__(self, calls: Counter[str]) -> None:
        self._calls = calls
        self._items: dict[tuple[str, str], Shape] = {}

    def get_item(self, *, Key: Shape, **_: object) -> Shape:  # noqa: N803 - boto3's names
        """The item, if there is one."""
        self._calls["dynamodb:GetItem"] += 1
        item = self._items.get(_key(Key))
        return {} if item is None else {"Item": item}

    def put_item(self, *, Item: Shape, **_: object) -> Shape:  # noqa: N803
        """A lease, which nobody else wants."""
        self._calls["dynamodb:PutItem"] += 1
        self._items[_key(Item)] = Item
        return {}

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Shape]]) -> Shape:  # noqa: N803
        """All puts, each after its predecessor."""
        self._calls["dynamodb:TransactWriteItems"] += 1
        for write in TransactItems:
            put = write["Put"]
            before = put.get("ExpressionAttributeValues", {}).get(":before")
            assert before is None or self._items[_key(put["Item"])]["number"] == before
            self._items[_key(put["Item"])] = put["Item"]
        return {}


def _series(query: Shape, start: datetime, end: datetime) -> Shape:
    read = query["MetricStat"]
    metric, seconds = read["Metric"]["MetricName"], read["Period"]
    version = read["Metric"]["Dimensions"][-1]["Value"]
    value = {"Requests": REQUESTS_A_PERIOD[version], "Invocations": REQUESTS_A_PERIOD[version] * 6, "Duration": 100.0}
    at = datetime.fromtimestamp(-(-start.timestamp() // seconds) * seconds, tz=UTC)
    timestamps = []
    while at < end:
        timestamps.append(at)
        at += timedelta(seconds=seconds)
    values = [value.get(metric, 0.0)] * len(timestamps)
    return {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": timestamps, "Values": values}


def _key(item: Shape) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
