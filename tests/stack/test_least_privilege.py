"""The roles against the embedded cloud's IAM enforcement: what must work does, the rest is denied (A6, C5)."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from canary.aws.store import DynamoStore
from canary.controller import Tick
from canary.core.capacity import Capacity
from canary.core.model import NO_TRAFFIC, FunctionName, Phase, Version, Weight
from canary.core.rights import Account, needed_rights
from canary.wiring import connect_clients, wire
from localcloud.engine.deploy import deploy
from localcloud.engine.jobs import Result
from localcloud.running import RunningCloud, running_cloud
from stack import grants
from stack.settings import CHECKOUT
from tests.stack.enforced import (
    FUNCTION,
    PLACE,
    STORE,
    Client,
    a_candidate,
    a_user,
    asked_for,
    is_denied,
    listening,
    opened,
    opened_by_an_engineer,
)

pytestmark = pytest.mark.localcloud
ANYBODY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
SETTLED_WITHIN_SECONDS = 30
PATIENCE_TICKS = 40


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AUTH", "true")
        with running_cloud() as running:
            yield running


@pytest.fixture(scope="module")
def applied(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder: Path = tmp_path_factory.mktemp("enforced")
    own = {"build": str(folder / "build")}
    return deploy(CHECKOUT / "stack", "dev", cloud.endpoint, extra_config=own, home=folder / "state")


@pytest.fixture
def as_role(cloud: RunningCloud, applied: Result) -> Callable[[str], Client]:
    """Clients with the rights of a purpose's role, through a role that this test may assume."""
    key = cloud.client("kms").list_aliases()["Aliases"][0]["TargetKeyId"]
    assert applied.changes

    def assume(purpose: str) -> Client:
        iam, name = cloud.client("iam"), f"probe-{purpose}-{uuid4().hex[:8]}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [ANYBODY]}))
        policy = grants.documents(PLACE, PLACE.arn("kms", f"key/{key}"))[purpose]
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy)
        arn = f"arn:aws:iam::{PLACE.account}:role/{name}"
        given = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
        return Client(cloud=cloud, given=given)

    return assume


def call(url: str, body: Mapping[str, object] | None = None, key: str = "") -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", "x-api-key": key})
    with urllib.request.urlopen(request) as answer:
        answered: dict[str, Any] = json.load(answer)
        return answered


def api_key(cloud: RunningCloud, applied: Result) -> str:
    return cloud.client("apigateway").get_api_key(apiKey=applied.outputs["api_key_id"], includeValue=True)["value"]


def queue_on(cloud: RunningCloud, topic_arn: str) -> str:
    """The URL of a queue that hears what is told to a topic."""
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": PLACE.arn("sqs", "announced"),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    url = cloud.client("sqs").create_queue(QueueName="announced", Attributes={"Policy": policy})["QueueUrl"]
    cloud.client("sns").subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=PLACE.arn("sqs", "announced"),
        Attributes={"RawMessageDelivery": "true"},
    )
    return url


def test_payments_are_taken_announced_found_and_listed_with_the_functions_own_rights(
    cloud: RunningCloud, applied: Result
) -> None:
    order = {"amount": "9.99", "currency": "GBP", "payment_method": "card_tok", "customer_id": "c-1"}
    url = f"{applied.outputs['live_url']}/payments"
    announced = queue_on(cloud, applied.outputs["topics"]["payment-events"])
    paid = call(url, order)
    (told,) = cloud.client("sqs").receive_message(QueueUrl=announced, WaitTimeSeconds=5)["Messages"]
    assert json.loads(told["Body"]) == {"type": f"payment.{paid['status']}", **paid}
    assert call(f"{url}/{paid['payment_id']}") == paid
    assert paid in call(f"{url}?status={paid['status']}", key=api_key(cloud, applied))["payments"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        call(url)


def test_a_transaction_is_taken_queued_and_settled_with_the_functions_own_rights(
    cloud: RunningCloud, applied: Result
) -> None:
    key = api_key(cloud, applied)
    order: dict[str, object] = {"amount": "5.00", "currency": "EUR", "payment_method": "card_tok", "merchant_id": "m-1"}
    url = str(applied.outputs["live_url"])
    seen = call(f"{url}/transactions", order, key)
    until = time.monotonic() + SETTLED_WITHIN_SECONDS
    while seen["status"] == "pending" and time.monotonic() < until:
        time.sleep(0.2)
        seen = call(f"{url}/transaction/{seen['transaction_id']}", key=key)
    assert seen["status"] == "settled"


def test_the_fraud_handler_may_change_a_transaction_but_neither_make_one_nor_see_payments(
    as_role: Callable[[str], Client],
) -> None:
    table = as_role("fraud-handler")("dynamodb", PLACE.region)
    key = {"transaction_id": {"S": "txn_x"}}
    table.get_item(TableName="table-transactions-dev", Key=key)
    assert is_denied(table.put_item, TableName="table-transactions-dev", Item=key)
    assert is_denied(table.scan, TableName="table-transactions-dev")
    assert is_denied(table.get_item, TableName="table-payments-dev", Key={"payment_id": {"S": "pay_x"}})


def test_a_role_works_in_its_own_region_only(as_role: Callable[[str], Client]) -> None:
    elsewhere = as_role("payment-processor")("dynamodb", "eu-west-1")
    assert is_denied(elsewhere.get_item, TableName="table-payments-dev", Key={"payment_id": {"S": "pay_x"}})


def test_the_controller_may_change_no_code_make_no_alarm_and_see_no_payment(as_role: Callable[[str], Client]) -> None:
    client = as_role("rollout-controller")
    functions, name = client("lambda", PLACE.region), "function-payment-processor-dev"
    alarm: dict[str, object] = {
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Period": 60,
        "Statistic": "Sum",
    }
    alarms = client("cloudwatch", PLACE.region)
    assert is_denied(alarms.put_metric_alarm, AlarmName="bg-guard-x", **alarm)
    assert is_denied(alarms.delete_alarms, AlarmNames=["alarm-api-5xx-live-dev"])
    assert is_denied(functions.update_function_code, FunctionName=name, ZipFile=b"x")
    assert is_denied(functions.delete_function, FunctionName=name)
    payments = client("dynamodb", PLACE.region)
    assert is_denied(payments.get_item, TableName="table-payments-dev", Key={"payment_id": {"S": "pay_x"}})


def test_a_release_is_carried_on_told_and_taken_back_with_the_controllers_own_rights(
    cloud: RunningCloud, as_role: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened by an engineer, then only the role: metrics, alarms, state, lease, alias, capacity, guards, notices."""
    rollout = opened_by_an_engineer(cloud, monkeypatch)
    client = as_role("rollout-controller")
    heard = listening(cloud)
    for name, value in client.variables().items():
        monkeypatch.setenv(name, value)
    wired = wire(connect_clients(PLACE.region), STORE)
    alias = cloud.client("lambda").get_alias

    ticks = [wired.controller.tick(rollout.id) for _ in range(6)]
    assert [tick.trouble for tick in ticks] == [None] * len(ticks)
    split = alias(FunctionName=FUNCTION, Name="live")["RoutingConfig"]["AdditionalVersionWeights"]
    wired.controller.abort(rollout.id, by="amy", why="enough")
    ticks += [wired.controller.tick(rollout.id) for _ in range(2)]
    wired.world.notifier.finish(timedelta(seconds=20))

    assert [tick.trouble for tick in ticks] == [None] * len(ticks)
    assert [tick.seen.blind for tick in ticks if tick.seen is not None] == [None] * len(ticks)
    assert list(split.values()) == [0.1]
    assert ticks[-1].decision.rollout.phase is Phase.ABORTED
    assert not alias(FunctionName=FUNCTION, Name="live").get("RoutingConfig", {}).get("AdditionalVersionWeights")
    assert cloud.client("cloudwatch").describe_alarms(AlarmNames=list(rollout.guards))["MetricAlarms"] == []
    assert heard() == ["rolling_back", "aborted"]


def test_a_caller_with_the_rights_that_doctor_asks_for_releases_and_goes_back(
    cloud: RunningCloud, applied: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert applied.changes
    request = asked_for(a_candidate(cloud), capacity=Capacity(provisioned=1))
    here = Account(partition="aws", account=PLACE.account, region=PLACE.region)
    for name, value in a_user(cloud, needed_rights(here, request, STORE)).items():
        monkeypatch.setenv(name, value)
    wired = wire(connect_clients(PLACE.region), STORE)
    heard = listening(cloud)

    rollout = opened(request, wired.world)
    ticks = list[Tick]()
    while not ticks or (ticks[-1].decision.rollout.weight == NO_TRAFFIC and len(ticks) < PATIENCE_TICKS):
        ticks.append(wired.controller.tick(rollout.id))
        time.sleep(0.5)
    wired.controller.abort(rollout.id, by="amy", why="enough")
    ticks += [wired.controller.tick(rollout.id) for _ in range(2)]
    wired.world.notifier.finish(timedelta(seconds=20))

    assert [tick.trouble for tick in ticks] == [None] * len(ticks)
    assert [tick.seen.blind for tick in ticks if tick.seen is not None] == [None] * len(ticks)
    assert ticks[-3].decision.rollout.weight == Weight.percent(10)
    assert ticks[-1].decision.rollout.phase is Phase.ABORTED
    assert cloud.client("cloudwatch").describe_alarms(AlarmNames=list(rollout.guards))["MetricAlarms"] == []
    assert (
        wired.world.capacity.read_provisioned(FunctionName(FUNCTION), request.targets[0].candidate or Version(""))
        is None
    )
    assert heard() == ["opened", "rolling_back", "aborted"]


def test_a_watchdog_takes_everything_back_by_calling_the_controller_and_can_do_nothing_else(
    cloud: RunningCloud, applied: Result, as_role: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert applied.changes
    rollout = opened_by_an_engineer(cloud, monkeypatch)
    functions = as_role("rollout-abort")("lambda", PLACE.region)

    answer = functions.invoke(
        FunctionName="function-rollout-controller-dev",
        Payload=json.dumps({"abort": "all", "by": "watchdog", "why": "customers complain"}),
    )

    assert json.load(answer["Payload"])["rollouts"][0]["phase"] == "aborted"
    assert is_denied(functions.update_alias, FunctionName=FUNCTION, Name="live", FunctionVersion="1")
    assert is_denied(functions.get_alias, FunctionName=FUNCTION, Name="live")
    ended = DynamoStore(cloud.client("dynamodb"), STORE).load_rollout(rollout.id)
    assert ended is not None
    assert ended.aborted == "aborted by watchdog: customers complain"
