"""Merchants' webhooks, really called over HTTP on loopback (B5, B6)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from handlers.notification_sender import app
from handlers.notification_sender.webhook import parse_endpoint
from handlers.shared.batch import Undeliverable
from handlers.shared.signatures import verify
from tests.handlers.events import Context, queued
from tests.handlers.merchant import Merchant, listening_merchant
from tests.handlers.resources import ssm_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("notification_queue", "settings")

NOTIFICATION = json.dumps(
    {"format": 1, "event_id": "txn_x-settled", "merchant_id": "merchant-1", "transaction_id": "txn_x", "amount": 12}
)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERCHANT_PARAMETERS", "/payments/test/merchants")
    monkeypatch.setenv("LOOPBACK_WEBHOOKS", "allow")
    app.parameters.cache_clear()


@pytest.fixture
def merchant(cloud: RunningCloud) -> Iterator[Merchant]:
    with listening_merchant() as listening:
        set_up(cloud, listening.url)
        yield listening


def set_up(cloud: RunningCloud, url: str, secret: str = "new old") -> None:
    ssm = ssm_of(cloud)
    path = "/payments/test/merchants/merchant-1"
    ssm.put_parameter(Name=f"{path}/webhook-url", Value=url, Type="String", Overwrite=True)
    ssm.put_parameter(Name=f"{path}/webhook-secret", Value=secret, Type="SecureString", Overwrite=True)


def sent(body: str = NOTIFICATION) -> bool:
    """Whether the message counts as delivered."""
    return not app.handler(queued(body), Context())["batchItemFailures"]


def test_a_merchant_gets_the_notification_signed_with_both_secrets(merchant: Merchant) -> None:
    assert sent()
    (delivery,) = merchant.deliveries
    assert (delivery.path, delivery.body.decode()) == ("/hook?id=1", NOTIFICATION)
    assert delivery.headers["Webhook-Id"] == "txn_x-settled"
    for secret in ("new", "old"):
        assert verify(delivery.body, delivery.headers["Webhook-Signature"], [secret], now=time.time())


@pytest.mark.parametrize("status", [200, 201, 299])
def test_any_answer_of_success_will_do(status: int, merchant: Merchant) -> None:
    merchant.statuses = [status]
    assert sent()


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_any_other_answer_gives_the_message_back(status: int, merchant: Merchant) -> None:
    """A redirect too: what is signed for one address is not carried to another."""
    merchant.statuses = [status]
    assert not sent()


def test_a_merchant_that_is_away_gives_the_message_back(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        set_up(cloud, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        assert not sent()
    assert "could not be reached (ConnectionRefusedError)" in capsys.readouterr().out


def test_a_merchant_without_a_webhook_gives_the_message_back() -> None:
    assert not sent(NOTIFICATION.replace("merchant-1", "merchant-unknown"))


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"format":1,"event_id":1}', '{"format":2}'])
def test_a_message_that_cannot_be_read_is_given_back(body: str) -> None:
    assert not sent(body)


def test_secrets_are_fetched_once(merchant: Merchant, cloud: RunningCloud) -> None:
    sent()
    set_up(cloud, "http://127.0.0.1:1/")
    assert sent()
    assert len(merchant.deliveries) == 2


def endpoint(url: str, *, allow_loopback: bool = False) -> tuple[Any, ...]:
    parsed = parse_endpoint(url, allow_loopback=allow_loopback)
    return parsed.host, parsed.port, parsed.target, parsed.is_plain


def test_a_webhook_is_called_over_https() -> None:
    assert endpoint("https://shop.example:8443/hook?a=1#x") == ("shop.example", 8443, "/hook?a=1", False)
    assert endpoint("https://shop.example") == ("shop.example", None, "/", False)


@pytest.mark.parametrize("url", ["http://shop.example/", "http://127.0.0.1/", "ftp://a.example", "https://", "", "x"])
def test_anything_else_is_refused_in_production(url: str) -> None:
    with pytest.raises(Undeliverable, match="must begin with https://"):
        parse_endpoint(url, allow_loopback=False)


def test_development_may_use_loopback_and_no_other_plain_address() -> None:
    assert endpoint("http://127.0.0.1:8080/hook", allow_loopback=True) == ("127.0.0.1", 8080, "/hook", True)
    with pytest.raises(Undeliverable, match="must begin with https://"):
        parse_endpoint("http://10.0.0.1/", allow_loopback=True)
