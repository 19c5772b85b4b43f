"""A thin port for tracing: subsegments while an invocation is sampled, nothing at all otherwise.

aws-xray-sdk stands behind it and is imported at the first sampled invocation, because importing it takes longer than
importing this service. Errors are marked, never recorded with their text: a trace holds no card data.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, Final

log = logging.getLogger(__name__)

TRACE_VARIABLE: Final = "_X_AMZN_TRACE_ID"
"""Lambda sets it for each invocation: ``Root=1-...;Parent=...;Sampled=1``."""
SAMPLED: Final = "Sampled=1"
AWS: Final = "aws"
REMOTE: Final = "remote"
LOCAL: Final = "local"


def subsegment(name: str, *, namespace: str = LOCAL) -> AbstractContextManager[None]:
    """A part of the invocation's trace for the length of a ``with`` block; marked as a fault when the block raises."""
    recorder = _recorder() if is_sampled() else None
    return nullcontext() if recorder is None else _recorded(recorder, name, namespace)


def is_sampled() -> bool:
    """Whether this invocation is traced."""
    return SAMPLED in os.environ.get(TRACE_VARIABLE, "")


@cache
def _recorder() -> Any | None:  # noqa: ANN401 - the SDK carries no types
    """The SDK's recorder; None when the bundle came without the SDK, which must not fail a payment."""
    try:
        from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 - only a sampled invocation pays for it
    except ImportError:
        log.warning("tracing is on, but aws-xray-sdk is not installed; add it to the function's bundle or layer")
        return None
    return xray_recorder


@contextmanager
def _recorded(recorder: Any, name: str, namespace: str) -> Iterator[None]:  # noqa: ANN401 - the same
    part = recorder.begin_subsegment(name, namespace)
    try:
        yield
    except BaseException:
        if part is not None:
            part.add_fault_flag()
        raise
    finally:
        if part is not None:
            part.put_annotation("version", os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""))
        recorder.end_subsegment()
