"""Each port twice: the strict fake, and the adapter on the embedded cloud."""

import io
import uuid
import zipfile
from dataclasses import dataclass

import pytest

from canary.aws.alarms import CloudWatchAlarms
from canary.aws.alias import LambdaRouter
from canary.aws.capacity import LambdaCapacity
from canary.aws.hook_book import DynamoHookBook
from canary.aws.orders import DynamoOrders
from canary.aws.store import DynamoStore
from canary.aws.versions import LambdaVersions
from canary.core.model import AliasName, AliasRouting, FunctionName, Target, Version, Weight
from canary.ports import AlarmSource, RolloutStore, TrafficRouter
from canary.side_ports import CapacityControl, HookBook, OrderBook, VersionKeeper
from localcloud.running import RunningCloud
from tests.fakes import FakeAlarms, FakeRouter, FakeStore
from tests.localcloud.functions_under_test import ECHO, behind_alias
from tests.rollout_table import rollout_table
from tests.side_fakes import FakeCapacity, FakeHookBook, FakeOrders
from tests.version_fakes import FakeVersions

CODE = "def handler(event, context):\n    return {number}\n"
ROLE = "arn:aws:iam::000000000000:role/contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class AFunction:
    """A function with two published versions; alias live serves the first."""

    router: TrafficRouter
    function: FunctionName
    alias: AliasName
    first: Version
    second: Version


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
        fake.add(name, "1", "2", live="1")
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
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="2", WaiterConfig={"Delay": 1})
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
    )


def _code(number: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("app.py", CODE.format(number=number))
    return packed.getvalue()
