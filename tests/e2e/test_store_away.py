"""T6: with the table of rollouts out of reach, a candidate that turns bad still leaves, and the story is told later."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import Canary, Publish, Published, Traffic
from tests.e2e.test_crash import PATIENCE_S, the_open_rollout, wait_for_weight
from tests.e2e.test_own_code import reporting

pytestmark = pytest.mark.e2e

TURNS_BAD = """
from pathlib import Path
from handlers.shared.release_metrics import measured

@measured
def handler(event, context):
    return {{"statusCode": 500 if Path({flag!r}).exists() else 200}}
"""


class Wire:
    """A TCP connection to the embedded cloud that can be cut or held, and mended; only DynamoDB's calls go through it.

    Cut, it refuses at once; held, it takes every byte and gives none back.
    """

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._is_cut = self._is_held = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def cut(self) -> None:
        self._is_cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        self._is_held = True

    def mend(self) -> None:
        self._is_cut = self._is_held = False

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not self._is_held:
                    sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.close()


@pytest.fixture
def wire(canary: Canary) -> Iterator[Wire]:
    wire = Wire(canary.cloud.port)
    yield wire
    wire.close()


@pytest.mark.parametrize("away", [Wire.cut, Wire.hold])
def test_a_failing_candidate_leaves_although_no_state_can_be_kept(  # noqa: PLR0917 - fixtures
    canary: Canary,
    publish: Publish,
    wire: Wire,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    away: Callable[[Wire], None],
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", wire.url)
    flag = tmp_path / "bad"
    function = publish(reporting(0), reporting(0) | {"app.py": TURNS_BAD.format(flag=str(flag))})
    with Traffic(cloud=canary.cloud, function=function.name, rate=12) as traffic:
        time.sleep(2)
        process = canary.start("release", "-f", function.name, "--strategy", "50%:10m", "--tick", "3s")
        rollout = the_open_rollout(canary, function.name)
        wait_for_weight(canary, rollout, 50)
        time.sleep(6)  # the release has looked, and knows its rollout
        away(wire)
        flag.touch()
        went_back_unrecorded = is_back(function)
        wire.mend()
        _, told = process.communicate()

    assert went_back_unrecorded, told
    assert (process.returncode, canary.status(rollout)["phase"]) == (1, "rolled_back"), told
    assert traffic.lost == []


def test_an_interrupted_release_goes_back_although_no_state_can_be_kept(
    canary: Canary, publish: Publish, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled CI job left the alias split when the table of rollouts did not answer at that moment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", wire.url)
    function = publish(reporting(0), reporting(0) | {"note.txt": "2"})
    with Traffic(cloud=canary.cloud, function=function.name, rate=8):
        process = canary.start("release", "-f", function.name, "--strategy", "50%:10m", "--tick", "2s")
        rollout = the_open_rollout(canary, function.name)
        wait_for_weight(canary, rollout, 50)
        time.sleep(4)
        wire.cut()
        process.send_signal(signal.SIGTERM)
        went_back_unrecorded = is_back(function)
        wire.mend()
        _, told = process.communicate()

    assert went_back_unrecorded, told
    assert (process.returncode, canary.status(rollout)["phase"]) == (1, "aborted"), told


def is_back(function: Published) -> bool:
    """Whether the alias comes to serve the stable version alone."""
    for _ in range(PATIENCE_S):
        if function.live() == {"version": "1", "weights": {}}:
            return True
        time.sleep(1)
    return False
