"""One fresh process of `handlers_bench`: imports a handler, calls it once, then many times, and prints the times.

``python handlers_child.py MODULE WARM_CALLS`` prints one line of JSON: import_ms, first_ms and warm_ms (a list).
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()
"""Before any import that a handler might share."""

import importlib  # noqa: E402 - the clock comes first
import json  # noqa: E402 - the same
import os  # noqa: E402 - the same
import sys  # noqa: E402 - the same
from collections.abc import Callable  # noqa: E402 - the same
from types import SimpleNamespace  # noqa: E402 - the same
from typing import Any  # noqa: E402 - the same

EVENT = {
    "httpMethod": "POST",
    "resource": "/payments",
    "path": "/payments",
    "headers": {},
    "requestContext": {},
    "body": '{"amount": 12.30, "currency": "EUR", "payment_method": "card_tok", "customer_id": "customer-1"}',
}
CONTEXT = SimpleNamespace(
    function_name="payments",
    function_version="7",
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:payments:live",
    aws_request_id="request-1",
)
CREATED = 201
Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def main() -> None:
    """Measures."""
    module, warm_calls = sys.argv[1], int(sys.argv[2])
    result, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: PTH123, SIM115 - metrics go the way of a log
    handler = importlib.import_module(module).handler
    imported = time.perf_counter()
    first = timed(handler)
    warm = [timed(handler) for _ in range(warm_calls)]
    json.dump({"import_ms": (imported - STARTED) * 1000, "first_ms": first, "warm_ms": warm}, result)


def timed(handler: Handler) -> float:
    """The milliseconds of one call."""
    started = time.perf_counter()
    answer = handler(EVENT, CONTEXT)
    elapsed = (time.perf_counter() - started) * 1000
    if answer["statusCode"] != CREATED:
        raise SystemExit(f"the handler answered {answer}")
    return elapsed


if __name__ == "__main__":
    main()
