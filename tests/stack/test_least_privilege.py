"""The roles against the embedded cloud's IAM enforcement: what must work does, the rest is denied (A6, C5)."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from canary.aws.store import DynamoStore
from canary.core.destination import Destination, Medium
from canary.core.judge import JudgeSettings
from canary.core.model import AliasName, FunctionName, Phase, RolloutId, Version, Weight
from canary.core.plan import canary_strategy
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.opening import open_rollout, plan_rollout
from canary.wiring import connect_clients, wire
from localcloud.engine.deploy import deploy
from localcloud.engine.jobs import Result
from localcloud.running import RunningCloud, running_cloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY
from stack import grants
from stack.naming import Place
from stack.settings import CHECKOUT

pytestmark = pytest.mark.localcloud
PLACE = Place(
    environment="dev", account="000000000000", region="us-east-1", cost_centre="c", data_classification="internal"
)
ANYBODY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
SETTLED_WITHIN_SECONDS = 30


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Makes clients with the rights of one role."""

    cloud: RunningCloud
    given: Mapping[str, str]

    def __call__(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3's
        session = boto3.Session(self.given["AccessKeyId"], self.given["SecretAccessKey"], self.given["SessionToken"])
        return session.client(service, endpoint_url=self.cloud.endpoint, region_name=region)  # type: ignore[call-overload]

    def variables(self) -> dict[str, str]:
        """What lets a process act as the role."""
        return {
            "AWS_ACCESS_KEY_ID": self.given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self.given["SessionToken"],
        }


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


def is_denied(act: Callable[..., Any], **arguments: object) -> bool:
    try:
        act(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return False


def test_payments_are_taken_found_and_listed_with_the_functions_own_rights(applied: Result) -> None:
    order = {"amount": "9.99", "currency": "GBP", "payment_method": "card_tok", "customer_id": "c-1"}
    url = f"{applied.outputs['live_url']}/payments"
    paid = call(url, order)
    assert call(f"{url}/{paid['payment_id']}") == paid
    assert paid in call(f"{url}?status={paid['status']}")["payments"]


def test_a_transaction_is_taken_queued_and_settled_with_the_functions_own_rights(
    cloud: RunningCloud, applied: Result
) -> None:
    key = cloud.client("apigateway").get_api_key(apiKey=applied.outputs["api_key_id"], includeValue=True)["value"]
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
    candidate = a_candidate(cloud)
    rollout = opened(cloud, candidate, monkeypatch)
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
    assert split == {candidate: 0.1}
    assert ticks[-1].decision.rollout.phase is Phase.ABORTED
    assert not alias(FunctionName=FUNCTION, Name="live").get("RoutingConfig", {}).get("AdditionalVersionWeights")
    assert cloud.client("cloudwatch").describe_alarms(AlarmNames=list(rollout.guards))["MetricAlarms"] == []
    assert heard() == ["rolling_back", "aborted"]


def test_a_watchdog_takes_everything_back_by_calling_the_controller_and_can_do_nothing_else(
    cloud: RunningCloud, applied: Result, as_role: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert applied.changes
    rollout = opened(cloud, a_candidate(cloud), monkeypatch)
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


FUNCTION, STORE, TOPIC = "function-payment-processor-dev", "table-rollouts-dev", PLACE.arn("sns", "topic-alarms-dev")


def a_candidate(cloud: RunningCloud) -> str:
    """A version newer than the one that live serves."""
    functions = cloud.client("lambda")
    functions.update_function_configuration(FunctionName=FUNCTION, Description=uuid4().hex)
    return functions.publish_version(FunctionName=FUNCTION)["Version"]


def opened(cloud: RunningCloud, candidate: str, monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """A rollout to the candidate, opened by somebody who may."""
    for name, value in {
        "ENDPOINT_URL": cloud.endpoint,
        "ACCESS_KEY_ID": ACCESS_KEY,
        "SECRET_ACCESS_KEY": SECRET_KEY,
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    world = wire(connect_clients(PLACE.region), STORE).world
    request = ReleaseRequest(
        targets=(
            TargetRequest(
                function=FunctionName(FUNCTION),
                alias=AliasName("live"),
                preview_alias=AliasName("preview"),
                candidate=Version(candidate),
            ),
        ),
        strategy=canary_strategy(Weight.percent(10), timedelta(hours=1)),
        judge=JudgeSettings(),
        notify=(Destination(medium=Medium.SNS, name=TOPIC),),
        by="engineer",
    )
    planned = plan_rollout(request, world.router, world.metrics, world.clock, RolloutId(f"r-{uuid4().hex[:8]}"))
    return open_rollout(planned, request, world.alarms, world.store)


def listening(cloud: RunningCloud) -> Callable[[], list[str]]:
    """What comes to the topic from now on, by the kinds of notice."""
    queues = cloud.client("sqs")
    url = queues.create_queue(QueueName=f"heard-{uuid4().hex[:8]}")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_it_in = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_it_in]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)

    def heard() -> list[str]:
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        told = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
        return [notice["kind"] for notice in sorted(told, key=lambda notice: notice["at"])]

    return heard
