"""The endpoint at which CodeDeploy-style hooks answer: one operation, one answer, one secret (issue 4, hooks)."""

import base64
import json
from typing import Any

import pytest

from canary.core.errors import Unavailable
from canary.core.hooks import HookRun, HookStatus
from canary.hook_endpoint import OPERATION, respond
from tests.fakes import START
from tests.side_fakes import FakeHookBook

RUN = HookRun(key="r-1/before-traffic/0/smoke", token="t0ken", started_at=START, is_called=True)


@pytest.fixture
def book() -> FakeHookBook:
    return FakeHookBook(runs={RUN.key: RUN})


def an_event(target: str = OPERATION, **changes: object) -> dict[str, Any]:
    body = {"deploymentId": "r-1", "lifecycleEventHookExecutionId": RUN.execution_id, "status": "Succeeded"} | changes
    return {"headers": {"X-Amz-Target": target}, "body": json.dumps(body)}


def told(book: FakeHookBook, event: dict[str, Any]) -> tuple[int, str]:
    """The status code, and the name of the refusal or the id that was answered."""
    answer = respond(event, book)
    body = json.loads(answer["body"])
    return answer["statusCode"], body.get("__type") or body["lifecycleEventHookExecutionId"]


@pytest.mark.parametrize(("said", "status"), [("Succeeded", HookStatus.SUCCEEDED), ("Failed", HookStatus.FAILED)])
def test_an_answer_is_recorded(book: FakeHookBook, said: str, status: HookStatus) -> None:
    assert told(book, an_event(status=said)) == (200, RUN.execution_id)
    assert book.runs[RUN.key].status is status


def test_an_answer_that_api_gateway_encoded_is_read(book: FakeHookBook) -> None:
    event = an_event()
    encoded = event | {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}

    assert told(book, encoded) == (200, RUN.execution_id)


def test_the_same_answer_twice_is_one_answer(book: FakeHookBook) -> None:
    told(book, an_event())

    assert told(book, an_event()) == (200, RUN.execution_id)


def test_another_answer_comes_too_late(book: FakeHookBook) -> None:
    told(book, an_event(status="Failed"))

    assert told(book, an_event()) == (400, "LifecycleEventAlreadyCompletedException")
    assert book.runs[RUN.key].status is HookStatus.FAILED


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (an_event(lifecycleEventHookExecutionId=RUN.key), "InvalidLifecycleEventHookExecutionIdException"),
        (an_event(lifecycleEventHookExecutionId=f"{RUN.key}~guess"), "InvalidLifecycleEventHookExecutionIdException"),
        (an_event(lifecycleEventHookExecutionId="r-2/x~t0ken"), "InvalidLifecycleEventHookExecutionIdException"),
        (an_event(lifecycleEventHookExecutionId=""), "InvalidLifecycleEventHookExecutionIdException"),
        (an_event(lifecycleEventHookExecutionId="é~ü"), "InvalidLifecycleEventHookExecutionIdException"),
        (an_event(deploymentId="r-2"), "DeploymentDoesNotExistException"),
        (an_event(status="Skipped"), "InvalidLifecycleEventHookExecutionStatusException"),
        (an_event(target="CodeDeploy_20141006.CreateDeployment"), "UnknownOperationException"),
        ({"headers": None, "body": None}, "UnknownOperationException"),
        ({"headers": {"x-amz-target": OPERATION}, "body": "{"}, "SerializationException"),
        ({"headers": {"x-amz-target": OPERATION}, "body": "[]"}, "SerializationException"),
        ({"headers": {"x-amz-target": OPERATION}, "body": "??", "isBase64Encoded": True}, "SerializationException"),
    ],
)
def test_what_is_no_answer_to_a_run_is_refused_and_changes_nothing(
    book: FakeHookBook, event: dict[str, Any], refusal: str
) -> None:
    assert told(book, event) == (400, refusal)
    assert book.runs == {RUN.key: RUN}


def test_while_the_records_do_not_answer_the_hook_is_told_to_call_again(
    book: FakeHookBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(key: str) -> HookRun:
        raise Unavailable(f"reading {key} with {RUN.token}")

    monkeypatch.setattr(book, "read", down)

    answer = respond(an_event(), book)

    assert answer["statusCode"] == 503
    assert RUN.token not in answer["body"]
