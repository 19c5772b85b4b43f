"""Puts the parts together: ministack's application with everything that localcloud adds, in one place and order."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from localcloud import observe, seams
from localcloud.functions import aliases, routing, versions
from localcloud.functions.execution import Executor
from localcloud.functions.launch import Surroundings
from localcloud.functions.pool import EnvironmentPool
from localcloud.gateway import answers, integration, permissions, requests
from localcloud.settings import LOOPBACK, ServerSettings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
"""An ASGI application."""


def assemble(settings: ServerSettings, port: int) -> Application:
    """The application to serve on `port`; it ends its functions' processes when it is shut down."""
    application = cast("Application", seams.application.value)
    pool = EnvironmentPool()
    around = Surroundings(endpoint=f"http://{LOOPBACK}:{port}", xray_daemon=f"{LOOPBACK}:2000")
    observe.install(observe.ObserveSettings(speed=settings.speed))
    Executor(pool=pool, around=around).install()
    routing.install(routing.VersionChooser(settings.seed))
    aliases.install()
    versions.install()
    permissions.install()
    answers.install()
    integration.install()
    requests.install()
    return _closing(application, pool)


def _closing(application: Application, pool: EnvironmentPool) -> Application:
    async def until_the_end(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                pool.close()

    return until_the_end
