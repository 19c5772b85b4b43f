"""POST /fraud-webhook on real tables, queues and parameters: who is believed, what it does, what is refused (B5)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from handlers.fraud_handler import alerts, app
from handlers.shared.exact_json import JsonNumber
from handlers.shared.identity import random_id
from handlers.shared.money import Currency, parse_amount
from handlers.shared.order import Order, Party
from handlers.shared.signatures import sign
from handlers.transactions.transaction import Transaction
from tests.handlers.events import Context, content, proxy
from tests.handlers.resources import FifoQueue, drained, dynamodb_of, ssm_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("transactions_table", "alerts_table", "notification_queue", "fraud_secret")

SECRET = "fraud-secret"
PARAMETER = "/payments/test/fraud-secret"


@pytest.fixture(scope="module")
def fraud_secret(cloud: RunningCloud, aws: pytest.MonkeyPatch) -> None:
    ssm_of(cloud).put_parameter(Name=PARAMETER, Value=SECRET, Type="SecureString")
    aws.setenv("FRAUD_SECRET_PARAMETER", PARAMETER)


@pytest.fixture(autouse=True)
def _fresh(cloud: RunningCloud, notification_queue: FifoQueue) -> None:
    drained(cloud, notification_queue.url)
    app.parameters.cache_clear()


def waiting(amount: str = "1000") -> str:
    """The id of a transaction that waits for the fraud service."""
    order = Order(
        amount=parse_amount(JsonNumber(amount)),
        currency=Currency.EUR,
        payment_method="card_tok",
        party=Party.MERCHANT,
        party_id="merchant-1",
    )
    transaction = Transaction.opened(random_id("txn"), order, at="2026", version="7")
    app.transactions().insert(transaction)
    app.transactions().change(transaction, lambda seen: seen.processed(at="2027", version="7"))
    return transaction.transaction_id


def alert(transaction_id: str, verdict: str = "fraud", *, alert_id: str | None = None) -> str:
    return json.dumps(
        {
            "alert_id": alert_id or f"alert-{uuid4()}",
            "transaction_id": transaction_id,
            "verdict": verdict,
            "timestamp": "2026-11-21T12:00:00Z",
        }
    )


def deliver(body: str, *, signature: str | None = None, secrets: tuple[str, ...] = (SECRET,)) -> dict[str, Any]:
    header = sign(body.encode(), secrets, at=int(time.time())) if signature is None else signature
    event = proxy("POST", "/fraud-webhook", body=body, headers={"Webhook-Signature": header})
    return app.handler(event, Context())


def error(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["statusCode"], content(answer)["error"]


@pytest.mark.parametrize(("verdict", "status"), [("fraud", "blocked"), ("clear", "settled")])
def test_a_verdict_ends_the_waiting_and_the_merchant_is_told(
    verdict: str, status: str, cloud: RunningCloud, notification_queue: FifoQueue
) -> None:
    transaction_id = waiting()
    answer = deliver(alert(transaction_id, verdict))
    assert (answer["statusCode"], content(answer)["transaction_status"]) == (200, status)
    (notification,) = map(json.loads, drained(cloud, notification_queue.url))
    assert notification["event_id"] == f"{transaction_id}-{status}"


def test_an_alert_is_recorded_with_the_version_that_took_it(cloud: RunningCloud) -> None:
    deliver(alert(waiting(), alert_id="recorded"))
    key = {"alert_id": {"S": "recorded"}, "timestamp": {"S": "2026-11-21T12:00:00Z"}}
    record = dynamodb_of(cloud).get_item(TableName="fraud_alerts", Key=key)["Item"]
    assert (record["verdict"], record["state"], record["version"]) == ({"S": "fraud"}, {"S": "applied"}, {"S": "7"})


def test_an_alert_after_the_settlement_changes_nothing() -> None:
    assert content(deliver(alert(waiting("10"))))["transaction_status"] == "settled"


def test_a_replayed_delivery_is_refused() -> None:
    body = alert(waiting())
    signature = sign(body.encode(), (SECRET,), at=int(time.time()))
    deliver(body, signature=signature)
    assert error(deliver(body, signature=signature)) == (409, "replayed")


def test_a_replay_does_not_get_through_with_one_of_two_signatures() -> None:
    body = alert(waiting())
    signature = sign(body.encode(), (SECRET, "other"), at=int(time.time()))
    deliver(body, signature=signature)
    assert error(deliver(body, signature=signature.rpartition(",")[0])) == (409, "replayed")


def test_the_fraud_service_may_repeat_an_alert_with_a_new_signature() -> None:
    body = alert(waiting())
    first = deliver(body, signature=sign(body.encode(), (SECRET,), at=int(time.time()) - 1))
    again = deliver(body, signature=sign(body.encode(), (SECRET,), at=int(time.time())))
    assert (again["statusCode"], again["body"]) == (200, first["body"])


def test_an_alert_is_not_repeated_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each repetition is remembered by its signature, and a record has its limits."""
    monkeypatch.setattr(alerts, "MOST_KEPT", 2)
    body, now = alert(waiting()), int(time.time())
    answers = [deliver(body, signature=sign(body.encode(), (SECRET,), at=now - back)) for back in range(4)]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 409, 409]


def test_a_delivery_that_was_cut_off_is_made_good_by_the_same_one(
    cloud: RunningCloud, notification_queue: FifoQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert was recorded and then the queue was away: the same signed bytes must still be welcome."""
    body = alert(waiting())
    signature = sign(body.encode(), (SECRET,), at=int(time.time()))
    monkeypatch.setenv("NOTIFICATION_QUEUE_URL", notification_queue.url + "-gone")
    app.notifications.cache_clear()
    cut_off = deliver(body, signature=signature)
    monkeypatch.undo()
    app.notifications.cache_clear()
    assert cut_off["statusCode"] == 500
    assert deliver(body, signature=signature)["statusCode"] == 200
    assert len(drained(cloud, notification_queue.url)) == 1


def test_an_alert_s_name_cannot_be_used_for_another_transaction() -> None:
    deliver(alert(waiting(), alert_id="taken"))
    assert error(deliver(alert(waiting(), alert_id="taken"))) == (409, "replayed")


@pytest.mark.parametrize("secrets", [("wrong",), ("wrong", "also-wrong")])
def test_another_secret_is_refused(secrets: tuple[str, ...]) -> None:
    assert error(deliver(alert(waiting()), secrets=secrets)) == (401, "invalid_signature")


def test_a_missing_signature_is_refused_before_the_body_is_read() -> None:
    assert error(deliver("not json", signature="")) == (401, "invalid_signature")


def test_a_secret_that_was_rotated_a_moment_ago_is_believed(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssm = ssm_of(cloud)
    body = alert(waiting())
    deliver(body)
    ssm.put_parameter(Name=PARAMETER, Value=f"newer {SECRET}", Type="SecureString", Overwrite=True)
    monkeypatch.setattr(app, "ROTATION_SECONDS", 0)
    answers = [deliver(alert(waiting()), secrets=secrets)["statusCode"] for secrets in (("newer",), (SECRET,))]
    ssm.put_parameter(Name=PARAMETER, Value=SECRET, Type="SecureString", Overwrite=True)
    assert answers == [200, 200]


def test_an_unknown_transaction_is_not_found_and_nothing_is_recorded(cloud: RunningCloud) -> None:
    assert error(deliver(alert(random_id("txn"), alert_id="unknown"))) == (404, "not_found")
    key = {"alert_id": {"S": "unknown"}, "timestamp": {"S": "2026-11-21T12:00:00Z"}}
    assert "Item" not in dynamodb_of(cloud).get_item(TableName="fraud_alerts", Key=key)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": None}, "verdict"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"transaction_id": "x"}, "transaction_id"),
        ({"alert_id": ""}, "alert_id"),
        ({"reason": "two\nlines"}, "reason"),
    ],
)
def test_an_invalid_alert_is_a_clear_400(changed: dict[str, Any], field: str) -> None:
    body = json.dumps(json.loads(alert(random_id("txn"))) | changed)
    answer = deliver(body)
    assert (answer["statusCode"], content(answer)["field"]) == (400, field)
