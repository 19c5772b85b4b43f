"""The pure parts of the data plane: the Runtime API's reading, lines of output, log lines, ARNs, access logs."""

import json
import os
import selectors
import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.functions.failures import exit_reason
from localcloud.functions.model import Answer, Invocation, Outcome
from localcloud.functions.output import Output
from localcloud.functions.platform_log import PlatformFacts, log_lines
from localcloud.functions.records import function_arn, qualifier_of
from localcloud.functions.runtime_api import CallKind, RuntimeApi, reply
from localcloud.gateway.access_log import Served, access_line
from localcloud.gateway.answers import is_proxy_response
from localcloud.gateway.exchange import Exchange
from localcloud.gateway.permissions import arn_like, gateway_may_invoke

NOW = datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:pay"
STAGE = "arn:aws:execute-api:eu-west-1:123456789012:api1/live/GET/payments/{id}"
REPORT = (
    "REPORT RequestId: r-1\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 40 MB\tStatus: timeout"
)


def turned(selector: selectors.BaseSelector) -> None:
    for chosen, _ in selector.select(5):
        chosen.data()


@given(st.data())
def test_a_request_is_understood_however_the_network_cuts_it(data: st.DataObject) -> None:
    requests = (
        b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\ncontent-length: 4\r\n\r\nnull"
        b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(requests)), max_size=4)))
    with selectors.DefaultSelector() as selector:
        api = RuntimeApi(selector)
        host, port = api.address.split(":")
        with socket.create_connection((host, int(port))) as client:
            turned(selector)
            for start, end in zip([0, *cuts], [*cuts, len(requests)], strict=True):
                client.sendall(requests[start:end])
                if end > start:
                    turned(selector)
            while len(api.calls) < 3:
                turned(selector)
            seen = [(call.kind, call.request_id, call.body) for call in api.calls]
            reply(api.calls[0], 200, {"A": "b"}, b"{}")
            assert client.recv(1000) == b"HTTP/1.1 200 -\r\nContent-Length: 2\r\nA: b\r\n\r\n{}"
        api.close()
    assert seen == [
        (CallKind.NEXT, "", b""),
        (CallKind.RESPONSE, "id-1", b"null"),
        (CallKind.INIT_ERROR, "", b"{}"),
    ]


def test_output_is_taken_line_by_line_with_an_unfinished_one_at_the_end() -> None:
    reading, writing = os.pipe()
    output = Output(reading)
    os.write(writing, "one\ntwö\nthr".encode())
    assert output.read()
    assert output.take() == ("one", "twö", "thr")
    os.write(writing, b"[ERROR] no good\rTraceback\r  line\n\xff\n")
    os.close(writing)
    assert not output.read()
    assert output.take() == ("[ERROR] no good\nTraceback\n  line", "\ufffd")
    output.close()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (3, "Runtime exited with error: exit status 3"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_the_end_of_a_runtime_is_told_as_lambda_tells_it(status: int, reason: str) -> None:
    assert exit_reason(status) == reason


def test_a_timeout_is_logged_with_its_time_and_its_status() -> None:
    invocation = Invocation(request_id="r-1", function_arn=ARN, payload=b"{}", timeout_s=3)
    outcome = Outcome(
        answer=Answer(payload=b"{}", error_type="Sandbox.Timedout"),
        duration_ms=3000.0,
        init_ms=None,
        lines=("own",),
        peak_memory_mb=40,
    )
    facts = PlatformFacts(version="7", memory_mb=512, as_json=False)
    assert log_lines(invocation, outcome, facts, NOW) == [
        "START RequestId: r-1 Version: 7",
        "own",
        "2026-11-21T12:00:00.123Z r-1 Task timed out after 3.00 seconds",
        "END RequestId: r-1",
        REPORT,
    ]


@pytest.mark.parametrize(("arn", "qualifier"), [(ARN, None), (f"{ARN}:live", "live"), (f"{ARN}:$LATEST", "$LATEST")])
def test_an_arn_is_taken_apart_into_function_and_qualifier(arn: str, qualifier: str | None) -> None:
    assert (function_arn(arn), qualifier_of(arn)) == (ARN, qualifier)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (STAGE, True),
        ("arn:aws:execute-api:eu-west-1:123456789012:api1/*/*/*", True),
        ("arn:aws:execute-api:eu-west-1:123456789012:api1/live/GET/payments/*", True),
        ("arn:aws:execute-api:*:*:api1/l?ve/*", True),
        ("arn:aws:execute-api:eu-west-1:123456789012:api2/*", False),
        ("arn:aws:execute-api:eu-west-1:123456789012:api1/preview/*", False),
        ("arn:aws:execute-api:*", False),
        ("*", False),
    ],
)
def test_arn_patterns_match_part_by_part(pattern: str, matches: bool) -> None:  # noqa: FBT001 - a table of answers
    assert arn_like(pattern, STAGE) is matches


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Condition": {}}, True),
        ({"Resource": ARN}, False),
        ({"Effect": "Deny"}, False),
        ({"Action": "lambda:GetFunction"}, False),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "210987654321"}}}, False),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": STAGE.replace("live", "preview")}}}, False),
    ],
)
def test_a_statement_allows_what_it_says_and_nothing_else(
    change: dict[str, object],
    allowed: bool,  # noqa: FBT001 - a table of answers
) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": f"{ARN}:live",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Condition": {"ArnLike": {"AWS:SourceArn": STAGE}},
        **change,
    }
    assert gateway_may_invoke({"Statement": [statement]}, f"{ARN}:live", STAGE) is allowed


@pytest.mark.parametrize(
    ("payload", "well_formed"),
    [
        ({"statusCode": 200, "body": "x"}, True),
        ({"statusCode": "200", "headers": None}, True),
        ({"statusCode": 200, "body": {"a": 1}}, False),
        ({"statusCode": 200, "headers": []}, False),
        ({"body": "x"}, False),
        ({"statusCode": None}, False),
    ],
)
def test_a_proxy_response_has_a_status_and_text(
    payload: dict[str, object],
    well_formed: bool,  # noqa: FBT001 - a table of answers
) -> None:
    assert is_proxy_response(payload) is well_formed


def test_an_access_line_fills_what_is_known_and_a_hyphen_for_the_rest() -> None:
    request = {
        "request_id": "r-1",
        "headers": {"user-agent": "test", "x-forwarded-for": "10.0.0.1, 10.0.0.2"},
        "stage_name": "live",
        "resource_path": "/payments/{id}",
        "stage": {},
    }
    exchange = Exchange(request=request, integration_ms=12.4, integration_status=200, problem='it "broke"')
    served = Served(
        api_id="api1",
        account="123456789012",
        method="GET",
        path="/payments/7",
        status=502,
        length=30,
        latency_ms=14.6,
        at=NOW,
    )
    line = access_line(
        "$context.identity.sourceIp $context.path $context.responseLatency $context.integrationLatency "
        "$context.error.messageString $context.authorizer.principalId [$context.requestTime] $context.status.",
        exchange,
        served,
    )
    assert line == (
        f"10.0.0.1 /live/payments/7 15 12 {json.dumps(exchange.problem)} - [21/Nov/2026:12:00:00 +0000] 502."
    )
