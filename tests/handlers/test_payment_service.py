"""Announcements, dead letters and replays of payments, on a real topic, queue and table (A1, A4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from handlers.payment_processor import app
from handlers.payment_processor.service import PaymentCommand, parse_replay, replay_event
from handlers.shared.exact_json import JsonNumber
from handlers.shared.identity import random_id
from handlers.shared.logs import InvocationFailed
from handlers.shared.money import Currency, parse_amount
from handlers.shared.order import Order, Party
from tests.handlers.events import Context, content, order_text, proxy
from tests.handlers.resources import arn_of, drained, sqs_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("payments_table", "_fresh_service")


@pytest.fixture
def _fresh_service() -> Iterator[None]:
    app.service.cache_clear()
    yield
    app.service.cache_clear()


@pytest.fixture
def announced(cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a queue that listens to the topic."""
    topic_arn = cloud.client("sns").create_topic(Name="payments")["TopicArn"]
    queue_url = sqs_of(cloud).create_queue(QueueName="announced")["QueueUrl"]
    cloud.client("sns").subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=arn_of(cloud, queue_url),
        Attributes={"RawMessageDelivery": "true"},
    )
    monkeypatch.setenv("PAYMENT_EVENTS_TOPIC_ARN", topic_arn)
    return queue_url


@pytest.fixture
def dead_letters(cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> str:
    queue_url = sqs_of(cloud).create_queue(QueueName="payments-dead")["QueueUrl"]
    drained(cloud, queue_url)
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue_url)
    return queue_url


def command(amount: str = "12.30") -> PaymentCommand:
    order = Order(
        amount=parse_amount(JsonNumber(amount)),
        currency=Currency.EUR,
        payment_method="card_tok",
        party=Party.CUSTOMER,
        party_id="c-1",
    )
    return PaymentCommand(payment_id=random_id("pay"), order=order)


def post() -> dict[str, object]:
    return app.handler(proxy("POST", "/payments", body=order_text("12.30")), Context())


def test_a_payment_is_announced(cloud: RunningCloud, announced: str) -> None:
    made = post()
    (announcement,) = drained(cloud, announced)
    assert json.loads(announcement) == {"type": "payment.completed", **content(made)}


def test_a_payment_that_fails_unexpectedly_is_kept_and_can_be_replayed(
    cloud: RunningCloud, dead_letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A4: with the error and enough context to replay it; the amount keeps its digits."""
    monkeypatch.setenv("PAYMENT_EVENTS_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:gone")
    failed = post()
    letter = sqs_of(cloud).receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])["Messages"][0]
    monkeypatch.delenv("PAYMENT_EVENTS_TOPIC_ARN")
    app.service.cache_clear()
    replayed = app.handler(json.loads(letter["Body"]), Context(function_version="8"))
    found = app.handler(proxy("GET", "/payments/{id}", path={"id": replayed["payment_id"]}), Context())
    assert failed["statusCode"] == 500
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "AwsError"
    assert letter["MessageAttributes"]["RequestID"]["StringValue"] == "request-1"
    assert '"amount":12.30,' in found["body"]


def test_a_replay_of_what_was_done_in_the_end_pays_nothing_again() -> None:
    paid = app.service().carry_out(command(), at=datetime.now(UTC), version="7")
    again = PaymentCommand(payment_id=paid.payment_id, order=paid.order)
    assert app.handler(replay_event(again), Context(function_version="8")) == {
        "payment_id": paid.payment_id,
        "status": "completed",
    }
    kept = app.service().store.find(paid.payment_id)
    assert kept is not None
    assert kept.version == "7"


def test_an_announcement_that_was_lost_is_made_by_the_repetition(cloud: RunningCloud, announced: str) -> None:
    paid = command()
    for _ in range(2):
        app.service().carry_out(paid, at=datetime.now(UTC), version="7")
    assert len(drained(cloud, announced)) == 2


def test_a_failure_while_keeping_a_failure_is_told_and_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAYMENTS_TABLE", "gone")
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1/000000000000/gone")
    assert post()["statusCode"] == 500
    printed = capsys.readouterr().out
    assert "could not be kept for a replay" in printed
    assert "ResourceNotFoundException" in printed


def test_a_replay_that_fails_raises_so_that_lambda_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_TABLE", "gone")
    with pytest.raises(InvocationFailed, match="AwsError"):
        app.handler(replay_event(command()), Context())


def test_a_command_survives_the_way_through_the_queue() -> None:
    sent = command("7.50")
    assert parse_replay(json.loads(json.dumps(replay_event(sent)))) == sent
