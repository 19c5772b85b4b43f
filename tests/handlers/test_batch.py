"""Batches of messages, against a real queue for the pauses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from handlers.shared import clients
from handlers.shared.batch import Batch, Message
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


def batch(queue_url: str) -> Batch:
    return Batch(sqs=clients.sqs(), queue_url=queue_url, first_pause_seconds=0)


def given_back(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_after_a_failure_the_rest_of_its_group_waits_and_other_groups_go_on(queue_url: str) -> None:
    carried_out: list[str] = []

    def act(message: Message) -> None:
        if message.message_id == "2":
            raise ValueError("broken")
        carried_out.append(message.message_id)

    event = {"Records": [record("1", "a"), record("2", "a"), record("3", "b"), record("4", "a")]}
    assert given_back(batch(queue_url).carry_out(event, act)) == ["2", "4"]
    assert carried_out == ["1", "3"]


def test_a_message_with_card_data_is_dropped_and_never_given_back(
    queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"Records": [record("1", body='{"note": "4242 4242 4242 4242"}')]}
    acted: list[Message] = []
    assert given_back(batch(queue_url).carry_out(event, acted.append)) == []
    assert acted == []
    assert "4242" not in capsys.readouterr().out


def test_a_failed_message_is_back_after_its_pause_not_after_the_queue_s_timeout(
    cloud: RunningCloud, queue_url: str
) -> None:
    sqs = sqs_of(cloud)
    sqs.send_message(QueueUrl=queue_url, MessageBody="{}", MessageGroupId="g", MessageDeduplicationId="1")
    received = sqs.receive_message(QueueUrl=queue_url)["Messages"][0]

    def act(_message: Message) -> None:
        raise ValueError("broken")

    event = {"Records": [record("1", receipt=received["ReceiptHandle"])]}
    batch(queue_url).carry_out(event, act)
    again = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2)["Messages"]
    assert [message["MessageId"] for message in again] == [received["MessageId"]]
