"""The metrics that Lambda and API Gateway emit about themselves, and those that functions embed in their log lines.

Account and region are those of ministack's current request. Dimension sets as in the Lambda and API Gateway guides.
"""

import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from localcloud.observe import emulator
from localcloud.observe.emf import embedded_metrics
from localcloud.observe.store import MetricId, MetricStore, is_timely, metric_id

_WHOLE_FROM_MS: Final = 100

_stores: dict[tuple[str, str], MetricStore] = {}


def current_store() -> MetricStore:
    """The metrics of the account and region of the current request."""
    return store_of(emulator.account(), emulator.region())


def store_of(account: str, region: str) -> MetricStore:
    """The metrics of one account and region; made on first use."""
    return _stores.setdefault((account, region), MetricStore())


def all_stores() -> list[MetricStore]:
    """The metrics of every account and region that has any."""
    return list(_stores.values())


def record_invocation(
    *,
    function: str,
    qualifier: str | None,
    executed_version: str,
    duration_ms: float,
    error: bool,
    started_at: float,
) -> None:
    """Counts one finished invocation in AWS/Lambda, stamped with its start.

    Args:
        function: The function's name.
        qualifier: The alias or version that was called; None for an unqualified call.
        executed_version: The version that ran: digits, or ``$LATEST``.
        duration_ms: Time in the handler, without the initialisation of its environment.
        error: Whether the function failed: an exception, a timeout, an exit.
        started_at: Epoch seconds.
    """
    duration = _rounded_up(duration_ms)
    sets = _lambda_sets(function, qualifier, executed_version)
    store = current_store()
    store.record_many(
        [point for named in sets for point in ((named("Invocations"), 1.0), (named("Errors"), 1.0 if error else 0.0))],
        at=started_at,
        unit="Count",
    )
    store.record_many([(named("Duration"), duration) for named in sets], at=started_at, unit="Milliseconds")


def record_throttle(*, function: str, qualifier: str | None) -> None:
    """Counts one call that was refused for want of concurrency; it is neither an invocation nor an error."""
    sets = _lambda_sets(function, qualifier, qualifier or "$LATEST")[:3]
    current_store().record_many([(named("Throttles"), 1.0) for named in sets], at=time.time(), unit="Count")


def record_api_request(
    *,
    api_name: str,
    stage: str,
    method: str,
    resource: str | None,
    status: int,
    latency_ms: float,
    integration_latency_ms: float | None,
    detailed: bool,
) -> None:
    """Counts one request to a REST API in AWS/ApiGateway.

    Args:
        api_name: The API's name, not its id.
        stage: The stage's name.
        method: The HTTP method.
        resource: The path of the matched resource, such as ``/payments/{id}``; None when none matched.
        status: The HTTP status that the client got.
        latency_ms: From the request's arrival to the answer, the integration and its cold start included.
        integration_latency_ms: The integration's part; None when the request did not reach it.
        detailed: Whether the stage has detailed metrics, which adds the dimensions Method and Resource.
    """
    counts = (("Count", 1.0), ("4XXError", float(status // 100 == 4)), ("5XXError", float(status // 100 == 5)))  # noqa: PLR2004 - 4xx, 5xx
    times = [("Latency", _rounded_up(latency_ms))]
    if integration_latency_ms is not None:
        times.append(("IntegrationLatency", _rounded_up(integration_latency_ms)))
    sets = _api_sets(api_name, stage, method, resource if detailed else None)
    now, store = time.time(), current_store()
    store.record_many([(named(name), value) for named in sets for name, value in counts], at=now, unit="Count")
    store.record_many([(named(name), value) for named in sets for name, value in times], at=now, unit="Milliseconds")


def extract_emf(log_line: str) -> None:
    """Counts the metrics that one log line carries in the embedded metric format; any other line changes nothing."""
    store, now = current_store(), time.time()
    for found in embedded_metrics(log_line):
        if not is_timely(found.at, now):
            continue
        for value in found.values:
            store.record(found.metric, value, at=found.at, unit=found.unit, high_resolution=found.high_resolution)


@lru_cache(maxsize=1024)
def _lambda_sets(function: str, qualifier: str | None, executed_version: str) -> tuple[Callable[[str], MetricId], ...]:
    by_function = {"FunctionName": function}
    by_resource = by_function | {"Resource": f"{function}:{qualifier}" if qualifier else function}
    sets: list[dict[str, str]] = [{}, by_function, by_resource]
    if qualifier and qualifier != executed_version:
        sets.append(by_resource | {"ExecutedVersion": executed_version})
    return tuple(_named("AWS/Lambda", dimensions) for dimensions in sets)


@lru_cache(maxsize=1024)
def _api_sets(api: str, stage: str, method: str, resource: str | None) -> tuple[Callable[[str], MetricId], ...]:
    by_stage = {"ApiName": api, "Stage": stage}
    sets = [{"ApiName": api}, by_stage]
    if resource is not None:
        sets.append(by_stage | {"Method": method, "Resource": resource})
    return tuple(_named("AWS/ApiGateway", dimensions) for dimensions in sets)


def _named(namespace: str, dimensions: dict[str, str]) -> Callable[[str], MetricId]:
    return lru_cache(maxsize=8)(lambda name: metric_id(namespace, name, dimensions))


def _rounded_up(milliseconds: float) -> float:
    """Three significant digits or whole milliseconds, rounded up: fewer distinct values to keep, none flattered."""
    return math.ceil(milliseconds * 10) / 10 if milliseconds < _WHOLE_FROM_MS else float(math.ceil(milliseconds))
