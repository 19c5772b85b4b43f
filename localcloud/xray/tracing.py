"""The segments that the services themselves record: API Gateway's stage, Lambda's service and function.

Functions may send subsegments only; these are the documents that those hang on ("AWS Lambda and AWS X-Ray").
"""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from localcloud import seams
from localcloud.functions.refusal import HttpAnswer
from localcloud.xray.store import SegmentStore
from localcloud.xray.trace import Sampler, TraceContext, new_segment_id, new_trace, parse_header

upstream: Final[ContextVar[TraceContext | None]] = ContextVar("xray_upstream", default=None)
"""The trace of the request that is being served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when something ran, in epoch seconds, and whether it failed."""

    start: float
    end: float
    fault: bool


@dataclass(frozen=True, slots=True)
class Tracing:
    """Decides what is sampled and records it."""

    store: SegmentStore
    _sampler: Sampler = field(default_factory=Sampler)

    def install(self) -> None:
        """Lets Invoke go on with the trace that its caller names."""
        seams.invoke.wrap(self._around_invoke)

    def context_of(self, header: str | None, *, active: bool) -> TraceContext:
        """The context of a request that came with `header`; without one a new trace, sampled only where `active`."""
        sampled = active and self._sampler.decide(time.time())
        return (parse_header(header, undecided=sampled) if header else None) or new_trace(sampled=sampled)

    def function_context(self, config: dict[str, Any]) -> tuple[TraceContext, str]:
        """(the context a function runs in, the id of its own segment), by its tracing mode and what called it."""
        active = (config.get("TracingConfig") or {}).get("Mode") == "Active"
        context = upstream.get() or self.context_of(None, active=active)
        return context, new_segment_id()

    def record_function(
        self, config: dict[str, Any], context: TraceContext, segment_id: str, request_id: str, span: Span
    ) -> None:
        """Records Lambda's two segments of one invocation."""
        if not context.sampled:
            return
        service_id = new_segment_id()
        common: dict[str, Any] = {
            "name": config["FunctionName"],
            "trace_id": context.root,
            "resource_arn": config["FunctionArn"],
            "start_time": span.start,
            "end_time": span.end,
            "fault": span.fault,
        }
        service = {**common, "id": service_id, "origin": "AWS::Lambda", "parent_id": context.parent}
        self.store.put({name: value for name, value in service.items() if value is not None})
        aws = {"function_arn": config["FunctionArn"], "request_id": request_id, "version": config["Version"]}
        self.store.put(
            {**common, "id": segment_id, "origin": "AWS::Lambda::Function", "parent_id": service_id, "aws": aws}
        )

    def record_stage(self, context: TraceContext, segment_id: str, name: str, span: Span, http: dict[str, Any]) -> None:
        """Records API Gateway's segment of one request."""
        if not context.sampled:
            return
        segment = {
            "id": segment_id,
            "trace_id": context.root,
            "parent_id": context.parent,
            "name": name,
            "origin": "AWS::ApiGateway::Stage",
            "start_time": span.start,
            "end_time": span.end,
            "fault": span.fault,
            "http": http,
        }
        self.store.put({name: value for name, value in segment.items() if value is not None})

    def _around_invoke(self, original: seams.Function) -> seams.Function:
        async def invoke(
            name: str,
            event: object,
            headers: dict[str, str],
            path_qualifier: str | None = None,
            query: dict[str, Any] | None = None,
        ) -> HttpAnswer:
            given = headers.get("x-amzn-trace-id")
            token = upstream.set(self.context_of(given, active=True) if given else None)
            try:
                answer: HttpAnswer = await original(name, event, headers, path_qualifier, query)
                return answer
            finally:
                upstream.reset(token)

        return invoke
