"""The gate with Locust really running, against a service on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.loadtests.conftest import GOOD, Service

SHORT = ("--duration", "2", "--warm-up", "0.5", "--rate", "300", "--users", "4")


def gate(host: str, *options: str, key: str = "key") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests.gate", "--host", host, *options]
    environment = os.environ | {"PAYMENTS_API_KEY": key}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_good_candidate_passes_and_leaves_its_figures(service: Service, tmp_path: Path) -> None:
    """T4."""
    passed = gate(service.url, *SHORT, "--json", str(tmp_path / "gate.json"))
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.startswith("pass: p99 ")
    figures = json.loads((tmp_path / "gate.json").read_text())
    assert figures["versions"].keys() == {"7"}
    assert figures["endpoints"].keys() == {"POST /payments", "GET /payments/{id}", "GET /payments"}
    assert figures["total"]["requests"] >= 299
    assert figures["total"]["failed"] == 0
    assert figures["warm_up"]["requests"] > 0


def test_a_candidate_that_answers_500_fails(service: Service) -> None:
    service.spoil = lambda number: 500 if number % 5 == 0 else GOOD
    failed = gate(service.url, *SHORT)
    assert failed.returncode == 1
    assert "fail: p99" in failed.stdout
    assert "errors must be below 1.00%" in failed.stdout


def test_an_answer_that_is_not_the_ordered_payment_is_a_failure(service: Service) -> None:
    service.spoil = lambda number: 202 if number % 2 else GOOD
    assert "errors must be below" in gate(service.url, *SHORT).stdout


def test_a_slow_candidate_fails(service: Service) -> None:
    service.delay_seconds = 0.55
    assert "p99 must be below 500 ms" in gate(service.url, *SHORT, "--min-requests", "1").stdout


def test_too_few_requests_are_inconclusive_and_without_a_key_none_asks_for_the_list(
    service: Service, tmp_path: Path
) -> None:
    options = (
        "--duration",
        "1",
        "--warm-up",
        "0",
        "--rate",
        "40",
        "--users",
        "2",
        "--json",
        str(tmp_path / "gate.json"),
    )
    few = gate(service.url, *options, key="")
    assert few.returncode == 1
    assert few.stdout.startswith("inconclusive: ")
    figures = json.loads((tmp_path / "gate.json").read_text())
    assert figures["endpoints"].keys() == {"POST /payments", "GET /payments/{id}"}


def test_a_target_that_cannot_be_reached_is_not_a_bad_candidate() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = gate(f"http://127.0.0.1:{closed.getsockname()[1]}/preview")
    assert (refused.returncode, refused.stdout) == (75, "")
    assert "preview_url" in refused.stderr


@pytest.mark.parametrize(
    "wrong", [("--rate", "0"), ("--users", "-1"), ("--duration", "nan"), ("--shape", "zigzag"), ("--errors", "x")]
)
def test_a_wrong_option_is_bad_input(wrong: tuple[str, str], service: Service) -> None:
    refused = gate(service.url, *wrong)
    assert refused.returncode == 2
    assert wrong[0] in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_gate_ends_its_locust(number: signal.Signals, service: Service) -> None:
    command = [sys.executable, "-m", "loadtests.gate", "--host", service.url, "--duration", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        service.wait_for(posts=1)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert "stopped before a verdict" in said
    assert len(children) == 1
    assert not Path(f"/proc/{children[0]}").exists()


def test_a_stopped_run_still_writes_what_it_saw(service: Service, tmp_path: Path) -> None:
    files = {"--summary": tmp_path / "summary.json", "--snapshots": tmp_path / "snapshots.jsonl"}
    options = [part for option, path in files.items() for part in (option, str(path))]
    command = [sys.executable, "-m", "loadtests.run", "--host", service.url, "--duration", "60", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        service.wait_for(posts=20)
        running.terminate()
        assert running.wait(timeout=30) == 0
    summary: dict[str, Any] = json.loads(files["--summary"].read_text())
    last = json.loads(files["--snapshots"].read_text().splitlines()[-1])
    assert summary["total"] == last["total"]
    assert summary["total"]["requests"] >= 20
