"""Batches of messages, against a real queue for the pauses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.shared import clients
from handlers.shared.aws_call import Service
from handlers.shared.batch import Batch, Message
from handlers.shared.exact_json import render_json
from handlers.shared.identity import random_id
from handlers.shared.order import Party, parse_order
from handlers.shared.refusal import Refusal
from handlers.shared.rest import parse_request, screen
from handlers.transactions.messages import transaction_message
from handlers.transactions.transaction import Transaction
from tests.handlers.events import Context, order_text, proxy
from tests.handlers.resources import sqs_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(scope="module")
def queue_url(cloud: RunningCloud) -> Iterator[str]:
    sqs = sqs_of(cloud)
    url = sqs.create_queue(QueueName="batch.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "600"})[
        "QueueUrl"
    ]
    yield url
    sqs.delete_queue(QueueUrl=url)


def record(
    message_id: str, group: str = "g", *, body: str = "{}", receipt: str = "gone", receives: int = 1
) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": receipt,
        "body": body,
        "attributes": {"MessageGroupId": group, "ApproximateReceiveCount": str(receives)},
    }


def batch(queue_url: str, sqs: Service | None = None) -> Batch:
    return Batch(sqs=sqs or clients.sqs(), queue_url=queue_url, first_pause_seconds=0)


def given_back(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_after_a_failure_the_rest_of_its_group_waits_and_other_groups_go_on(queue_url: str) -> None:
    carried_out: list[str] = []

    def act(message: Message) -> None:
        if message.message_id == "2":
            raise ValueError("broken")
        carried_out.append(message.message_id)

    event = {"Records": [record("1", "a"), record("2", "a"), record("3", "b"), record("4", "a")]}
    assert given_back(batch(queue_url).carry_out(event, Context(), act)) == ["2", "4"]
    assert carried_out == ["1", "3"]


def test_a_message_with_card_data_is_not_carried_out_and_not_lost(
    queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a stranger can have queued it. It was dropped once, and so was whatever looked like it."""
    event = {"Records": [record("1", body='{"note": "4242 4242 4242 4242"}'), record("2", "other")]}
    acted: list[Message] = []
    assert given_back(batch(queue_url).carry_out(event, Context(), acted.append)) == ["1"]
    assert [message.message_id for message in acted] == ["2"]
    assert "4242" not in capsys.readouterr().out


@given(
    st.lists(st.sampled_from(["\u00e4", "\u4242", "4242", "222222222222", "3", " ", "-", '"', "\\", "%"])).map("".join)
)
@example("\u00e4222222222222")
def test_what_the_api_takes_never_looks_like_card_data_in_its_message(description: str) -> None:
    """In a message a letter is an escape that may end in a digit, right before other digits: transactions were lost."""
    body = order_text("12.30", customer_id=None, merchant_id="m", description=description)
    sent = proxy("POST", "/transactions", body=json.dumps(json.loads(body), ensure_ascii=False))
    request = parse_request(sent, Context())
    try:
        screen(request, path="")
        order = parse_order(request.json_object(), Party.MERCHANT)
    except Refusal:
        return
    opened = Transaction.opened(random_id("txn"), order, at="2026-11-28T12:00:00.123456Z", version="7")
    acted: list[Message] = []
    event = {"Records": [record("1", body=render_json(transaction_message(opened)))]}
    batch("no queue is asked").carry_out(event, Context(), acted.append)
    assert acted


class Hurried(Context):
    """Has nine seconds left, and three less each time it is asked again."""

    asked = 0

    def get_remaining_time_in_millis(self) -> int:
        Hurried.asked += 1
        return max(0, 12_000 - 3_000 * Hurried.asked)


def test_near_its_end_a_function_begins_nothing_and_gives_the_rest_back(queue_url: str) -> None:
    acted: list[Message] = []
    event = {"Records": [record(str(number), f"g{number}") for number in range(4)]}
    assert given_back(batch(queue_url).carry_out(event, Hurried(), acted.append)) == ["2", "3"]
    assert [message.message_id for message in acted] == ["0", "1"]


def test_a_queue_that_is_away_leaves_the_others_of_the_batch_alone() -> None:
    """The pause could not be set, which was an error of the whole batch: what was done was done again."""
    away = replace(clients.sqs(), endpoint="http://127.0.0.1:1")
    event = {"Records": [record("1", "a", body="no"), record("2", "b")]}

    def act(message: Message) -> None:
        if message.body == "no":
            raise ValueError("broken")

    assert given_back(batch("http://127.0.0.1:1/queue", away).carry_out(event, Context(), act)) == ["1"]


def test_a_failed_message_is_back_after_its_pause_not_after_the_queue_s_timeout(
    cloud: RunningCloud, queue_url: str
) -> None:
    sqs = sqs_of(cloud)
    sqs.send_message(QueueUrl=queue_url, MessageBody="{}", MessageGroupId="g", MessageDeduplicationId="1")
    received = sqs.receive_message(QueueUrl=queue_url)["Messages"][0]

    def act(_message: Message) -> None:
        raise ValueError("broken")

    event = {"Records": [record("1", receipt=received["ReceiptHandle"])]}
    batch(queue_url).carry_out(event, Context(), act)
    again = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2)["Messages"]
    assert [message["MessageId"] for message in again] == [received["MessageId"]]
