"""The process of an execution environment, with its Runtime API, its output and its end in one place to wait at."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from localcloud.functions.failures import DeadlinePassed, RuntimeExited
from localcloud.functions.model import Launch
from localcloud.functions.output import Output
from localcloud.functions.runtime_api import RuntimeApi, RuntimeCall

_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
_SPAWNER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localcloud-spawner")
"""Starts every process, because Linux ties a process's life to the thread that started it, and this one stays."""


class RuntimeProcess:
    """A started process; one thread at a time may use it."""

    def __init__(self, launch: Launch) -> None:
        self._exited = False
        self._selector = selectors.DefaultSelector()
        self._api = RuntimeApi(self._selector)
        reading, writing = os.pipe()
        self._output = Output(reading)
        try:
            self._popen = _SPAWNER.submit(_spawn, launch, self._api.address, writing).result()
        except OSError:
            self._close()
            raise
        finally:
            os.close(writing)
        self._pidfd = os.pidfd_open(self._popen.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, self._note_exit)
        self._selector.register(reading, selectors.EVENT_READ, self._read_output)

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._popen.poll() is None

    @property
    def peak_memory_mb(self) -> int:
        """The most resident memory it ever had; 0 once it is gone."""
        try:
            status = Path(f"/proc/{self._popen.pid}/status").read_text()
        except OSError:
            return 0
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(found[0]) // 1024 if found else 0

    def next_call(self, limit_s: float) -> RuntimeCall:
        """The runtime's next request, waiting at most `limit_s` seconds for it.

        Raises:
            RuntimeExited: The process ended instead.
            DeadlinePassed: It neither asked nor ended.
        """
        deadline = time.monotonic() + limit_s
        while not self._api.calls:
            if self._exited:
                raise RuntimeExited(self._popen.wait())
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise DeadlinePassed
            self._turn(remaining)
        return self._api.calls.popleft()

    def taken_output(self) -> tuple[str, ...]:
        """The lines that it has written since the last call."""
        self._turn(0)
        return self._output.take()

    def kill(self) -> None:
        """Kills the process, with what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def end(self) -> tuple[tuple[str, ...], int]:
        """Kills the process and closes everything; its last lines and its status."""
        self.kill()
        status = self._popen.wait()
        lines = self.taken_output()
        self._close()
        os.close(self._pidfd)
        return lines, status

    def _close(self) -> None:
        self._api.close()
        self._selector.close()
        self._output.close()

    def _turn(self, limit_s: float) -> None:
        """Waits for anything to happen and takes note of it; the exit last, after what preceded it."""
        ready = [key.data for key, _ in self._selector.select(limit_s)]
        for note in sorted(ready, key=lambda note: note == self._note_exit):
            note()

    def _note_exit(self) -> None:
        self._selector.unregister(self._pidfd)
        self._exited = True
        self._turn(0)

    def _read_output(self) -> None:
        if not self._output.read():
            self._selector.unregister(self._output.pipe)


def _spawn(launch: Launch, runtime_api: str, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own script
        [sys.executable, "-P", str(_BOOTSTRAP), str(os.getpid()), launch.handler],
        cwd=launch.code,
        env={**launch.variables, "AWS_LAMBDA_RUNTIME_API": runtime_api},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
