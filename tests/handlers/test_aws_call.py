"""The calls of AWS: signed, retried when that may help, and no more."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from handlers.shared import aws_call, clients
from handlers.shared.aws_call import AwsError, AwsUnreachable, Credentials, Service, pause_seconds


def test_credentials_do_not_show_their_secrets() -> None:
    who = Credentials(access_key="key", secret_key="hidden", token="hidden")
    assert "hidden" not in repr(who)


@dataclass
class Scripted:
    """A service that answers what it is told to, in turn; 0 hangs up."""

    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    callers: set[int] = field(default_factory=set)
    url: str = ""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.calls.append((self.headers.get("X-Amz-Target", ""), body))
            script.signatures.append(self.headers["Authorization"])
            script.callers.add(self.client_address[1])
            status, answer = script.answers.pop(0)
            if status == 0:
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    monkeypatch.setattr(aws_call, "pause_seconds", lambda _attempt: 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield script
        server.shutdown()
        thread.join()


@pytest.fixture
def service(scripted: Scripted) -> Service:
    return Service(
        name="dynamodb",
        region="us-east-1",
        endpoint=scripted.url,
        target="DynamoDB_20120810",
        protocol=clients.JSON_1_0,
        credentials=Credentials(access_key="key", secret_key="secret"),
    )


def test_a_call_names_its_operation_and_carries_its_parameters(scripted: Scripted, service: Service) -> None:
    scripted.answers = [(200, {"Item": {}})]
    assert service.call("GetItem", TableName="t") == {"Item": {}}
    assert scripted.calls == [("DynamoDB_20120810.GetItem", b'{"TableName":"t"}')]


def test_a_form_is_a_form(scripted: Scripted, service: Service) -> None:
    scripted.answers = [(200, {})]
    service.call_form("Publish", version="2010-03-31", Message="a b&c")
    assert scripted.calls == [("", b"Action=Publish&Version=2010-03-31&Message=a+b%26c")]


@pytest.mark.parametrize(
    "passing",
    [(0, {}), (500, {}), (503, {}), (400, {"__type": "com.amazonaws.dynamodb#ThrottlingException"})],
)
def test_what_may_pass_is_tried_again(
    passing: tuple[int, dict[str, Any]], scripted: Scripted, service: Service
) -> None:
    scripted.answers = [passing, passing, (200, {"done": True})]
    assert service.call("PutItem") == {"done": True}


def test_a_refusal_is_not_tried_again(scripted: Scripted, service: Service) -> None:
    scripted.answers = [(400, {"__type": "x#ConditionalCheckFailedException", "Item": {"a": {"S": "private"}}})]
    with pytest.raises(AwsError) as refused:
        service.call("PutItem")
    assert (refused.value.code, refused.value.details["Item"]) == (
        "ConditionalCheckFailedException",
        {"a": {"S": "private"}},
    )
    assert str(refused.value) == "dynamodb PutItem answered 400 ConditionalCheckFailedException"


def test_an_outage_ends_after_three_attempts(scripted: Scripted, service: Service) -> None:
    scripted.answers = [(503, {"__type": "Busy"})] * 3
    with pytest.raises(AwsError, match="answered 503 Busy"):
        service.call("PutItem")
    assert len(scripted.calls) == 3


def test_silence_is_not_taken_for_an_answer(scripted: Scripted, service: Service) -> None:
    scripted.answers = [(0, {})] * 3
    with pytest.raises(AwsUnreachable, match="dynamodb PutItem got no answer"):
        service.call("PutItem")


def test_a_service_that_takes_no_connection_is_unreachable(scripted: Scripted, service: Service) -> None:
    """botocore has two families of errors for it: a refused connection was tried once and raised as it came."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = replace(service, endpoint=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(AwsUnreachable, match="dynamodb PutItem got no answer"):
            away.call("PutItem")
    assert scripted.calls == []


@pytest.mark.parametrize(
    "error", [ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, ReadTimeoutError, SSLError]
)
def test_every_way_to_get_no_answer_is_one(error: type[BotoCoreError]) -> None:
    assert issubclass(error, aws_call.NO_ANSWER)


def test_a_connection_is_kept_between_calls(scripted: Scripted, service: Service) -> None:
    scripted.answers = [(200, {}), (200, {})]
    service.call("GetItem")
    service.call("GetItem")
    assert len(scripted.callers) == 1


def test_every_call_is_signed_for_its_service_and_region(scripted: Scripted, service: Service) -> None:
    """Target and content type are signed too: nobody on the way makes another call of it."""
    scripted.answers = [(200, {})]
    service.call("GetItem")
    (signature,) = scripted.signatures
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert "/us-east-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, " in signature


def test_pauses_grow_and_differ() -> None:
    pauses = [[pause_seconds(attempt) for _ in range(50)] for attempt in (1, 2, 9)]
    assert [(min(some) >= low, max(some) < high) for some, (low, high) in zip(pauses, SPANS, strict=True)] == [
        (True, True)
    ] * 3
    assert len(set(pauses[0])) > 1


SPANS = [(0.05, 0.1), (0.1, 0.2), (0.5, 1.0)]


def test_an_endpoint_of_one_service_wins_over_the_common_one(
    aws: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    del aws
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://queues/")
    assert clients.connect("sqs", target="", protocol="").endpoint == "http://queues"


def test_without_an_endpoint_the_service_itself_is_called(
    aws: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    del aws
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert clients.connect("ssm", target="", protocol="").endpoint == "https://ssm.us-east-1.amazonaws.com"
