"""Structured logs: one JSON object a line, card data masked, each line with the request and the version it belongs to.

Lambda's own report of an unhandled exception would print its text and its arguments unmasked; `logged` writes the
masked one and lets a substitute through that names only the kind of error and the request.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

from handlers.shared.card_data import masked
from handlers.shared.invocation import LambdaContext

ROOT: Final = "handlers"
Event: TypeAlias = Mapping[str, Any]
Result = TypeVar("Result")

_invocation: ContextVar[Mapping[str, str]] = ContextVar("invocation", default={})  # noqa: B039 - never changed in place
_OWN_MEMBERS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class InvocationFailed(Exception):
    """Stands in for an exception whose text may hold what must not be logged."""


class MaskedJson(logging.Formatter):
    """A record as one line of JSON; members given as ``extra`` are members of the object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        extra = {name: value for name, value in vars(record).items() if name not in _OWN_MEMBERS}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": masked(record.getMessage()),
            **_invocation.get(),
            **{name: masked(str(value)) for name, value in extra.items()},
        }
        if record.exc_info:
            line["error"] = masked(self.formatException(record.exc_info))
        return json.dumps(line)


class StandardOutput(logging.Handler):
    """Writes to whatever stdout is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        sys.stdout.write(self.format(record) + "\n")
        sys.stdout.flush()


def logged(handler: Callable[[Event, LambdaContext], Result]) -> Callable[[Event, LambdaContext], Result]:
    """The same handler; its log lines name the invocation, and what it raises is logged masked.

    Raises (the result): InvocationFailed in the place of any exception.
    """
    configure()

    @functools.wraps(handler)
    def logging_handler(event: Event, context: LambdaContext) -> Result:
        invocation = {
            "function": context.function_name,
            "version": context.function_version,
            "request_id": context.aws_request_id,
        }
        token = _invocation.set(invocation)
        try:
            return handler(event, context)
        except Exception as error:
            logging.getLogger(__name__).exception("the invocation failed")
            kind = type(error).__name__
        finally:
            _invocation.reset(token)
        raise InvocationFailed(f"{kind}; see the log of request {context.aws_request_id}")

    return logging_handler


def configure() -> None:
    """Sends the service's logs to stdout, once; the level comes from ``LOG_LEVEL``."""
    root = logging.getLogger(ROOT)
    if not root.handlers:
        output = StandardOutput()
        output.setFormatter(MaskedJson())
        root.addHandler(output)
        root.setLevel(os.environ.get("LOG_LEVEL") or logging.INFO)
        # Lambda puts a handler of its own on the root logger, which would print every line again, unmasked.
        root.propagate = False
