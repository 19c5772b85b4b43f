"""How a server starts, refuses to start, and ends with everything that it started."""

import ast
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from localcloud import seams
from localcloud.fingerprint import Fingerprint, UnexpectedMinistack, expected, installed, require_expected
from localcloud.instance import is_alive
from localcloud.running import RunningCloud, running_cloud
from localcloud.starting import REFUSED, NotStarted, parse_announcement, start_server
from tests.localcloud.cloudwatch_clients import eventually
from tests.localcloud.functions_under_test import Deployed, deployed

STARTER = """
import sys
from localcloud.running import running_cloud
with running_cloud() as cloud:
    print(cloud.port, cloud.pid, flush=True)
    sys.stdin.read()
"""
SLEEPER = """
import os, time

def handler(event, context):
    if event:
        open(event["mark"], "w").close()
        time.sleep(60)
    return os.getpid()
"""


@pytest.mark.localcloud
def test_a_plain_boto3_client_reaches_the_cloud(cloud: RunningCloud) -> None:
    queue = cloud.client("sqs").create_queue(QueueName="server-start")["QueueUrl"]
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    assert cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"


@pytest.mark.localcloud
def test_a_server_ends_with_its_functions_even_with_a_call_under_way(tmp_path: Path) -> None:
    with running_cloud() as cloud, ThreadPoolExecutor(1) as caller:
        function = deployed(cloud, SLEEPER, Timeout=90)
        process: int = function.invoke().payload
        caller.submit(busy, function, tmp_path / "mark")
        eventually((tmp_path / "mark").exists, "the start of the call")
        os.kill(cloud.pid, signal.SIGTERM)
        eventually(lambda: not is_alive(cloud.pid) and not is_alive(process), "the end of both")


def busy(function: Deployed, mark: Path) -> None:
    """Calls the function, which marks its start; the server is gone before it answers."""
    with suppress(BotoCoreError):
        function.invoke({"mark": str(mark)})


@pytest.mark.localcloud
@pytest.mark.parametrize("victim", ["server", "starter"])
def test_a_kill_of_the_server_or_of_its_starter_leaves_no_process(victim: str, tmp_path: Path) -> None:
    """A function that is busy does not notice that its server is gone: the kernel has to end it."""
    command, environment = [sys.executable, "-c", STARTER], {**os.environ, "TMPDIR": str(tmp_path)}
    popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    with popen as starter, ThreadPoolExecutor(1) as caller:
        assert starter.stdout
        port, server = map(int, starter.stdout.readline().split())
        cloud = RunningCloud(endpoint=f"http://127.0.0.1:{port}", port=port, pid=server)
        function = deployed(cloud, SLEEPER, Timeout=90)
        process: int = function.invoke().payload
        caller.submit(busy, function, tmp_path / "mark")
        eventually((tmp_path / "mark").exists, "the start of the call")
        os.kill(server if victim == "server" else starter.pid, signal.SIGKILL)
        eventually(lambda: not is_alive(server) and not is_alive(process), "the end of both")


def test_a_taken_port_is_refused_in_one_line(tmp_path: Path) -> None:
    with running_cloud() as other, (tmp_path / "log").open("w") as log, pytest.raises(NotStarted) as problem:
        start_server(["--port", str(other.port)], folder=tmp_path, log=log, detached=False)
    assert problem.value.status == REFUSED
    said = (tmp_path / "log").read_text()
    assert said == f"port {other.port} is in use: give another one, or `--port auto`\n"


@pytest.mark.parametrize("line", ["hello", "{}", '{"port": "x", "pid": 1, "instance_id": ""}'])
def test_a_server_that_says_something_else_is_not_taken_for_a_started_one(line: str) -> None:
    with pytest.raises(NotStarted, match="instead of where it serves"):
        parse_announcement(line)


def test_the_installed_ministack_is_the_one_that_is_wrapped() -> None:
    assert installed() == expected()


def test_another_ministack_is_refused_with_what_differs_and_what_to_type(tmp_path: Path) -> None:
    kept = expected()
    changed = {**kept.parts, "ministack.services.lambda_svc._invoke": "(name) 0", "ministack.gone": "(x) 1"}
    (tmp_path / "fingerprint.json").write_text(Fingerprint(version="1.5.99", parts=changed).json())
    with pytest.raises(UnexpectedMinistack) as problem:
        require_expected(tmp_path / "fingerprint.json")
    message = str(problem.value)
    assert "\n" not in message
    for part in ("1.5.33", "1.5.99", "2 parts", "lambda_svc._invoke", "ministack.gone", "--write"):
        assert part in message


def test_the_fingerprint_covers_all_that_the_embedded_cloudwatch_touches() -> None:
    source = Path(seams.__file__).with_name("observe") / "emulator.py"
    nodes = ast.walk(ast.parse(source.read_text()))
    touched = {
        f"{node.value.id}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr.startswith("_")
    }
    covered = {f"{seam.module.rpartition('.')[2]}.{seam.name}" for seam in seams.all_seams()}
    assert touched <= covered


def test_the_fingerprint_is_kept_in_a_stable_order() -> None:
    parts = list(json.loads(expected().json())["parts"])
    assert parts == sorted(parts)
