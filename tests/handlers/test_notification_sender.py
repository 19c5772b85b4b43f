"""Merchants' webhooks, really called over HTTP on loopback (B5, B6)."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from handlers.notification_sender import app, webhook
from handlers.notification_sender.webhook import addresses, parse_endpoint, post
from handlers.shared import clients
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


def test_a_merchant_that_drips_its_answer_is_given_up(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each byte came within the time for one byte, and the other messages of the batch waited for ever."""
    monkeypatch.setattr(webhook, "DEADLINE_SECONDS", 0.3)
    hung_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 ")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            hung_up.set()

        dripping = threading.Thread(target=drip)
        dripping.start()
        set_up(cloud, f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert not sent()
        assert hung_up.wait(10)
        dripping.join()
    assert "gave no answer within 0.3 s" in capsys.readouterr().out


def test_a_merchant_that_says_nothing_is_given_up(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        set_up(cloud, f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert not sent()
    assert "gave no answer within 0.3 s" in capsys.readouterr().out


def test_a_merchant_s_certificate_must_be_of_its_host(
    merchant: Merchant, cloud: RunningCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is called is an address, what is checked is the name."""
    certificate, key = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    merchant.server.socket = context.wrap_socket(merchant.server.socket, server_side=True)
    delivered = {}
    for host in ("localhost", "127.0.0.1"):
        app.parameters.cache_clear()
        set_up(cloud, merchant.url.replace("http://127.0.0.1", f"https://{host}"))
        delivered[host] = sent()
    assert delivered == {"localhost": True, "127.0.0.1": False}
    assert len(merchant.deliveries) == 1


def make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """The files of a certificate for `host`, signed by itself, and of its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def test_a_message_waits_while_parameters_are_away_and_is_delivered_afterwards(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssm = clients.ssm()
    monkeypatch.setattr(clients, "ssm", lambda: replace(ssm, endpoint="http://127.0.0.1:1"))
    assert not sent()
    monkeypatch.undo()
    app.parameters.cache_clear()
    monkeypatch.setenv("MERCHANT_PARAMETERS", "/payments/test/merchants")
    monkeypatch.setenv("LOOPBACK_WEBHOOKS", "allow")
    assert sent()
    assert len(merchant.deliveries) == 1


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
    assert endpoint("https://shop.example") == ("shop.example", 443, "/", False)
    assert endpoint("https://[2001:db8::1]/hook") == ("2001:db8::1", 443, "/hook", False)


@pytest.mark.parametrize("url", ["http://shop.example/", "http://127.0.0.1/", "ftp://a.example", "https://", "", "x"])
def test_anything_else_is_refused_in_production(url: str) -> None:
    with pytest.raises(Undeliverable, match="must begin with https://"):
        parse_endpoint(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["https://[::1", "https://shop.example:99999/", "https://shop.example:x/"])
def test_what_is_no_url_is_said_to_be_none(url: str) -> None:
    with pytest.raises(Undeliverable, match="URL is none"):
        parse_endpoint(url, allow_loopback=False)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "127.0.0.1",
        "localhost",
        "2130706433",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ],
)
def test_a_webhook_that_leads_inside_is_not_called(host: str) -> None:
    """Whoever may set a merchant's URL could have read what only the function reaches."""
    with pytest.raises(Undeliverable, match="leads to a private address"):
        post(parse_endpoint(f"https://{host}/", allow_loopback=False), b"{}", {})


def test_a_public_address_is_called_as_it_was_checked() -> None:
    assert addresses(parse_endpoint("https://8.8.8.8/", allow_loopback=False)) == ["8.8.8.8"]


def test_development_may_use_loopback_and_no_other_plain_address() -> None:
    assert endpoint("http://127.0.0.1:8080/hook", allow_loopback=True) == ("127.0.0.1", 8080, "/hook", True)
    with pytest.raises(Undeliverable, match="must begin with https://"):
        parse_endpoint("http://10.0.0.1/", allow_loopback=True)
