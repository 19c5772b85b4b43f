"""Hooks of every kind on the embedded cloud: none is waited for, and CodeDeploy's own run unchanged (issue 4)."""

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from canary.aws.hook_book import DynamoHookBook
from canary.aws.hooks import ORPHAN_AFTER, Hooks, payload
from canary.core.errors import Unavailable
from canary.core.hooks import Hook, HookReading, HookRun, HookStage, HookStatus
from canary.core.rollout import Rollout
from canary.hook_endpoint import respond
from canary.side_ports import HookBook
from localcloud.running import RunningCloud
from tests.fakes import START, FakeClock
from tests.localcloud.functions_under_test import deployed
from tests.rollout_table import rollout_table
from tests.rollouts import a_rollout
from tests.side_fakes import FakeHookBook

KEY = "r-1/before-traffic/0/smoke"
PATIENCE_S = 30


def a_hook(run: str) -> Hook:
    return Hook(name="smoke", stage=HookStage.BEFORE_TRAFFIC, run=run)


Runner = Callable[..., Hooks]


@pytest.fixture
def runner(cloud: RunningCloud) -> Iterator[Runner]:
    """Makes runners, each as a process of its own would have it, and stops them in the end."""
    made: list[Hooks] = []

    def make(book: HookBook | None = None, *, clock: FakeClock | None = None, runs_commands: bool = True) -> Hooks:
        keeps = book if book is not None else FakeHookBook()
        made.append(Hooks(cloud.client("lambda"), keeps, clock or FakeClock(), runs_commands=runs_commands))
        return made[-1]

    yield make
    for hooks in made:
        hooks.stop()


def answered(hooks: Hooks, run: str, rollout: Rollout | None = None) -> HookReading:
    """Polls as ticks do, until the hook has answered."""
    due = [(KEY, a_hook(run))]
    seen: HookReading = until(
        lambda: hooks.poll(due, rollout or a_rollout())[0], lambda told: told.status is not HookStatus.IN_PROGRESS
    )
    return seen


def until(look: Callable[[], Any], is_over: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - whatever is looked at
    end = time.monotonic() + PATIENCE_S
    while not is_over(seen := look()):
        assert time.monotonic() < end, f"still {seen}"
        threading.Event().wait(0.02)
    return seen


def test_the_payload_names_release_targets_versions_weight_and_step() -> None:
    told = payload(KEY, a_hook("true"), a_rollout("pay"))

    assert told == {
        "DeploymentId": "r-1",
        "LifecycleEventHookExecutionId": KEY,
        "schema": "hook/1",
        "stage": "before-traffic",
        "rollout": "r-1",
        "step": 1,
        "weight_percent": 0.0,
        "targets": [
            {"function": "pay", "alias": "live", "preview_alias": None, "stable_version": "1", "canary_version": "2"}
        ],
    }


POLLED = """
import json
from pathlib import Path

def handler(event, context):
    calls = Path("/tmp") / ("calls-" + context.function_name)
    seen = int(calls.read_text()) + 1 if calls.exists() else 1
    calls.write_text(str(seen))
    if seen < 3:
        return {"hookStatus": "IN_PROGRESS"}
    calls.unlink()
    return {"hookStatus": "SUCCEEDED", "reason": f"asked {seen} times for {event['targets'][0]['canary_version']}"}
"""


def test_a_function_is_asked_again_while_it_says_in_progress(cloud: RunningCloud, runner: Runner) -> None:
    function = deployed(cloud, POLLED)

    reading = answered(runner(), f"lambda:{function.name}")

    assert (reading.status, reading.reason) == (HookStatus.SUCCEEDED, "asked 3 times for 2")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise ValueError('no stock')", "failed: .*no stock"),
        ("return {'status': 'ok'}", "answered without a hookStatus of SUCCEEDED, FAILED or IN_PROGRESS: {'status'"),
        ("return {'hookStatus': 'DONE'}", "answered without a hookStatus"),
        ("return {'hookStatus': 'FAILED', 'reason': 'p99 is 900 ms'}", "^p99 is 900 ms$"),
    ],
)
def test_a_function_that_does_not_succeed_fails_with_what_it_said(
    cloud: RunningCloud, runner: Runner, body: str, why: str
) -> None:
    function = deployed(cloud, f"def handler(event, context):\n    {body}\n")

    reading = answered(runner(), f"lambda:{function.name}")

    assert reading.status is HookStatus.FAILED
    assert re.search(why, reading.reason)


def test_a_function_that_does_not_exist_fails(runner: Runner) -> None:
    reading = answered(runner(), "lambda:nobody")

    assert (reading.status, "calling hook function nobody" in reading.reason) == (HookStatus.FAILED, True)


def test_a_command_gets_the_payload_and_answers_by_its_exit_code(runner: Runner) -> None:
    says = f"{sys.executable} -c 'import json, sys; print(json.load(sys.stdin)[\"stage\"])'"

    assert answered(runner(), says).reason == "before-traffic (exit 0)"
    assert answered(runner(), "false").status is HookStatus.FAILED
    assert "cannot run" in answered(runner(), "/no/such/command").reason


def test_a_command_is_left_to_the_machine_on_which_the_release_was_started(runner: Runner) -> None:
    hooks = runner(runs_commands=False)

    (reading,) = hooks.poll([(KEY, a_hook("false"))], a_rollout())

    assert (reading.status, reading.reason) == (
        HookStatus.IN_PROGRESS,
        "a local command runs only where the release was started",
    )


# --- CodeDeploy's way -------------------------------------------------------------------------------------------------

CODEDEPLOY_HOOK = """
import boto3

def handler(event, context):
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Succeeded",
    )
"""
"""A hook as CodeDeploy's documentation shows it: it knows nothing of us."""


@pytest.fixture
def book(cloud: RunningCloud) -> DynamoHookBook:
    """The records of hooks on a table of their own."""
    return DynamoHookBook(cloud.client("dynamodb"), rollout_table(cloud))


@pytest.fixture
def endpoint(book: DynamoHookBook) -> Iterator[str]:
    """The endpoint's handler behind a loopback server, as API Gateway would stand before it."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = respond({"headers": dict(self.headers), "body": body, "isBase64Encoded": False}, book)
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer["body"].encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gave it
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_unmodified_codedeploy_hook_answers_through_its_own_api(
    cloud: RunningCloud, runner: Runner, book: DynamoHookBook, endpoint: str
) -> None:
    function = deployed(
        cloud, CODEDEPLOY_HOOK, Environment={"Variables": {"AWS_ENDPOINT_URL_CODEDEPLOY": endpoint}}, Timeout=20
    )

    reading = answered(runner(book), f"codedeploy:{function.name}")

    assert (reading.status, reading.reason) == (HookStatus.SUCCEEDED, "answered through CodeDeploy's API")


SILENT = "def handler(event, context):\n    print('HOOK', event['LifecycleEventHookExecutionId'])\n"


def calls(cloud: RunningCloud, function: str) -> list[str]:
    """The execution ids that a silent hook was called with."""
    group = f"/aws/lambda/{function}"
    try:
        events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    except cloud.client("logs").exceptions.ResourceNotFoundException:
        return []
    return [event["message"].split()[1] for event in events if event["message"].startswith("HOOK ")]


def test_a_codedeploy_hook_is_called_once_although_its_controller_died(
    cloud: RunningCloud, runner: Runner, book: DynamoHookBook
) -> None:
    function = deployed(cloud, SILENT)
    due = [(KEY, a_hook(f"codedeploy:{function.name}"))]
    until(lambda: runner(book).poll(due, a_rollout()) and book.read(KEY), lambda run: run and run.is_called)
    (told,) = until(lambda: calls(cloud, function.name), lambda ids: len(ids) > 0)
    run = book.read(KEY)
    assert run is not None
    book.answer(KEY, HookStatus.SUCCEEDED, "amy: looks good")

    reading = answered(runner(book), f"codedeploy:{function.name}")

    assert (reading.status, reading.reason) == (HookStatus.SUCCEEDED, "amy: looks good")
    assert [told] == calls(cloud, function.name) == [run.execution_id]


def test_a_hook_whose_controller_died_before_it_could_call_is_called_by_the_next(
    cloud: RunningCloud, runner: Runner, book: DynamoHookBook
) -> None:
    function = deployed(cloud, SILENT)
    orphan = book.begin(HookRun(key=KEY, token="t0ken", started_at=START))
    clock = FakeClock(START + ORPHAN_AFTER)

    runner(book, clock=clock).poll([(KEY, a_hook(f"codedeploy:{function.name}"))], a_rollout())

    assert until(lambda: calls(cloud, function.name), lambda ids: len(ids) > 0) == [orphan.execution_id]


def test_a_hook_that_another_controller_has_just_begun_is_not_called_twice(
    cloud: RunningCloud, runner: Runner, book: DynamoHookBook
) -> None:
    function = deployed(cloud, SILENT)
    book.begin(HookRun(key=KEY, token="t0ken", started_at=START))
    hooks = runner(book, clock=FakeClock(START + ORPHAN_AFTER - timedelta(seconds=1)))

    due = [(KEY, a_hook(f"codedeploy:{function.name}"))]
    book.answer(KEY, HookStatus.FAILED, "no")
    until(lambda: hooks.poll(due, a_rollout())[0], lambda told: told.status is HookStatus.FAILED)

    run = book.read(KEY)
    assert run is not None
    assert not run.is_called


def test_a_book_that_does_not_answer_delays_a_hook_and_fails_nothing(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = FakeHookBook(runs={KEY: HookRun(key=KEY, token="t", started_at=START, is_called=True)})
    hooks = runner(book)

    def down(key: str) -> HookRun:
        raise Unavailable(f"reading the run of hook {key}: no answer")

    with monkeypatch.context() as outage:
        outage.setattr(book, "read", down)
        due = [(KEY, a_hook("codedeploy:smoke"))]
        told = until(lambda: hooks.poll(due, a_rollout())[0], lambda reading: bool(reading.reason))
        assert told.status is HookStatus.IN_PROGRESS
    book.answer(KEY, HookStatus.SUCCEEDED, "later")

    assert answered(hooks, "codedeploy:smoke").reason == "later"


def test_every_kind_gets_the_weight_of_its_step(cloud: RunningCloud, runner: Runner) -> None:
    function = deployed(
        cloud, "def handler(event, context):\n    return {'hookStatus': 'SUCCEEDED', 'reason': str(event['step'])}\n"
    )

    reading = answered(runner(), f"lambda:{function.name}", replace(a_rollout(), step_index=1))

    assert reading.reason == "2"
