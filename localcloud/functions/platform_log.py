"""The lines that Lambda itself adds to a function's log. Pure.

Text and JSON format as in "Monitoring and troubleshooting Lambda functions"; in JSON the events of the Telemetry API.
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime

from localcloud.functions.failures import ErrorType, timeout_reason
from localcloud.functions.model import Invocation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """What the lines tell of the function.

    Attributes:
        version: The version that ran.
        memory_mb: The configured memory.
        as_json: Whether the function's log format is JSON.
    """

    version: str
    memory_mb: int
    as_json: bool


def log_lines(invocation: Invocation, outcome: Outcome, facts: PlatformFacts, now: datetime) -> list[str]:
    """Every log event of one invocation, in order: start, what the function wrote, end and report."""
    own = list(outcome.lines)
    if outcome.answer.error_type == ErrorType.TIMEOUT:
        own.append(f"{_stamp(now)} {invocation.request_id} {timeout_reason(invocation)}")
    if facts.as_json:
        return [_start_event(invocation, facts, now), *own, _report_event(invocation, outcome, facts, now)]
    return [
        f"START RequestId: {invocation.request_id} Version: {facts.version}",
        *own,
        f"END RequestId: {invocation.request_id}",
        _report_line(invocation, outcome, facts),
    ]


def _report_line(invocation: Invocation, outcome: Outcome, facts: PlatformFacts) -> str:
    fields = [
        f"REPORT RequestId: {invocation.request_id}",
        f"Duration: {outcome.duration_ms:.2f} ms",
        f"Billed Duration: {_billed_ms(outcome)} ms",
        f"Memory Size: {facts.memory_mb} MB",
        f"Max Memory Used: {outcome.peak_memory_mb} MB",
    ]
    if outcome.init_ms is not None:
        fields.append(f"Init Duration: {outcome.init_ms:.2f} ms")
    match outcome.answer.error_type:
        case ErrorType.TIMEOUT:
            fields.append("Status: timeout")
        case ErrorType.EXIT:
            fields.append(f"Status: error\tError Type: {ErrorType.EXIT}")
        case _:
            pass
    return "\t".join(fields)


def _start_event(invocation: Invocation, facts: PlatformFacts, now: datetime) -> str:
    return _event("platform.start", {"requestId": invocation.request_id, "version": facts.version}, now)


def _report_event(invocation: Invocation, outcome: Outcome, facts: PlatformFacts, now: datetime) -> str:
    metrics: dict[str, float] = {
        "durationMs": round(outcome.duration_ms, 3),
        "billedDurationMs": _billed_ms(outcome),
        "memorySizeMB": facts.memory_mb,
        "maxMemoryUsedMB": outcome.peak_memory_mb,
    }
    if outcome.init_ms is not None:
        metrics["initDurationMs"] = round(outcome.init_ms, 3)
    record: dict[str, object] = {"requestId": invocation.request_id, "metrics": metrics, "status": _status(outcome)}
    return _event("platform.report", record, now)


def _event(kind: str, record: dict[str, object], now: datetime) -> str:
    return json.dumps({"time": _stamp(now), "type": kind, "record": record})


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _status(outcome: Outcome) -> str:
    match outcome.answer.error_type:
        case None:
            return "success"
        case ErrorType.TIMEOUT:
            return "timeout"
        case _:
            return "error"


def _billed_ms(outcome: Outcome) -> int:
    """Whole milliseconds, rounded up; since August 2025 initialisation is billed too."""
    return math.ceil(outcome.duration_ms + (outcome.init_ms or 0.0))
