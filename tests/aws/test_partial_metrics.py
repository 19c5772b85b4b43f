"""A period of which CloudWatch has only a part is waited for, then taken as it is and marked (T3)."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canary import schema
from canary.aws.metrics import CloudWatchMetrics
from canary.core.leg import MetricPath
from canary.core.model import AliasName, Counts, FunctionName, MetricWindow, Target, Version
from canary.ports import WindowQuery
from localcloud.running import RunningCloud

PERIOD = MetricPath.EMF.period


@pytest.fixture
def since() -> datetime:
    return datetime.fromtimestamp(int(time.time()) // 10 * 10 - 120, tz=UTC)


@pytest.fixture
def target(cloud: RunningCloud, since: datetime) -> Target:
    """A function whose candidate's requests came in, but neither their faults nor how many were slow."""
    name = FunctionName(f"partial-{uuid.uuid4().hex[:8]}")
    target = Target(function=name, alias=AliasName("live"), stable=Version("1"), canary=Version("2"))
    values = zip(schema.METRIC_DIMENSIONS, (name, target.resource, "2"), strict=True)
    dimensions: Any = [{"Name": key, "Value": value} for key, value in values]
    metric: Any = {"MetricName": schema.REQUESTS, "Dimensions": dimensions, "Timestamp": since, "Value": 7}
    cloud.client("cloudwatch").put_metric_data(
        Namespace=schema.METRIC_NAMESPACE, MetricData=[metric | {"StorageResolution": 1}]
    )
    return target


def read(cloud: RunningCloud, target: Target, since: datetime, *, after: timedelta) -> tuple[MetricWindow, ...]:
    query = WindowQuery(target=target, path=MetricPath.EMF, since=since)
    (windows,) = CloudWatchMetrics(cloud.client("cloudwatch")).read_windows([query], since + after)
    return windows


def test_it_is_waited_for(cloud: RunningCloud, target: Target, since: datetime) -> None:
    assert read(cloud, target, since, after=3 * PERIOD) == ()


def test_what_never_comes_is_marked_and_its_requests_are_kept(
    cloud: RunningCloud, target: Target, since: datetime
) -> None:
    first, second, *_ = read(cloud, target, since, after=6 * PERIOD)

    assert (first.canary, first.partial) == (Counts(requests=7, errors=0, slow=None), True)
    assert (second.canary, second.partial) == (Counts(), False)
