"""Subsegments as a daemon receives them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from handlers.shared.tracing import subsegment

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="

SCRIPT = """
import contextlib, sys
from handlers.shared.tracing import subsegment
with contextlib.suppress(ValueError), subsegment("outer"):
    with subsegment("dynamodb GetItem", namespace="aws"):
        pass
    raise ValueError("4242424242424242")
print("aws_xray_sdk" in sys.modules)
"""


def run(sampled: int) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the SDK was imported, and the documents that the daemon got."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        environment = os.environ | {
            "_X_AMZN_TRACE_ID": f"{TRACE}{sampled}",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            "LAMBDA_TASK_ROOT": ".",
        }
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=True)
        daemon.settimeout(0)
        return done.stdout == b"True\n", [json.loads(datagram.partition(b"\n")[2]) for datagram in received(daemon)]


def received(daemon: socket.socket) -> list[bytes]:
    datagrams = []
    try:
        while True:
            datagrams.append(daemon.recv(65536))
    except BlockingIOError:
        return datagrams


def test_a_sampled_invocation_sends_its_parts_and_no_text_of_an_error() -> None:
    imported, documents = run(sampled=1)
    found = {document["name"]: document for document in documents}
    assert imported
    assert found.keys() == {"outer", "dynamodb GetItem"}
    assert found["outer"]["fault"]
    assert found["dynamodb GetItem"]["namespace"] == "aws"
    assert found["dynamodb GetItem"]["annotations"] == {"version": "7"}
    assert found["dynamodb GetItem"]["parent_id"] == found["outer"]["id"]
    assert {document["trace_id"] for document in documents} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert "4242" not in json.dumps(documents)


def test_an_invocation_that_is_not_sampled_imports_and_sends_nothing() -> None:
    assert run(sampled=0) == (False, [])


def test_a_bundle_without_the_sdk_works_and_says_what_is_missing() -> None:
    environment = os.environ | {"_X_AMZN_TRACE_ID": f"{TRACE}1"}
    script = "import sys; sys.modules['aws_xray_sdk'] = None\n" + SCRIPT.replace(
        "import contextlib, sys", "import contextlib"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.count("aws-xray-sdk is not installed") == 1


def test_without_tracing_an_error_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    with pytest.raises(KeyError, match="lost"), subsegment("part"):
        raise KeyError("lost")
