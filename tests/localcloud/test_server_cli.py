"""The `localcloud` command in a folder of its own: up, found again, asked, ended."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcloud import cli, instance
from localcloud.instance import HOME, Instance, is_alive
from localcloud.lifecycle import Wish, chosen_port
from localcloud.running import RunningCloud
from tests.localcloud.cloudwatch_clients import eventually
from tests.localcloud.functions_under_test import ECHO, deployed

pytestmark = pytest.mark.localcloud

ENTRY = (sys.executable, "-c", "from localcloud.cli import main; main()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["localcloud", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        written = capfd.readouterr()
        return Said(code=int(end.value.code or 0), out=written.out, err=written.err)

    return command


@pytest.fixture
def run(within: Run) -> Iterator[Run]:
    """The command in an empty folder; what it leaves up is ended."""
    yield lambda *arguments: up(*arguments) if arguments[0] == "up" else within(*arguments)
    within("down")


def up(*arguments: str) -> Said:
    """In a process of its own, as for a user: the server must outlive the command that started it."""
    done = subprocess.run([*ENTRY, *arguments], capture_output=True, text=True, check=False)
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def facts(folder: Path) -> Instance:
    found = instance.recorded(folder)
    assert found
    return found


def test_up_is_found_again_asked_and_ended(run: Run, tmp_path: Path) -> None:
    first = run("up", "--port", "auto", "--seed", "3", "--speed", "6")
    told = facts(tmp_path)
    assert (first.code, f"up at {told.endpoint} (pid {told.pid})" in first.err) == (0, True)
    again = run("up")
    assert (again.code, again.err) == (0, f"already up at {told.endpoint} (pid {told.pid})\n")
    assert run("up", "--port", str(told.port), "--speed", "6").code == 0
    other = run("up", "--speed", "7", "--seed", "3", "--port", "1")
    assert (other.code, other.err.count("\n")) == (2, 1)
    assert (
        f"up already at {told.endpoint}, with --port {told.port} --speed 6.0; for another: localcloud down" in other.err
    )
    status = json.loads(run("status", "--json").out)
    assert {name: status[name] for name in ("endpoint", "instance_id", "pid", "port", "seed", "speed")} == {
        "endpoint": told.endpoint,
        "instance_id": told.instance_id,
        "pid": told.pid,
        "port": told.port,
        "seed": 3,
        "speed": 6.0,
    }
    assert told.endpoint in run("status").out
    assert run("down").err == f"ended {told.endpoint} (pid {told.pid})\n"
    assert not is_alive(told.pid)
    assert [path.name for path in (tmp_path / HOME).iterdir()] == ["server.log"]
    assert (run("down").code, run("status").code) == (0, 75)


def test_env_points_any_aws_client_at_the_cloud(run: Run, tmp_path: Path) -> None:
    run("up", "--port", "auto")
    variables = json.loads(run("env", "--json").out)
    assert variables == {
        "AWS_ENDPOINT_URL": facts(tmp_path).endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }
    exported = [line for line in run("env").out.splitlines() if line.startswith("export ")]
    assert dict(shlex.split(line)[1].split("=", 1) for line in exported) == variables


def test_logs_print_what_a_function_wrote(run: Run, tmp_path: Path) -> None:
    run("up", "--port", "auto")
    told = facts(tmp_path)
    function = deployed(RunningCloud(endpoint=told.endpoint, port=told.port, pid=told.pid), ECHO)
    function.invoke()
    lines = run("logs", function.name).out.splitlines()
    assert [line.split()[1] for line in lines] == ["START", "called", "END", "REPORT"]
    missing = run("logs", "nobody")
    assert (missing.code, missing.err) == (
        2,
        "localcloud: /aws/lambda/nobody does not exist: invoke the function first, or mend its name\n",
    )
    assert run("logs").code == 0


@pytest.mark.parametrize("command", ["status", "env", "logs"])
def test_without_a_cloud_a_command_says_how_to_get_one(run: Run, command: str) -> None:
    assert run(command) == Said(code=75, out="", err="localcloud: no embedded cloud is up here: type `localcloud up`\n")


def test_a_killed_cloud_is_not_taken_for_a_running_one(run: Run, tmp_path: Path) -> None:
    run("up", "--port", "auto")
    killed = facts(tmp_path)
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(killed.pid), "the end of the server")
    assert run("status").code == 75
    assert run("up", "--port", "auto").code == 0
    assert facts(tmp_path).instance_id != killed.instance_id


def test_a_stranger_with_the_old_process_number_is_left_alone(run: Run, tmp_path: Path) -> None:
    stale = Instance(
        endpoint="http://127.0.0.1:1", instance_id="old", pid=os.getpid(), port=1, started=0.0, version="0"
    )
    instance.record(tmp_path, stale)
    assert run("down") == Said(code=0, out="", err="nothing is up here\n")
    assert instance.recorded(tmp_path) is None


def test_a_wanted_port_that_is_taken_is_one_line_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = run("up", "--port", str(port))
    assert refused == Said(
        code=2, out="", err=f"localcloud: port {port} is in use: give another one, or `--port auto`\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wish", "taken", "expected"),
    [
        (None, (), 4566),
        (None, (4566,), 0),
        (0, (), 0),
        (5000, (4566,), 5000),
    ],
)
def test_without_a_wish_a_taken_port_gives_way_to_a_free_one(
    wish: int | None, taken: tuple[int, ...], expected: int
) -> None:
    assert chosen_port(Wish(port=wish), lambda port: port not in taken) == expected


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_ends_with_its_command(run: Run, tmp_path: Path, way: signal.Signals) -> None:
    command = [*ENTRY, "up", "--foreground", "--port", "auto"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("up at ")
        told = facts(tmp_path)
        assert run("status").code == 0
        process.send_signal(way)
        assert process.wait() == 0
    assert not is_alive(told.pid)
    assert list((tmp_path / HOME).iterdir()) == []


@pytest.mark.parametrize(
    "option",
    [
        ("--port", "70000"),
        ("--port", "x"),
        ("--port", "0"),
        ("--speed", "0.5"),
        ("--speed", "61"),
        ("--speed", "inf"),
        ("--speed", "nan"),
        ("--speed", "fast"),
        ("--quickly",),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(within: Run, tmp_path: Path, option: tuple[str, ...]) -> None:
    refused = within("up", *option)
    assert (refused.code, refused.err.count("\n"), list(tmp_path.iterdir())) == (2, 1, [])
    assert option[0] in refused.err


def test_a_file_in_the_place_of_the_folder_is_one_line(within: Run, tmp_path: Path) -> None:
    (tmp_path / HOME).write_text("mine")

    refused = within("up", "--port", "auto")

    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"folder .localcloud cannot be made in {tmp_path}: Not a directory; move away what is" in refused.err
    assert (within("status").code, within("down").code) == (75, 0)
    assert (tmp_path / HOME).read_text() == "mine"


def test_a_server_that_breaks_at_its_start_shows_the_end_of_its_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_WARM_TTL_SECONDS", "not a number")
    broken = run("up", "--port", "auto")
    assert broken.code == 70
    assert "could not convert string to float: 'not a number'" in broken.err
