"""Starts the server process and waits until it serves."""

import json
import selectors
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from localcloud.settings import LOOPBACK

START_SECONDS: Final = 60.0
REFUSED: Final = 2
"""The server's exit code when it will not start as asked; its last line on stderr says why and what to do."""


class NotStarted(Exception):
    """The server did not come up.

    Attributes:
        status: Its exit code; None when it was ended because it took too long.
    """

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a server says on stdout as soon as it serves."""

    port: int
    pid: int
    instance_id: str

    @property
    def endpoint(self) -> str:
        """The URL to serve as ``AWS_ENDPOINT_URL``."""
        return f"http://{LOOPBACK}:{self.port}"

    def line(self) -> str:
        """The announcement as the server writes it."""
        return json.dumps({"port": self.port, "pid": self.pid, "instance_id": self.instance_id}) + "\n"


def parse_announcement(line: str) -> Announcement:
    """What a server's first line of output tells.

    Raises:
        NotStarted: The line is no announcement.
    """
    try:
        told = json.loads(line)
        return Announcement(port=int(told["port"]), pid=int(told["pid"]), instance_id=str(told["instance_id"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise NotStarted(f"the server said {line!r} instead of where it serves", None) from problem


def start_server(
    options: Sequence[str], *, folder: Path, log: IO[str] | None, detached: bool
) -> tuple[subprocess.Popen[str], Announcement]:
    """A server process that serves.

    Args:
        options: Options of ``python -m localcloud.server``.
        folder: Where its temporary files go; it must exist.
        log: Where its stderr goes; this process's stderr by default.
        detached: Whether it gets a session of its own, so that the terminal's signals do not reach it.

    Raises:
        NotStarted: It ended before it served, or took longer than `START_SECONDS`.
    """
    command = [sys.executable, "-m", "localcloud.server", "--folder", str(folder.resolve()), *options]
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=detached
    )
    try:
        return process, parse_announcement(_first_line(process))
    except BaseException:
        end_server(process)
        raise


def end_server(process: subprocess.Popen[str], within_s: float = 15.0) -> None:
    """Ends a server that this process started: SIGTERM, and SIGKILL when it does not go in time."""
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise NotStarted("the server was started without a pipe to announce itself on", None)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(START_SECONDS):
            raise NotStarted(f"the server did not serve within {START_SECONDS:.0f} s", None)
    line = process.stdout.readline()
    if not line:
        status = process.wait()
        raise NotStarted(f"the server ended with exit code {status} before it served", status)
    return line
