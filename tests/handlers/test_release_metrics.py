from __future__ import annotations

import json
from typing import Any

import pytest

from canary import schema
from handlers.shared import release_metrics
from handlers.shared.release_metrics import Outcome, document, measured
from tests.handlers.events import Context, proxy

POST = proxy("POST", "/payments")


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line on stdout; a second line would be an error."""
    parsed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return parsed


def counts(line: dict[str, Any]) -> tuple[int, int, int]:
    return line["Requests"], line["Faults"], line["SlowRequests"]


def test_the_names_are_those_that_the_release_controller_reads() -> None:
    """The deployed bundle holds `handlers` alone, so it repeats the names of `canary.schema`; this keeps them equal."""
    ours = release_metrics
    assert (ours.NAMESPACE, ours.DIMENSIONS) == (schema.METRIC_NAMESPACE, schema.METRIC_DIMENSIONS)
    assert (ours.REQUESTS, ours.FAULTS, ours.SLOW_REQUESTS) == (schema.REQUESTS, schema.FAULTS, schema.SLOW_REQUESTS)
    assert ours.SLOW_AFTER_MS == schema.SLOW_AFTER_MS


def test_a_document_names_the_version_behind_the_alias_at_one_second() -> None:
    outcome = Outcome(requests=1, faults=0, elapsed_ms=12.3456)
    assert document(outcome, POST, Context(), now_ms=1_700_000_000_000) == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "BlueGreen",
                    "Dimensions": [("FunctionName", "Resource", "ExecutedVersion")],
                    "Metrics": [
                        {"Name": "Requests", "Unit": "Count", "StorageResolution": 1},
                        {"Name": "Faults", "Unit": "Count", "StorageResolution": 1},
                        {"Name": "SlowRequests", "Unit": "Count", "StorageResolution": 1},
                    ],
                }
            ],
        },
        "FunctionName": "payments",
        "Resource": "payments:live",
        "ExecutedVersion": "7",
        "Requests": 1,
        "Faults": 0,
        "SlowRequests": 0,
        "Method": "POST",
        "Route": "/payments",
        "DurationMs": 12.346,
        "RequestId": "request-1",
    }


def test_a_call_without_qualifier_is_named_by_the_function_alone() -> None:
    context = Context(invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:payments")
    line = document(Outcome(requests=1, faults=0, elapsed_ms=1), POST, context, now_ms=0)
    assert line["Resource"] == "payments"


@pytest.mark.parametrize(("elapsed_ms", "slow"), [(500.0, 0), (500.1, 1)])
def test_slow_is_what_took_longer_than_half_a_second(elapsed_ms: float, slow: int) -> None:
    assert Outcome(requests=1, faults=0, elapsed_ms=elapsed_ms).slow == slow


@pytest.mark.parametrize(
    ("answer", "faults"),
    [
        ({"statusCode": 200}, 0),
        ({"statusCode": 499}, 0),
        ({"statusCode": 500}, 1),
        ({"statusCode": 503}, 1),
        ({"any": "thing"}, 0),
        (None, 0),
    ],
)
def test_an_answer_of_500_or_more_is_a_fault(answer: object, faults: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A handled HTTP 500 is an error, which Lambda's own metric does not count."""
    assert measured(lambda _event, _context: answer)(POST, Context()) == answer
    assert counts(printed(capsys)) == (1, faults, 0)


def test_an_unhandled_exception_is_a_fault_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_event: object, _context: object) -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        measured(broken)(POST, Context())
    assert counts(printed(capsys)) == (1, 1, 0)


def test_a_batch_counts_its_messages_and_the_ones_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"Records": [{"messageId": "a"}, {"messageId": "b"}, {"messageId": "c"}]}
    answer = {"batchItemFailures": [{"itemIdentifier": "b"}]}
    measured(lambda _event, _context: answer)(event, Context())
    assert counts(printed(capsys)) == (3, 1, 0)


def test_an_empty_batch_answer_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    measured(lambda _event, _context: {"batchItemFailures": []})({"Records": [{}]}, Context())
    assert counts(printed(capsys)) == (1, 0, 0)
