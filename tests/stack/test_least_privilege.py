"""The roles against the embedded cloud's IAM enforcement: what must work does, the rest is denied (A6, C5)."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.engine.deploy import deploy
from localcloud.engine.jobs import Result
from localcloud.running import RunningCloud, running_cloud
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


Client = Callable[[str, str], Any]


@pytest.fixture
def as_role(cloud: RunningCloud, applied: Result) -> Callable[[str], Client]:
    """Clients with the rights of a purpose's role, through a role that this test may assume."""
    key = cloud.client("kms").list_aliases()["Aliases"][0]["TargetKeyId"]
    assert applied.changes

    def assume(purpose: str) -> Client:
        iam, name = cloud.client("iam"), f"probe-{purpose}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [ANYBODY]}))
        policy = grants.documents(PLACE, PLACE.arn("kms", f"key/{key}"))[purpose]
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy)
        arn = f"arn:aws:iam::{PLACE.account}:role/{name}"
        given = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
        session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return lambda service, region: session.client(service, endpoint_url=cloud.endpoint, region_name=region)  # type: ignore[call-overload]

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


def test_the_controller_may_move_aliases_and_make_guards_but_change_no_code_and_see_no_payment(
    as_role: Callable[[str], Client],
) -> None:
    client = as_role("rollout-controller")
    functions, name = client("lambda", PLACE.region), "function-payment-processor-dev"
    alias = functions.get_alias(FunctionName=name, Name="live")
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=alias["FunctionVersion"])
    alarms = client("cloudwatch", PLACE.region)
    alarm: dict[str, object] = {
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Period": 60,
        "Statistic": "Sum",
    }
    alarms.put_metric_alarm(AlarmName="bg-guard-x", **alarm)
    assert is_denied(alarms.put_metric_alarm, AlarmName="alarm-api-5xx-live-dev", **alarm)
    assert is_denied(functions.update_function_code, FunctionName=name, ZipFile=b"x")
    assert is_denied(functions.delete_function, FunctionName=name)
    payments = client("dynamodb", PLACE.region)
    assert is_denied(payments.get_item, TableName="table-payments-dev", Key={"payment_id": {"S": "pay_x"}})
