"""The deployed service from end to end: API Gateway, aliases, FIFO queues, event source mappings, a real merchant."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from handlers import dead_letters
from handlers.shared.signatures import sign, verify
from tests.handlers.deployment import FRAUD_SECRET, MERCHANT_SECRET, Answered, Service, bundle
from tests.handlers.events import order_text
from tests.handlers.merchant import Merchant, listening_merchant
from tests.handlers.resources import dynamodb_of, sqs_of
from tests.handlers.waiting import eventually

pytestmark = [pytest.mark.localcloud, pytest.mark.usefixtures("aws")]

KEYS, DUPLICATES = 50, 100


@pytest.fixture
def merchant(service: Service) -> Iterator[tuple[str, Merchant]]:
    """A merchant of the test's own, and its id."""
    merchant_id = f"merchant-{uuid4().hex[:8]}x"
    with listening_merchant() as listening:
        service.register_merchant(merchant_id, listening.url)
        yield merchant_id, listening


def order(merchant_id: str, amount: str = "12.30") -> str:
    return order_text(amount, customer_id=None, merchant_id=merchant_id)


def status_of(service: Service, transaction_id: str) -> str:
    return str(service.call("GET", f"/transaction/{transaction_id}").body["status"])


def alert(service: Service, transaction_id: str, verdict: str) -> Answered:
    body = json.dumps(
        {
            "alert_id": f"alert-{uuid4()}",
            "transaction_id": transaction_id,
            "verdict": verdict,
            "timestamp": "2026-11-21T12:00:00Z",
        }
    )
    headers = {"Webhook-Signature": sign(body.encode(), [FRAUD_SECRET], at=int(time.time()))}
    return service.call("POST", "/fraud-webhook", body, headers=headers)


def waiting(service: Service, merchant_id: str) -> str:
    """The id of a transaction in review."""
    transaction_id: str = service.call("POST", "/transactions", order(merchant_id, "2500.00")).body["transaction_id"]
    eventually(lambda: status_of(service, transaction_id) == "review")
    return transaction_id


def test_a_small_transaction_is_settled_and_the_merchant_hears_of_it(
    service: Service, merchant: tuple[str, Merchant]
) -> None:
    """B5."""
    merchant_id, listening = merchant
    made = service.call("POST", "/transactions", order(merchant_id, "12.30"))
    listening.wait_for(1)
    (delivery,) = listening.deliveries
    assert (made.status, made.body["status"]) == (202, "pending")
    assert status_of(service, made.body["transaction_id"]) == "settled"
    assert b'"amount":12.30,' in delivery.body
    assert json.loads(delivery.body)["type"] == "transaction.settled"
    assert verify(delivery.body, delivery.headers["Webhook-Signature"], [MERCHANT_SECRET], now=time.time())


@pytest.mark.parametrize(("verdict", "outcome"), [("fraud", "blocked"), ("clear", "settled")])
def test_the_fraud_service_decides_what_waits(
    verdict: str, outcome: str, service: Service, merchant: tuple[str, Merchant]
) -> None:
    merchant_id, listening = merchant
    transaction_id = waiting(service, merchant_id)
    answered = alert(service, transaction_id, verdict)
    listening.wait_for(1)
    assert (answered.status, answered.body["transaction_status"]) == (200, outcome)
    assert [json.loads(delivery.body)["type"] for delivery in listening.deliveries] == [f"transaction.{outcome}"]


def test_an_alert_that_was_recorded_and_never_carried_out_is_carried_out_by_one_command(
    service: Service, merchant: tuple[str, Merchant], capsys: pytest.CaptureFixture[str]
) -> None:
    """The handler died after the record, and the fraud service did not call again."""
    merchant_id, listening = merchant
    transaction_id = waiting(service, merchant_id)
    table = service.tables["alerts"]
    item = {"alert_id": "cut-off", "timestamp": "2026-11-21T12:00:00Z", "verdict": "fraud", "state": "received"}
    item |= {"transaction_id": transaction_id, "reason": ""}
    dynamodb_of(service.cloud).put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})
    command = ["alerts", "--table", table, "--function", service.function("fraud-handler")]
    assert [dead_letters.main(command), dead_letters.main(command)] == [0, 0]
    listening.wait_for(1)
    assert status_of(service, transaction_id) == "blocked"
    assert capsys.readouterr().out == '{"replayed": 1, "failed": 0}\n{"replayed": 0, "failed": 0}\n'


def test_a_payment_that_failed_is_replayed_from_the_dead_letters_of_its_function_by_one_command(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """A4: the table was away when it was ordered."""
    client, name = service.cloud.client("lambda"), service.function("payment-processor")
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables, "PAYMENTS_TABLE": "away"}}
    )
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    key = str(uuid4())
    assert service.call("POST", "/payments", order_text("7.50"), key=key).status == 500
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="1")
    queue = service.dead_letter_url.rpartition("/")[2]
    assert dead_letters.main(["replay", "--queue", queue, "--function", name]) == 0
    assert json.loads(capsys.readouterr().out) == {"replayed": 1, "failed": 0}
    payments = dynamodb_of(service.cloud).scan(TableName=service.tables["payments"])["Items"]
    (kept,) = [item for item in payments if item["amount"] == {"S": "7.50"}]
    repeated = service.call("POST", "/payments", order_text("7.50"), key=key)
    assert (repeated.status, repeated.body["payment_id"]) == (201, kept["payment_id"]["S"])


def test_a_merchant_that_fails_twice_hears_at_the_third_attempt(
    service: Service, merchant: tuple[str, Merchant]
) -> None:
    merchant_id, listening = merchant
    listening.statuses = [503, 500]
    service.call("POST", "/transactions", order(merchant_id))
    listening.wait_for(3)
    assert len({delivery.headers["Webhook-Id"] for delivery in listening.deliveries}) == 1


def test_a_merchant_that_fails_three_times_is_dead_lettered_and_replayed_by_one_command(
    service: Service, merchant: tuple[str, Merchant], capsys: pytest.CaptureFixture[str]
) -> None:
    merchant_id, listening = merchant
    listening.statuses = [500] * 3
    service.call("POST", "/transactions", order(merchant_id))
    queue = service.notifications.dead_letter_url
    eventually(lambda: waiting_messages(service, queue) == 1)
    names = [url.rpartition("/")[2] for url in (queue, service.notifications.url)]
    assert dead_letters.main(["replay", "--queue", names[0], "--to", names[1]]) == 0
    listening.wait_for(4)
    assert json.loads(capsys.readouterr().out) == {"replayed": 1, "failed": 0}


def waiting_messages(service: Service, queue_url: str) -> int:
    attributes = sqs_of(service.cloud).get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_a_message_that_cannot_be_read_does_not_hold_up_the_others(
    service: Service, merchant: tuple[str, Merchant]
) -> None:
    merchant_id, listening = merchant
    sqs_of(service.cloud).send_message(
        QueueUrl=service.processing.url, MessageBody="no JSON", MessageGroupId="poison", MessageDeduplicationId="1"
    )
    service.call("POST", "/transactions", order(merchant_id))
    listening.wait_for(1)
    eventually(lambda: waiting_messages(service, service.processing.dead_letter_url) == 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/transactions"), ("GET", "/transaction/txn_x"), ("POST", "/fraud-webhook"), ("GET", "/payments")],
)
def test_without_the_api_key_neither_the_flow_nor_the_list_of_payments_is_reached(
    service: Service, method: str, path: str
) -> None:
    """B1."""
    assert service.call(method, path, "{}", headers={"x-api-key": "wrong"}).status == 403


def test_a_hundred_concurrent_duplicates_of_fifty_keys_are_fifty_payments(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [str(uuid4()) for _ in range(KEYS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda key: (key, service.call("POST", "/payments", order_text(), key=key)), keys * DUPLICATES)
        )
    seconds = time.perf_counter() - began
    bodies = {key: {answer.text for each, answer in answers if each == key} for key in keys}
    with capsys.disabled():
        made = len({answer.body["payment_id"] for _, answer in answers})
        print(f"\n{len(answers)} requests with {KEYS} keys made {made} payments in {seconds:.1f} s")  # noqa: T201 - the issue asks for the counts
    assert {answer.status for _, answer in answers} == {201}
    assert {len(texts) for texts in bodies.values()} == {1}
    assert made == KEYS


def test_two_versions_at_once_share_keys_and_records(service: Service) -> None:
    """Half of the traffic runs version 2; whichever answers, it is the same payment."""
    client = service.cloud.client("lambda")
    name = service.function("payment-processor")
    client.update_function_code(FunctionName=name, ZipFile=bundle() + b"\n")
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {version: 0.5}})
    key = str(uuid4())
    answers = [service.call("POST", "/payments", order_text(), key=key) for _ in range(40)]
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {answer.headers["x-version"] for answer in answers} == {"1", version}
    assert len({answer.text for answer in answers}) == 1
