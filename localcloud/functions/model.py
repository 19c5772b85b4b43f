"""The values that an invocation is made of; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LATEST: Final = "$LATEST"

Record = dict[str, Any]
"""A function or a version as ministack keeps it: ``config``, ``code_zip`` and, of a function, versions and aliases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What the process of an execution environment is started with.

    Attributes:
        handler: ``module.function``.
        code: The folder of the unpacked code; shared, not to be written to.
        variables: The whole process environment, except the address of the Runtime API.
    """

    handler: str
    code: Path
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One event for one function.

    Attributes:
        request_id: The id that the handler, the logs and the caller see.
        function_arn: As the caller named the function: with the alias or version, if any.
        payload: The event, JSON.
        timeout_s: The function's timeout.
        trace_header: The X-Ray header for the handler; None without tracing.
    """

    request_id: str
    function_arn: str
    payload: bytes
    timeout_s: float
    trace_header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller gets.

    Attributes:
        payload: JSON: what the handler returned, or an object with errorType and errorMessage.
        error_type: None when the handler returned.
    """

    payload: bytes
    error_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an invocation ended.

    Attributes:
        answer: What the caller gets.
        duration_ms: Time in the handler; with the initialisation only where that is what failed, as on AWS.
        init_ms: What the initialisation before it took; None in a warm environment.
        lines: What the function wrote to stdout and stderr, in order, the initialisation's first.
        peak_memory_mb: The most memory that the environment's process has used.
    """

    answer: Answer
    duration_ms: float
    init_ms: float | None
    lines: tuple[str, ...]
    peak_memory_mb: int
