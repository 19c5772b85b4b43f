"""Every request to a REST API: measured and logged."""

import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from localcloud import seams
from localcloud.functions.log_stream import write_log
from localcloud.functions.refusal import HttpAnswer
from localcloud.gateway.access_log import Served, access_line
from localcloud.gateway.answers import SERVER_ERROR
from localcloud.gateway.exchange import Exchange, current
from localcloud.observe.metrics import record_api_request
from localcloud.xray.trace import new_segment_id
from localcloud.xray.tracing import Span, Tracing, upstream


def install(tracing: Tracing) -> None:
    """Takes its place around API Gateway's execution of a request."""
    seams.execute_request.wrap(_measuring)
    seams.execute_request.wrap(lambda original: _traced(tracing, original))


def _traced(tracing: Tracing, original: seams.Function) -> seams.Function:
    """Begins or continues a trace; the function finds it in its event's headers, and the stage records its part."""

    async def execute(request: dict[str, Any], api_id: str, stage: str, *arguments: object) -> HttpAnswer:
        given, segment, start = request["headers"].get("x-amzn-trace-id"), new_segment_id(), time.time()
        active = bool(seams.stages.value.get(api_id, {}).get(stage, {}).get("tracingEnabled"))
        context = tracing.context_of(given, active=True) if given or active else None
        below = context.below(segment) if context and active else context
        if below is not None:
            request["headers"]["x-amzn-trace-id"] = below.header
        token = upstream.set(below)
        try:
            answer: HttpAnswer = await original(request, api_id, stage, *arguments)
        finally:
            upstream.reset(token)
        if context and active:
            told = {"method": str(arguments[0]), "url": f"/{stage}{arguments[1]}"}
            span = Span(start=start, end=time.time(), fault=answer[0] >= SERVER_ERROR)
            http = {"request": told, "response": {"status": answer[0]}}
            tracing.record_stage(context, segment, f"{_api_name(api_id)}/{stage}", span, http)
        return answer

    return execute


def _api_name(api_id: str) -> str:
    return str(seams.rest_apis.value.get(api_id, {}).get("name", api_id))


def _measuring(original: seams.Function) -> seams.Function:
    async def execute(request: dict[str, Any], api_id: str, stage: str, *arguments: object) -> HttpAnswer:
        method, path, account = str(arguments[0]), str(arguments[1]), str(arguments[-2])
        exchange, began, at = Exchange(request=request), time.monotonic(), datetime.now(UTC)
        token = current.set(exchange)
        try:
            response = await original(request, api_id, stage, *arguments)
        finally:
            current.reset(token)
        status, headers, body = _rendered(response, exchange)
        latency_ms = (time.monotonic() - began) * 1000
        served = Served(
            api_id=api_id,
            account=account,
            method=method,
            path=path,
            status=status,
            length=len(body),
            latency_ms=latency_ms,
            at=at,
        )
        _count(exchange, served)
        _log(exchange, served)
        return status, {**headers, "x-amzn-requestid": exchange.request_id}, body

    return execute


def _rendered(response: Any, exchange: Exchange) -> HttpAnswer:  # noqa: ANN401 - ministack's answer or gateway error
    if isinstance(response, seams.gateway_error.value):
        exchange.problem = exchange.problem or response.message
        response = seams.rendered_error(response, exchange.request)
    answer: HttpAnswer = response
    return answer


def _count(exchange: Exchange, served: Served) -> None:
    resource = exchange.request["resource_path"] or None
    record_api_request(
        api_name=_api_name(served.api_id),
        stage=exchange.request["stage_name"],
        method=served.method,
        resource=resource,
        status=served.status,
        latency_ms=served.latency_ms,
        integration_latency_ms=exchange.integration_ms,
        detailed=_has_detailed_metrics(exchange.stage, resource, served.method),
    )


def _has_detailed_metrics(stage: dict[str, Any], resource: str | None, method: str) -> bool:
    """Whether the method's settings, else the stage's, have metrics on."""
    settings = stage.get("methodSettings") or {}
    bare = (resource or "").lstrip("/")
    keys = (f"/{bare}/{method}", f"{bare}/{method}", "*/*")
    own = next((settings[key] for key in keys if key in settings), None)
    return bool(own and own.get("metricsEnabled"))


def _log(exchange: Exchange, served: Served) -> None:
    """One line to the stage's access log, in one stream a stage."""
    settings = exchange.stage.get("accessLogSettings") or {}
    destination, template = settings.get("destinationArn") or "", settings.get("format")
    _, found, group = destination.partition(":log-group:")
    if not found or not template:
        return
    stream = sha256(f"{served.api_id}/{exchange.request['stage_name']}".encode()).hexdigest()[:32]
    line = access_line(template, exchange, served)
    write_log(group.removesuffix(":*"), stream, [line], at=served.at.timestamp())
