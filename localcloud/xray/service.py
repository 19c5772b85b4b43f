"""The X-Ray API: segments in, traces out, and the sampling rule that every SDK asks for."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from localcloud.front import Call, ServiceError
from localcloud.xray.store import BadSegment, Segment, SegmentStore, Trace
from localcloud.xray.trace import FIXED_RATE

_ANNOTATION: Final = re.compile(r'annotation[.\[]"?([A-Za-z0-9_]+)"?\]?\s*=\s*"([^"]*)"')
_MARKS: Final = ("fault", "error", "throttle")
_TRACES_PER_CALL: Final = 5


class XRay:
    """Answers calls of the X-Ray API from a store."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "TraceSegments": self.put_trace_segments,
            "TraceSummaries": self.get_trace_summaries,
            "Traces": self.batch_get_traces,
            "TelemetryRecords": lambda _request: {},
            "GetSamplingRules": lambda _request: {"SamplingRuleRecords": [_default_rule()]},
            "SamplingTargets": lambda _request: {"SamplingTargetDocuments": [], "UnprocessedStatistics": []},
        }

    def __call__(self, call: Call) -> dict[str, Any]:
        """The answer to one call.

        Raises:
            ServiceError: The operation is not among those here, or its request is invalid.
        """
        operation = self._operations.get(call.operation)
        if operation is None:
            known = ", ".join(sorted(self._operations))
            raise ServiceError("InvalidRequestException", f"{call.operation} is not here; these are: {known}")
        return operation(call.body)

    def put_trace_segments(self, request: dict[str, Any]) -> dict[str, Any]:
        """Stores the documents that can be read and names the others."""
        unprocessed = [told for text in request["TraceSegmentDocuments"] if (told := self._put(text))]
        return {"UnprocessedTraceSegments": unprocessed}

    def get_trace_summaries(self, request: dict[str, Any]) -> dict[str, Any]:
        """One summary for each trace that began between StartTime and EndTime, newest first."""
        matches = _filter(request.get("FilterExpression") or "")
        start, end = float(request["StartTime"]), float(request["EndTime"])
        traces = [trace for trace in self._store.traces() if start <= trace.start <= end and matches(trace)]
        summaries = [_summary(trace) for trace in reversed(traces)]
        return {"TraceSummaries": summaries, "TracesProcessedCount": len(traces), "ApproximateTime": end}

    def batch_get_traces(self, request: dict[str, Any]) -> dict[str, Any]:
        """Whole traces by id, at most five a call."""
        wanted: list[str] = request["TraceIds"]
        if len(wanted) > _TRACES_PER_CALL:
            raise ServiceError("InvalidRequestException", f"at most {_TRACES_PER_CALL} trace ids a call")
        found = [trace for name in wanted if (trace := self._store.trace(name))]
        known = {trace.id for trace in found}
        return {
            "Traces": [_whole(trace) for trace in found],
            "UnprocessedTraceIds": [name for name in wanted if name not in known],
        }

    def _put(self, text: str) -> dict[str, str] | None:
        try:
            self._store.put(json.loads(text))
        except (ValueError, AttributeError, BadSegment) as problem:
            return {"ErrorCode": "MalformedSegment", "Message": str(problem)}
        return None


def _filter(expression: str) -> Callable[[Trace], bool]:
    """What a filter expression asks of a trace: one of its simplest forms, or anything when it is empty."""
    text = expression.strip()
    if not text:
        return lambda _trace: True
    if text in _MARKS:
        return lambda trace: _has(trace, text)
    annotation = _ANNOTATION.fullmatch(text)
    if annotation:
        name, value = annotation.groups()
        return lambda trace: any(str(part.get("annotations", {}).get(name)) == value for part in trace.parts())
    raise ServiceError(
        "InvalidRequestException",
        f'the filter {text} is not understood here: give fault, error, throttle, or annotation.NAME = "VALUE"',
    )


def _has(trace: Trace, mark: str) -> bool:
    return any(part.get(mark) for part in trace.parts())


def _summary(trace: Trace) -> dict[str, Any]:
    http: dict[str, Any] = next((part["http"] for part in trace.segments if part.get("http")), {})
    return {
        "Id": trace.id,
        "StartTime": trace.start,
        "Duration": trace.duration,
        "ResponseTime": trace.duration,
        "HasFault": _has(trace, "fault"),
        "HasError": _has(trace, "error"),
        "HasThrottle": _has(trace, "throttle"),
        "IsPartial": any(part.get("in_progress") for part in trace.parts()),
        "Http": {
            "HttpURL": http.get("request", {}).get("url"),
            "HttpMethod": http.get("request", {}).get("method"),
            "HttpStatus": http.get("response", {}).get("status"),
        },
        "Annotations": _annotations(trace),
    }


def _annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for part in trace.parts():
        for name, value in part.get("annotations", {}).items():
            found.setdefault(name, []).append({"AnnotationValue": _annotation(value), "ServiceIds": []})
    return found


def _annotation(value: object) -> dict[str, object]:
    match value:
        case bool():
            return {"BooleanValue": value}
        case int() | float():
            return {"NumberValue": value}
        case _:
            return {"StringValue": str(value)}


def _whole(trace: Trace) -> dict[str, Any]:
    segments = [{"Id": segment["id"], "Document": _document(segment)} for segment in trace.segments]
    return {"Id": trace.id, "Duration": trace.duration, "LimitExceeded": False, "Segments": segments}


def _document(segment: Segment) -> str:
    return json.dumps(segment)


def _default_rule() -> dict[str, Any]:
    rule = {
        "RuleName": "Default",
        "RuleARN": "arn:aws:xray:us-east-1:000000000000:sampling-rule/Default",
        "ResourceARN": "*",
        "Priority": 10_000,
        "FixedRate": FIXED_RATE,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
    }
    return {"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}
