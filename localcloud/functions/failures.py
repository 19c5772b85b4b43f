"""The answers for invocations that no handler answered, with Lambda's error types and texts. Pure."""

import json
import signal
from enum import StrEnum
from typing import Final

from localcloud.functions.model import Answer, Invocation

RESPONSE_BYTES: Final = 6_291_556
"""The most that a function may answer with."""


class ErrorType(StrEnum):
    """How Lambda itself names a failure."""

    EXIT = "Runtime.ExitError"
    TIMEOUT = "Sandbox.Timedout"
    TOO_LARGE = "Function.ResponseSizeTooLarge"


class RuntimeLost(Exception):
    """The runtime did not, or will not, answer."""

    def answer(self, invocation: Invocation) -> Answer:
        """What the caller of `invocation` gets instead."""
        raise NotImplementedError


class RuntimeExited(RuntimeLost):
    """The process ended; `status` is as in ``Popen.returncode``."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def answer(self, invocation: Invocation) -> Answer:
        """A ``Runtime.ExitError`` that says how the process ended."""
        return _failure(ErrorType.EXIT, f"RequestId: {invocation.request_id} Error: {exit_reason(self.status)}")


class DeadlinePassed(RuntimeLost):
    """The process did not answer in time."""

    def answer(self, invocation: Invocation) -> Answer:
        """A ``Sandbox.Timedout``."""
        return _failure(ErrorType.TIMEOUT, f"RequestId: {invocation.request_id} Error: {timeout_reason(invocation)}")


class InitFailed(RuntimeLost):
    """The function could not be imported; `reported` is the runtime's error object, JSON."""

    def __init__(self, reported: bytes) -> None:
        super().__init__(reported.decode(errors="replace"))
        self.reported = reported

    def answer(self, invocation: Invocation) -> Answer:
        """The reported error, with this invocation's id."""
        told = {**json.loads(self.reported), "requestId": invocation.request_id}
        return reported_error(json.dumps(told).encode())


def exit_reason(status: int) -> str:
    """What Lambda says about a runtime that ended with `status`."""
    if status == 0:
        return "Runtime exited without providing a reason"
    if status < 0:
        return f"Runtime exited with error: signal: {(signal.strsignal(-status) or str(-status)).lower()}"
    return f"Runtime exited with error: exit status {status}"


def timeout_reason(invocation: Invocation) -> str:
    """What Lambda says about an invocation that overran."""
    return f"Task timed out after {invocation.timeout_s:.2f} seconds"


def returned(payload: bytes) -> Answer:
    """The handler's answer, unless it is larger than Lambda returns."""
    if len(payload) <= RESPONSE_BYTES:
        return Answer(payload=payload)
    text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
    return _failure(ErrorType.TOO_LARGE, text)


def reported_error(payload: bytes) -> Answer:
    """The error that the runtime reported for the handler."""
    told = json.loads(payload)
    return Answer(payload=payload, error_type=str(told.get("errorType") or "Unknown"))


def _failure(kind: ErrorType, message: str) -> Answer:
    return Answer(payload=json.dumps({"errorType": kind, "errorMessage": message}).encode(), error_type=kind)
