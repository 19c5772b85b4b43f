"""The CloudWatch API: every operation in every protocol, answered here or by ministack."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from localcloud.observe import emulator
from localcloud.observe.alarms.book import (
    check_composite_alarm,
    describe_alarms,
    describe_alarms_for_metric,
    put_metric_alarm,
    set_alarm_state,
)
from localcloud.observe.errors import ApiError
from localcloud.observe.metrics import current_store
from localcloud.observe.model import Plain, typed_result
from localcloud.observe.publish import put_metric_data
from localcloud.observe.read import get_metric_data, get_metric_statistics, list_metrics
from localcloud.observe.wire import Call, Response, protocol_of, read_call, written, written_error

OPERATIONS: Final[Mapping[str, Callable[[Plain], Plain]]] = {
    "PutMetricData": lambda request: put_metric_data(request, current_store(), time.time()),
    "GetMetricData": lambda request: get_metric_data(request, current_store()),
    "GetMetricStatistics": lambda request: get_metric_statistics(request, current_store()),
    "ListMetrics": lambda request: list_metrics(request, current_store(), time.time()),
    "PutMetricAlarm": put_metric_alarm,
    "DescribeAlarms": describe_alarms,
    "DescribeAlarmsForMetric": describe_alarms_for_metric,
    "SetAlarmState": set_alarm_state,
}
"""What is answered here; everything else is ministack's."""


class CloudWatch:
    """ministack's entry point for CloudWatch requests, replaced.

    Args:
        alarms_changed: Called after a request that may have made an alarm due.
    """

    def __init__(self, alarms_changed: Callable[[], None]) -> None:
        self._alarms_changed = alarms_changed

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        """The HTTP response to one request; an operation's errors are part of it."""
        _ = method
        try:
            call = read_call(path, headers, body, query_params)
            operation = OPERATIONS.get(call.operation)
            result = operation(call.request()) if operation else await _by_ministack(call)
        except ApiError as error:
            return written_error(protocol_of(headers), error)
        if call.operation == "PutMetricAlarm":
            self._alarms_changed()
        return written(call, result)


async def _by_ministack(call: Call) -> Plain:
    """The answer of ministack, asked for in the protocol that it speaks best."""
    request = call.request()
    if call.operation == "PutCompositeAlarm":
        check_composite_alarm(request)
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"GraniteServiceVersion20100801.{call.operation}",
    }
    body = json.dumps(request).encode()
    status, _, answer = await emulator.original_handler("POST", "/", headers, body, {})
    found = json.loads(answer or b"{}")
    if status >= 400:  # noqa: PLR2004 - HTTP's classes
        raise ApiError(str(found.get("__type", "InternalFailure")), str(found.get("message", "")), status)
    return typed_result(call.operation, found)
