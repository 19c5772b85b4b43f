"""A thin port for tracing: subsegments while an invocation is sampled, nothing at all otherwise.

aws-xray-sdk stands behind it and is imported at the first sampled invocation, because importing it takes longer than
importing this service. Errors are marked, never recorded with their text: a trace holds no card data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

TRACE_VARIABLE: Final = "_X_AMZN_TRACE_ID"
"""Lambda sets it for each invocation: ``Root=1-...;Parent=...;Sampled=1``."""
SAMPLED: Final = "Sampled=1"
AWS: Final = "aws"
REMOTE: Final = "remote"
LOCAL: Final = "local"


def subsegment(name: str, *, namespace: str = LOCAL) -> AbstractContextManager[None]:
    """A part of the invocation's trace for the length of a ``with`` block; marked as a fault when the block raises."""
    return _recorded(name, namespace) if is_sampled() else nullcontext()


def is_sampled() -> bool:
    """Whether this invocation is traced."""
    return SAMPLED in os.environ.get(TRACE_VARIABLE, "")


@contextmanager
def _recorded(name: str, namespace: str) -> Iterator[None]:
    from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 - only a sampled invocation pays for it

    part = xray_recorder.begin_subsegment(name, namespace)
    try:
        yield
    except BaseException:
        if part is not None:
            part.add_fault_flag()
        raise
    finally:
        if part is not None:
            part.put_annotation("version", os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""))
        xray_recorder.end_subsegment()
