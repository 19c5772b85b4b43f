"""The server process: ministack in-process, extended by localcloud, served by uvicorn on loopback.

``python -m localcloud.server --port 0`` binds first and imports second, because ministack reads its port at import.
Once it serves, it writes one line of JSON to stdout (port, pid, instance id); everything else goes to stderr.
"""

import argparse
import errno
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final
from uuid import uuid4

import uvicorn

from localcloud.fingerprint import UnexpectedMinistack, require_expected
from localcloud.lifeline import die_with_parent
from localcloud.settings import DEFAULT_REGION, LOOPBACK, ServerSettings
from localcloud.starting import REFUSED, Announcement

_KEEP_ALIVE_SECONDS: Final = 75
_SHUTDOWN_SECONDS: Final = 5


def main(arguments: list[str] | None = None) -> None:
    """Serves until SIGTERM or SIGINT; exits with 2 and one line when it will not start."""
    settings = parse_settings(arguments)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _leave)
    if settings.until_parent_exits:
        die_with_parent(os.getppid())
    listener = _bind(settings.port)
    _allow_many_files()
    with tempfile.TemporaryDirectory(prefix="run-", dir=settings.folder, ignore_cleanup_errors=True) as folder:
        _serve(settings, listener, folder)


def _serve(settings: ServerSettings, listener: socket.socket, folder: str) -> None:
    said = Announcement(port=listener.getsockname()[1], pid=os.getpid(), instance_id=uuid4().hex)
    os.environ.update(_environment(said.port, folder))
    tempfile.tempdir = folder
    try:
        require_expected()
    except UnexpectedMinistack as unexpected:
        _refuse(str(unexpected))
    from localcloud.assembly import assemble  # noqa: PLC0415 - ministack reads the environment at import

    assembled = assemble(settings, said)
    config = uvicorn.Config(
        assembled.application,
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        ws="none",
    )
    _Server(config, said, assembled.close).run(sockets=[listener])


def parse_settings(arguments: list[str] | None) -> ServerSettings:
    """The settings that a command line asks for."""
    parser = argparse.ArgumentParser(prog="localcloud.server", description=__doc__)
    parser.add_argument("--port", type=int)
    parser.add_argument("--speed", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--xray-port", type=int)
    parser.add_argument("--folder")
    parser.add_argument("--until-parent-exits", action="store_true")
    given = vars(parser.parse_args(arguments))
    return ServerSettings(**{name: value for name, value in given.items() if value is not None})


class _Server(uvicorn.Server):
    """Says on stdout where it serves, as soon as it does; ends the functions before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, said: Announcement, close: Callable[[], None]) -> None:
        super().__init__(config)
        self._said = said
        self._close = close

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            sys.stdout.write(self._said.line())
            sys.stdout.flush()
            # Whoever started this may not read on, and a closed pipe would break whatever prints.
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close()
        await super().shutdown(sockets=sockets)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Uvicorn raises the signal again when it has shut down; it must unwind the stack, so that the folder goes."""
    sys.exit(0)


def _bind(port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that say that they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        _refuse(f"port {port} is in use: give another one, or `--port auto`")
    return listener


def _allow_many_files() -> None:
    """Raises the soft limit of open files: every environment of a function has a handful, every client one.

    A kernel that refuses it, as macOS refuses an unlimited number, leaves the limit as it is.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _refuse(reason: str) -> None:
    sys.stderr.write(f"{reason}\n")
    sys.exit(REFUSED)


def _environment(port: int, folder: str) -> dict[str, str]:
    """What ministack must find: this port, no listener besides it, no Docker daemon, and a folder that goes with it."""
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": DEFAULT_REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "TMPDIR": folder,
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


if __name__ == "__main__":
    main()
