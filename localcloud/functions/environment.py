"""One execution environment: a process under ``awslambdaric`` that serves one invocation at a time.

The environment outlives its process, as a sandbox does on AWS: after an exit or a timeout the next invocation starts
the process anew, and the log stream stays.
"""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from localcloud.functions.failures import (
    DeadlinePassed,
    InitFailed,
    RuntimeExited,
    RuntimeLost,
    reported_error,
    returned,
)
from localcloud.functions.model import Answer, Invocation, Launch, Outcome
from localcloud.functions.process import RuntimeProcess
from localcloud.functions.runtime_api import CallKind, RuntimeCall, reply

INIT_SECONDS: Final = 10.0
"""Lambda's limit of the INIT phase; overrun, it is repeated inside the invocation, under the function's timeout."""
_ACCEPTED: Final = 202


class Environment:
    """Runs one version of one function; not thread-safe, the pool leases it to one thread.

    Attributes:
        log_stream: The stream that everything it logs goes to, ``YYYY/MM/DD/[version]id``.
    """

    def __init__(self, launch: Launch, *, version: str) -> None:
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid4().hex}"
        self._launch = launch
        self._process: RuntimeProcess | None = None
        self._waiting: RuntimeCall | None = None
        self._lines: list[str] = []
        self._peak_memory_mb = 0

    @property
    def is_alive(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.is_alive

    def warm_up(self, limit_s: float) -> None:
        """Starts the process and waits until it has imported the function.

        Raises:
            RuntimeLost: It ended, reported an error, or took longer than `limit_s` seconds.
        """
        self._waiting = self._cold_start(limit_s)

    def run(self, invocation: Invocation, *, when_ready: Callable[[], None]) -> Outcome:
        """Runs one invocation, after a cold start where one is due; what the function does never raises.

        Args:
            invocation: What to run.
            when_ready: Called once the cold start, if any, is over.
        """
        began, init_ms = time.monotonic(), None
        try:
            call = self._waiting_call()
            if call is None:
                call = self._cold_start_within(invocation.timeout_s)
                init_ms = _milliseconds_since(began)
        except RuntimeLost as lost:
            return self._outcome(lost.answer(invocation), _milliseconds_since(began), None)
        finally:
            when_ready()
        began = time.monotonic()
        try:
            result = self._exchange(call, invocation)
        except RuntimeLost as lost:
            self.stop()
            return self._outcome(lost.answer(invocation), _milliseconds_since(began), init_ms)
        outcome = self._outcome(_verdict(result), _milliseconds_since(began), init_ms)
        _acknowledge(result)
        return outcome

    def stop(self) -> int:
        """Kills the process, if any; its exit status."""
        process, self._process, self._waiting = self._process, None, None
        if process is None:
            return 0
        self._peak_memory_mb = max(self._peak_memory_mb, process.peak_memory_mb)
        lines, status = process.end()
        self._lines.extend(lines)
        return status

    def interrupt(self) -> None:
        """Kills the process under whichever thread is using it, which then sees it exit."""
        process = self._process
        if process is not None:
            process.kill()

    def _waiting_call(self) -> RuntimeCall | None:
        """The request for an event that a warm process has open; None when a cold start is due."""
        call, self._waiting = self._waiting, None
        if self._process is None or not self._process.is_alive:
            return None
        try:
            return call or self._process.next_call(INIT_SECONDS)
        except RuntimeLost:
            return None

    def _cold_start_within(self, timeout_s: float) -> RuntimeCall:
        try:
            return self._cold_start(INIT_SECONDS)
        except DeadlinePassed:
            return self._cold_start(timeout_s)

    def _cold_start(self, limit_s: float) -> RuntimeCall:
        self.stop()
        self._process = RuntimeProcess(self._launch)
        try:
            call = self._process.next_call(limit_s)
            if call.kind is CallKind.INIT_ERROR:
                _acknowledge(call)
                raise InitFailed(call.body)
        except RuntimeLost:
            self.stop()
            raise
        return call

    def _exchange(self, call: RuntimeCall, invocation: Invocation) -> RuntimeCall:
        if self._process is None:
            raise RuntimeExited(0)
        try:
            reply(call, 200, _event_headers(invocation), invocation.payload)
        except OSError as problem:
            raise RuntimeExited(self.stop()) from problem
        return self._process.next_call(invocation.timeout_s)

    def _outcome(self, answer: Answer, duration_ms: float, init_ms: float | None) -> Outcome:
        lines = self._lines
        self._lines = []
        if self._process is not None:
            lines.extend(self._process.taken_output())
            self._peak_memory_mb = max(self._peak_memory_mb, self._process.peak_memory_mb)
        return Outcome(
            answer=answer,
            duration_ms=duration_ms,
            init_ms=init_ms,
            lines=tuple(lines),
            peak_memory_mb=self._peak_memory_mb,
        )


def _acknowledge(call: RuntimeCall) -> None:
    """Lets the runtime go on; one that has said its last word may be gone already."""
    with contextlib.suppress(OSError):
        reply(call, _ACCEPTED, {}, b"")


def _verdict(result: RuntimeCall) -> Answer:
    return returned(result.body) if result.kind is CallKind.RESPONSE else reported_error(result.body)


def _event_headers(invocation: Invocation) -> dict[str, str]:
    deadline_ms = int((time.time() + invocation.timeout_s) * 1000)
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
    }
    if invocation.trace_header:
        headers["Lambda-Runtime-Trace-Id"] = invocation.trace_header
    return headers


def _milliseconds_since(began: float) -> float:
    return (time.monotonic() - began) * 1000
