"""Each port twice: the strict fake, and the adapter on the embedded cloud."""

import io
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canary import schema
from canary.aws.alarms import CloudWatchAlarms
from canary.aws.alias import LambdaRouter
from canary.aws.capacity import LambdaCapacity
from canary.aws.hook_book import DynamoHookBook
from canary.aws.hooks import Hooks
from canary.aws.metrics import CloudWatchMetrics
from canary.aws.orders import DynamoOrders
from canary.aws.store import DynamoStore
from canary.aws.versions import LambdaVersions
from canary.core.hooks import HookStatus
from canary.core.model import AliasName, AliasRouting, Counts, FunctionName, Target, Version, Weight
from canary.ports import AlarmSource, HookRunner, MetricSource, RolloutStore, TrafficRouter
from canary.side_ports import CapacityControl, HookBook, OrderBook, VersionKeeper
from canary.wiring import SystemClock
from localcloud.running import RunningCloud
from tests.fakes import START, FakeAlarms, FakeClock, FakeFleet, FakeHooks, FakeRouter, FakeStore
from tests.localcloud.functions_under_test import ECHO, behind_alias
from tests.rollout_table import rollout_table
from tests.side_fakes import FakeCapacity, FakeHookBook, FakeOrders
from tests.version_fakes import FakeVersions

CODE = "def handler(event, context):\n    return {number}\n"
ROLE, OTHER_ROLE = (f"arn:aws:iam::000000000000:role/{name}" for name in ("contract", "another"))
DEAD_LETTERS = "arn:aws:sqs:us-east-1:000000000000:dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class AFunction:
    """A function with two published versions, and two that cannot share traffic with them; live serves the first."""

    router: TrafficRouter
    function: FunctionName
    alias: AliasName
    first: Version
    second: Version
    other_role: Version
    other_dead_letters: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVersions:
    """A function with versions 1, 2 and 3; alias live sends most to the first and some to the second."""

    keeper: VersionKeeper
    function: FunctionName


@pytest.fixture(params=["fake", "adapter"])
def versions(request: pytest.FixtureRequest) -> KeptVersions:
    """The versions of a function, kept by either kind."""
    split = AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(10))
    if request.param == "fake":
        router = FakeRouter()
        router.add("contract", "1", "2", "3")
        router.overwrite("contract", "live", split)
        return KeptVersions(keeper=FakeVersions(router), function=FunctionName("contract"))
    cloud: RunningCloud = request.getfixturevalue("cloud")
    function = behind_alias(cloud, weight=0.1)
    function.publish(ECHO + "# third\n")
    return KeptVersions(keeper=LambdaVersions(cloud.client("lambda")), function=FunctionName(function.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityOf:
    """The capacity of one function."""

    control: CapacityControl
    function: FunctionName

    @property
    def target(self) -> Target:
        """Its release from version 1 to 2."""
        return Target(function=self.function, alias=AliasName("live"), stable=Version("1"), canary=Version("2"))


@pytest.fixture(params=["fake", "adapter"])
def routed(request: pytest.FixtureRequest) -> AFunction:
    """A function on either router."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    if request.param == "fake":
        fake = FakeRouter()
        fake.add(name, "1", "2", "3", "4", live="1")
        fake.versions[name, "3"] = replace(fake.versions[name, "3"], role=OTHER_ROLE)
        fake.versions[name, "4"] = replace(fake.versions[name, "4"], dead_letter=DEAD_LETTERS)
        return _function(fake, name)
    cloud: RunningCloud = request.getfixturevalue("cloud")
    client = cloud.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": _code(1)},
        Publish=True,
    )
    client.update_function_code(FunctionName=name, ZipFile=_code(2), Publish=True)
    client.update_function_configuration(FunctionName=name, Role=OTHER_ROLE)
    client.publish_version(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Role=ROLE, DeadLetterConfig={"TargetArn": DEAD_LETTERS})
    client.publish_version(FunctionName=name)
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="4", WaiterConfig={"Delay": 1})
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return _function(LambdaRouter(client), name)


@pytest.fixture(params=["fake", "adapter"])
def store(request: pytest.FixtureRequest) -> RolloutStore:
    """An empty store of either kind."""
    if request.param == "fake":
        return FakeStore()
    cloud: RunningCloud = request.getfixturevalue("cloud")
    return DynamoStore(cloud.client("dynamodb"), rollout_table(cloud))


@pytest.fixture(params=["fake", "adapter"])
def orders(request: pytest.FixtureRequest) -> OrderBook:
    """An empty order book of either kind."""
    if request.param == "fake":
        return FakeOrders()
    cloud: RunningCloud = request.getfixturevalue("cloud")
    return DynamoOrders(cloud.client("dynamodb"), rollout_table(cloud))


@pytest.fixture(params=["fake", "adapter"])
def hook_book(request: pytest.FixtureRequest) -> HookBook:
    """An empty book of either kind."""
    if request.param == "fake":
        return FakeHookBook()
    cloud: RunningCloud = request.getfixturevalue("cloud")
    return DynamoHookBook(cloud.client("dynamodb"), rollout_table(cloud))


@pytest.fixture(params=["fake", "adapter"])
def capacity(request: pytest.FixtureRequest) -> CapacityOf:
    """Capacity of either kind, and a function with versions 1 and 2 of which the first serves alias live."""
    if request.param == "fake":
        return CapacityOf(control=FakeCapacity(), function=FunctionName("contract"))
    cloud: RunningCloud = request.getfixturevalue("cloud")
    control = LambdaCapacity(cloud.client("lambda"), cloud.client("cloudwatch"))
    return CapacityOf(control=control, function=FunctionName(behind_alias(cloud).name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Four periods of a function's own metrics from `since` on, the third of them silent; 9 to 1 for the first version.

    All of the second version's requests fail in the first period, all of the first version's are slow in the fourth.
    """

    source: MetricSource
    target: Target
    since: datetime
    hush: Callable[[], None]


@pytest.fixture(params=["fake", "adapter"])
def measured(request: pytest.FixtureRequest) -> Measured:
    """The same traffic, told by either kind."""
    name = FunctionName(f"contract-{uuid.uuid4().hex[:8]}")
    target = Target(function=name, alias=AliasName("live"), stable=Version("1"), canary=Version("2"))
    if request.param == "fake":
        return _simulated(target)
    cloud: RunningCloud = request.getfixturevalue("cloud")
    return _published(target, cloud)


@pytest.fixture(params=["fake", "adapter"])
def hooks(request: pytest.FixtureRequest) -> Iterator[HookRunner]:
    """Hooks of either kind, where ``true`` succeeds, ``false`` fails and ``sleep`` takes its time."""
    if request.param == "fake":
        yield FakeHooks(FakeClock(), {"true": HookStatus.SUCCEEDED, "false": HookStatus.FAILED})
        return
    cloud: RunningCloud = request.getfixturevalue("cloud")
    client = cloud.client("lambda")
    runner = Hooks(client, FakeHookBook(), SystemClock())
    yield runner
    runner.stop()


def _simulated(target: Target) -> Measured:
    clock, router = FakeClock(), FakeRouter()
    fleet = FakeFleet(clock, router, rate=10, seed=1)
    for second in range(40):
        at = START + timedelta(seconds=second)
        answers = {"1": _answered(second, stable=True), "2": _answered(second, stable=False)}
        for version, counts in answers.items():
            if counts.requests:
                fleet.tell(target.resource, version, at, counts)

    def hush() -> None:
        fleet.emits_own_metrics = False

    return Measured(source=fleet, target=target, since=START, hush=hush)


def _published(target: Target, cloud: RunningCloud) -> Measured:
    """Put by the second, as the embedded metric format does it."""
    client = cloud.client("cloudwatch")
    since = datetime.fromtimestamp(int(time.time()) // 10 * 10 - 120, tz=UTC)
    for version, is_stable in ((target.stable, True), (target.canary, False)):
        dimensions = zip(schema.METRIC_DIMENSIONS, (target.function, target.resource, version), strict=True)
        named: Any = [{"Name": name, "Value": value} for name, value in dimensions]
        data: list[Any] = []
        for second in range(40):
            counts = _answered(second, stable=is_stable)
            values = {
                schema.REQUESTS: counts.requests,
                schema.FAULTS: counts.errors,
                schema.SLOW_REQUESTS: counts.slow or 0,
            }
            data += [
                {
                    "MetricName": metric,
                    "Dimensions": named,
                    "Timestamp": since + timedelta(seconds=second),
                    "Value": value,
                    "StorageResolution": 1,
                }
                for metric, value in values.items()
                if counts.requests
            ]
        client.put_metric_data(Namespace=schema.METRIC_NAMESPACE, MetricData=data)
    return Measured(source=CloudWatchMetrics(client), target=target, since=since, hush=lambda: None)


def _answered(second: int, *, stable: bool) -> Counts:
    """Nine requests a second to the first version and one to the second, but for the third period."""
    period, requests = second // 10, 9 if stable else 1
    if period == 2:
        return Counts()
    return Counts(
        requests=requests,
        errors=requests if period == 0 and not stable else 0,
        slow=requests if period == 3 and stable else 0,
    )


@pytest.fixture(params=["fake", "adapter"])
def alarms(request: pytest.FixtureRequest) -> AlarmSource:
    """Alarms of either kind."""
    if request.param == "fake":
        return FakeAlarms()
    cloud: RunningCloud = request.getfixturevalue("cloud")
    return CloudWatchAlarms(cloud.client("cloudwatch"))


def _function(router: TrafficRouter, name: str) -> AFunction:
    return AFunction(
        router=router,
        function=FunctionName(name),
        alias=AliasName("live"),
        first=Version("1"),
        second=Version("2"),
        other_role=Version("3"),
        other_dead_letters=Version("4"),
    )


def _code(number: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("app.py", CODE.format(number=number))
    return packed.getvalue()
