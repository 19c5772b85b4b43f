"""Puts the parts together: ministack's application with everything that localcloud adds, in one place and order."""

from typing import cast

from localcloud import observe, seams
from localcloud.autoscaling import AutoScaling
from localcloud.front import Application, Receive, Scope, Send, Service, in_front
from localcloud.functions import aliases, routing, versions
from localcloud.functions.execution import Executor, has_runtime_client
from localcloud.functions.launch import Surroundings
from localcloud.functions.pool import EnvironmentPool
from localcloud.functions.provisioned import ProvisionedConcurrency
from localcloud.gateway import answers, integration, patching, permissions, requests
from localcloud.settings import LOOPBACK, ServerSettings
from localcloud.xray.daemon import listen
from localcloud.xray.service import XRay
from localcloud.xray.store import SegmentStore
from localcloud.xray.tracing import Tracing


def assemble(settings: ServerSettings, port: int) -> Application:
    """The application to serve on `port`; it ends its functions' processes when it is shut down."""
    application = cast("Application", seams.application.value)
    segments, pool = SegmentStore(), EnvironmentPool()
    around = Surroundings(endpoint=f"http://{LOOPBACK}:{port}", xray_daemon=listen(segments, settings.xray_port))
    tracing = Tracing(segments)
    executor = Executor(pool=pool, around=around, tracing=tracing)
    observe.install(observe.ObserveSettings(speed=settings.speed))
    _install_functions(executor, settings.seed)
    _install_gateway(tracing)
    seams.reset_everything.wrap(lambda original: _resetting(original, pool, segments))
    services: dict[str, Service] = {"xray": XRay(segments), "application-autoscaling": AutoScaling()}
    return _closing(in_front(application, services), pool)


def _install_functions(executor: Executor, seed: int | None) -> None:
    executor.install()
    routing.install(routing.VersionChooser(seed))
    executor.tracing.install()
    aliases.install()
    versions.install()
    if has_runtime_client():
        ProvisionedConcurrency(executor=executor).install()
        executor.pool.keep_tidy()


def _install_gateway(tracing: Tracing) -> None:
    permissions.install()
    answers.install()
    integration.install()
    patching.install()
    requests.install(tracing)


def _resetting(original: seams.Function, pool: EnvironmentPool, segments: SegmentStore) -> seams.Function:
    def reset() -> None:
        pool.close()
        segments.clear()
        original()

    return reset


def _closing(application: Application, pool: EnvironmentPool) -> Application:
    async def until_the_end(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                pool.close()

    return until_the_end
