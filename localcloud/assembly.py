"""Puts the parts together: ministack's application with everything that localcloud adds, in one place and order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from localcloud import authorization, observe, seams
from localcloud.autoscaling import AutoScaling
from localcloud.front import Application, Service, in_front
from localcloud.functions import aliases, asynchronous, bounds, routing, versions
from localcloud.functions.execution import Executor
from localcloud.functions.launch import Surroundings
from localcloud.functions.payloads import checking_payloads
from localcloud.functions.pool import EnvironmentPool
from localcloud.functions.provisioned import ProvisionedConcurrency
from localcloud.functions.runtime_client import has_runtime_client
from localcloud.gateway import answers, integration, patching, permissions, requests
from localcloud.settings import STATUS_PATH, ServerSettings
from localcloud.starting import Announcement
from localcloud.status import Status
from localcloud.xray.daemon import listen
from localcloud.xray.service import XRay
from localcloud.xray.store import SegmentStore
from localcloud.xray.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """What there is to serve; `close` ends the functions' processes, calls under way included."""

    application: Application
    close: Callable[[], None]


def assemble(settings: ServerSettings, said: Announcement) -> Assembled:
    """The application to serve as announced."""
    application = checking_payloads(cast("Application", seams.application.value))
    segments, pool = SegmentStore(), EnvironmentPool()
    around = Surroundings(endpoint=said.endpoint, xray_daemon=listen(segments, settings.xray_port))
    tracing = Tracing(segments)
    executor = Executor(pool=pool, around=around, tracing=tracing)
    observe.install(observe.ObserveSettings(speed=settings.speed))
    _install_functions(executor, settings.seed)
    _install_gateway(tracing)
    seams.reset_everything.wrap(lambda original: _resetting(original, pool, segments))
    services: dict[str, Service] = {"xray": XRay(segments), "application-autoscaling": AutoScaling()}
    status = Status(said=said, settings=settings, pool=pool)
    return Assembled(application=in_front(application, services, {STATUS_PATH: status.document}), close=pool.close)


def _install_functions(executor: Executor, seed: int | None) -> None:
    executor.install()
    routing.install(routing.VersionChooser(seed))
    executor.tracing.install()
    asynchronous.install()
    aliases.install()
    versions.install()
    bounds.install()
    authorization.install()
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
