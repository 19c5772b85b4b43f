"""What a release is judged by: requests, faults and slow requests of the version that ran, at one-second resolution.

Lambda's own ``Errors`` metric does not see an exception that the code caught and answered with HTTP 500, and its
finest period is a minute. So a handler reports itself, in CloudWatch's embedded metric format (one JSON line on stdout,
no API call). Any handler gets it with one line::

    @measured
    def handler(event, context): ...

The dimension set is the one that Lambda itself uses for an alias with two versions. The names are a contract with the
release controller; a test compares both sides, because the code that is deployed must not carry the controller.

Powertools' Metrics would do the same after 30-50 ms of import, more than this whole service takes; the format is one
dictionary, so it is written here.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from handlers.shared.invocation import LambdaContext, invoked_resource

NAMESPACE: Final = "BlueGreen"
REQUESTS: Final = "Requests"
FAULTS: Final = "Faults"
SLOW_REQUESTS: Final = "SlowRequests"
SLOW_AFTER_MS: Final = 500
DIMENSIONS: Final = ("FunctionName", "Resource", "ExecutedVersion")
FIRST_FAULT_STATUS: Final = 500
ONE_SECOND: Final = 1

Event: TypeAlias = Mapping[str, Any]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many requests one invocation served, how many of them were faults, and how long it took."""

    requests: int
    faults: int
    elapsed_ms: float

    @property
    def slow(self) -> int:
        """All requests of the invocation or none: they shared its time."""
        return self.requests if self.elapsed_ms > SLOW_AFTER_MS else 0


def measured(handler: Callable[[Event, LambdaContext], Result]) -> Callable[[Event, LambdaContext], Result]:
    """The same handler, reporting each invocation; an exception counts as a fault and goes on its way."""

    @functools.wraps(handler)
    def reporting(event: Event, context: LambdaContext) -> Result:
        started = time.perf_counter()
        served, faults = _served(event), None
        try:
            result = handler(event, context)
            faults = _faults(result)
        finally:
            elapsed_ms = (time.perf_counter() - started) * 1000
            outcome = Outcome(requests=served, faults=served if faults is None else faults, elapsed_ms=elapsed_ms)
            report(outcome, event, context, now_ms=time.time_ns() // 1_000_000)
        return result

    return reporting


def report(outcome: Outcome, event: Event, context: LambdaContext, *, now_ms: int) -> None:
    """Prints the outcome as one line of embedded metrics."""
    sys.stdout.write(json.dumps(document(outcome, event, context, now_ms=now_ms), separators=(",", ":")) + "\n")
    sys.stdout.flush()


def document(outcome: Outcome, event: Event, context: LambdaContext, *, now_ms: int) -> dict[str, object]:
    """The embedded metric document (CloudWatch guide, 'Embedded metric format specification').

    Members that no metric names are plain log fields. The route is the resource's template, never the path: what a
    caller wrote into a path stays out of the log.
    """
    values = {REQUESTS: outcome.requests, FAULTS: outcome.faults, SLOW_REQUESTS: outcome.slow}
    metrics = [{"Name": name, "Unit": "Count", "StorageResolution": ONE_SECOND} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [DIMENSIONS], "Metrics": metrics}
    labels = (context.function_name, invoked_resource(context), context.function_version)
    return {
        "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]},
        **dict(zip(DIMENSIONS, labels, strict=True)),
        **values,
        "Method": event.get("httpMethod"),
        "Route": event.get("resource"),
        "DurationMs": round(outcome.elapsed_ms, 3),
        "RequestId": context.aws_request_id,
    }


def _served(event: Event) -> int:
    """The messages of a queue's batch; otherwise one."""
    return len(event["Records"]) if event.get("Records") else 1


def _faults(result: object) -> int:
    """The messages that a batch answer gives back; otherwise whether it is an HTTP answer of 500 or more."""
    if not isinstance(result, Mapping):
        return 0
    if "batchItemFailures" in result:
        return len(result["batchItemFailures"])
    return int(result.get("statusCode", 0) >= FIRST_FAULT_STATUS)
