"""POST /transactions, GET /transaction/{id} and the processing of messages, on real tables and queues (B1-B5)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from handlers.transaction_processor import app
from tests.handlers.events import Context, content, order_text, proxy, queued
from tests.handlers.resources import FifoQueue, drained, dynamodb_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("transactions_table", "transaction_queue", "notification_queue")

V7, V8 = Context(function_version="7"), Context(function_version="8")


def order(amount: str = "12.30") -> str:
    return order_text(amount, customer_id=None, merchant_id="merchant-1")


def post(body: str, *, key: str | None = None, context: Context = V7) -> dict[str, Any]:
    headers = {} if key is None else {"Idempotency-Key": key}
    return app.handler(proxy("POST", "/transactions", body=body, headers=headers), context)


def status_of(transaction_id: str) -> str:
    found = app.handler(proxy("GET", "/transaction/{id}", path={"id": transaction_id}), V7)
    return str(content(found)["status"])


def processed(message: str, context: Context = V8) -> list[Any]:
    failures: list[Any] = app.handler(queued(message), context)["batchItemFailures"]
    return failures


@pytest.fixture(autouse=True)
def _empty_queues(cloud: RunningCloud, transaction_queue: FifoQueue, notification_queue: FifoQueue) -> None:
    drained(cloud, transaction_queue.url)
    drained(cloud, notification_queue.url)


def test_a_transaction_is_answered_pending_kept_and_queued(cloud: RunningCloud, transaction_queue: FifoQueue) -> None:
    made = post(order("12.30"))
    transaction = content(made)
    assert (made["statusCode"], transaction["status"]) == (202, "pending")
    assert made["headers"]["Location"] == f"/transaction/{transaction['transaction_id']}"
    assert status_of(transaction["transaction_id"]) == "pending"
    (message,) = drained(cloud, transaction_queue.url)
    assert '"amount":12.30,' in message
    assert json.loads(message)["transaction_id"] == transaction["transaction_id"]


def test_processing_settles_and_tells_the_merchant(
    cloud: RunningCloud, transaction_queue: FifoQueue, notification_queue: FifoQueue
) -> None:
    transaction_id = content(post(order("12.30")))["transaction_id"]
    (message,) = drained(cloud, transaction_queue.url)
    assert processed(message) == []
    (notification,) = map(json.loads, drained(cloud, notification_queue.url))
    assert status_of(transaction_id) == "settled"
    assert notification.pop("occurred_at").endswith("Z")
    assert notification == {
        "format": 1,
        "event_id": f"{transaction_id}-settled",
        "type": "transaction.settled",
        "transaction_id": transaction_id,
        "merchant_id": "merchant-1",
        "amount": 12.30,
        "currency": "USD",
    }


def test_a_large_transaction_waits_and_nobody_is_told(
    cloud: RunningCloud, transaction_queue: FifoQueue, notification_queue: FifoQueue
) -> None:
    transaction_id = content(post(order("1000")))["transaction_id"]
    (message,) = drained(cloud, transaction_queue.url)
    processed(message)
    assert status_of(transaction_id) == "review"
    assert drained(cloud, notification_queue.url) == []


def test_a_message_that_comes_twice_settles_once_in_either_version(
    cloud: RunningCloud, transaction_queue: FifoQueue
) -> None:
    transaction_id = content(post(order()))["transaction_id"]
    (message,) = drained(cloud, transaction_queue.url)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(processed, [message] * 16, [V7, V8] * 8)) == [[]] * 16
    kept = app.store().find(transaction_id)
    assert kept is not None
    assert [change.status for change in kept.history] == ["pending", "settled"]


def test_a_transaction_whose_record_was_never_written_is_carried_out_from_its_message(
    cloud: RunningCloud, transaction_queue: FifoQueue
) -> None:
    """The process died between the message and the record: no transaction is lost."""
    transaction_id = content(post(order()))["transaction_id"]
    (message,) = drained(cloud, transaction_queue.url)
    key = {"transaction_id": {"S": transaction_id}}
    dynamodb_of(cloud).delete_item(TableName="transactions", Key=key)
    processed(message)
    assert status_of(transaction_id) == "settled"


def test_a_repeated_key_gets_the_first_answer_even_after_the_settlement(
    cloud: RunningCloud, transaction_queue: FifoQueue
) -> None:
    key = str(uuid4())
    first = post(order(), key=key)
    (message,) = drained(cloud, transaction_queue.url)
    processed(message)
    again = post(order(), key=key, context=V8)
    assert (again["statusCode"], again["body"]) == (202, first["body"])
    assert drained(cloud, transaction_queue.url) == []


def test_a_key_with_another_body_is_refused_and_its_message_has_no_effect(
    cloud: RunningCloud, transaction_queue: FifoQueue
) -> None:
    key = str(uuid4())
    transaction_id = content(post(order("1"), key=key))["transaction_id"]
    refused = post(order("2"), key=key)
    messages = drained(cloud, transaction_queue.url)
    for message in reversed(messages):
        processed(message)
    kept = app.store().find(transaction_id)
    assert (refused["statusCode"], content(refused)["error"]) == (422, "idempotency_key_reused")
    assert kept is not None
    assert (kept.order.amount.literal, kept.status) == ("1", "settled")


def test_a_key_with_another_unknown_member_is_refused_and_the_first_one_is_settled(
    cloud: RunningCloud, transaction_queue: FifoQueue
) -> None:
    key = str(uuid4())
    bodies = [order()[:-1] + f',"note":"{note}"}}' for note in ("a", "b")]
    first, refused, again = (post(body, key=key) for body in (*bodies, bodies[0]))
    for message in drained(cloud, transaction_queue.url):
        assert processed(message) == []
    assert (refused["statusCode"], content(refused)["error"]) == (422, "idempotency_key_reused")
    assert again["body"] == first["body"]
    assert status_of(content(first)["transaction_id"]) == "settled"


@pytest.mark.parametrize("message", ["", "{}", "[]", '{"format":2}', '{"format":1}', '{"format":1,"transaction_id":1}'])
def test_a_message_that_cannot_be_read_is_given_back_and_ends_as_a_dead_letter(message: str) -> None:
    assert processed(message) == [{"itemIdentifier": "message-1"}]


@pytest.mark.parametrize("transaction_id", ["txn_" + "a" * 26, "x", ""])
def test_an_unknown_transaction_is_not_found(transaction_id: str) -> None:
    answer = app.handler(proxy("GET", "/transaction/{id}", path={"id": transaction_id}), V7)
    assert answer["statusCode"] == 404
