"""The server process: ministack in-process, extended by localcloud, served by uvicorn on loopback.

``python -m localcloud.server --port 0`` binds first and imports second, because ministack reads its port at import. Once
it serves, it writes one line of JSON to stdout (port, pid); everything else goes to stderr.
"""

import argparse
import importlib
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, cast

import uvicorn

from localcloud.settings import DEFAULT_REGION, LOOPBACK, ServerSettings

_KEEP_ALIVE_SECONDS: Final = 75
_SHUTDOWN_SECONDS: Final = 5

Application = Callable[[MutableMapping[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]
"""An ASGI application."""


def main(arguments: list[str] | None = None) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = parse_settings(arguments)
    listener = _bind(settings.port)
    port: int = listener.getsockname()[1]
    os.environ.update(_environment(port))
    application = _assemble(settings)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        ws="none",
    )
    _AnnouncingServer(config, port).run(sockets=[listener])


def parse_settings(arguments: list[str] | None) -> ServerSettings:
    """The settings that a command line asks for."""
    parser = argparse.ArgumentParser(prog="localcloud.server", description=__doc__)
    parser.add_argument("--port", type=int)
    parser.add_argument("--speed", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--xray-port", type=int)
    parser.add_argument("--until-parent-exits", action="store_true")
    given = vars(parser.parse_args(arguments))
    return ServerSettings(**{name: value for name, value in given.items() if value is not None})


class _AnnouncingServer(uvicorn.Server):
    """Says on stdout where it serves, as soon as it does."""

    def __init__(self, config: uvicorn.Config, port: int) -> None:
        super().__init__(config)
        self._port = port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            sys.stdout.write(json.dumps({"port": self._port, "pid": os.getpid()}) + "\n")
            sys.stdout.flush()


def _bind(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets that say TCP; without it an answer of two writes waits 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    return listener


def _environment(port: int) -> dict[str, str]:
    """What ministack must find: this port, no listener besides it, and no Docker daemon."""
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": DEFAULT_REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix:///nonexistent/localcloud-{port}.sock",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def _assemble(settings: ServerSettings) -> Application:
    _ = settings
    return cast("Application", importlib.import_module("ministack.app").app)


if __name__ == "__main__":
    main()
