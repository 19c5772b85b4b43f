"""T4: whoever interrupts `make demo` is left with nothing of it."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.test_demo import left_behind, start_demo


@pytest.mark.e2e
def test_an_interrupted_demo_ends_everything_that_it_started(tmp_path: Path) -> None:
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    with demo.stdout:
        for line in demo.stdout:
            if "gating" in line:  # a release is open, which takes its traffic back while the cloud still answers
                break
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        told = demo.stdout.read()

    assert demo.wait() == 130, told
    assert told.endswith("interrupted: everything that was started has ended\n")
    assert "Traceback" not in told
    callers = json.loads((tmp_path / "healthy_release.client.json").read_text())
    assert callers["total"]["failed"] == 0, "the cloud ended before those who call it"
    time.sleep(0.5)
    assert left_behind(tmp_path) == []
