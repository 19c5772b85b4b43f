"""Asynchronous invocation: the settings of the qualifier that was called, and what a dead-letter queue receives.

From "Asynchronous invocation" of the Lambda guide: a destination gets a document about the failure, a dead-letter queue
the event as it was, with attributes that say what went wrong.
"""

import json
import logging
from contextvars import ContextVar
from typing import Any, Final
from uuid import uuid4

from localcloud import seams
from localcloud.functions.model import LATEST, Record
from localcloud.functions.records import function_record, qualifier_of

_log: Final = logging.getLogger(__name__)
_MESSAGE_LENGTH: Final = 1024
_FUNCTION_ERROR: Final = "200"
_dead_letters: Final[ContextVar[str]] = ContextVar("dead_letter_target", default="")
"""The ARN of the dead-letter queue that the event under way may end in; empty where a destination is set instead."""


def install() -> None:
    """Takes its place around asynchronous invocation and the end of a failed event."""
    seams.invoke_async.wrap(_with_settings_of_the_qualifier)
    seams.route_async_failure.wrap(_leaving_the_event_as_it_was)


def _with_settings_of_the_qualifier(original: seams.Function) -> seams.Function:
    """A configuration of ``$LATEST`` does not hold for an alias, nor the other way round."""

    def invoke(record: Record, event: object) -> None:
        arn = record["config"]["FunctionArn"]
        function, qualifier = function_record(arn) or record, qualifier_of(arn)
        own = (function.get("event_invoke_configs") or {}).get("" if qualifier in (None, LATEST) else qualifier) or {}
        destination = own.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        queue = (record["config"].get("DeadLetterConfig") or {}).get("TargetArn", "")
        token = _dead_letters.set("" if destination else queue)
        try:
            original({**record, "event_invoke_config": own, "event_invoke_configs": {}}, event)
        finally:
            _dead_letters.reset(token)

    return invoke


def _leaving_the_event_as_it_was(original: seams.Function) -> seams.Function:
    def route(target: str, function: str, event: object, result: dict[str, Any]) -> None:
        body, attributes = json.dumps(event), _attributes(result)
        _, _, service, *_, name = target.split(":")
        if target != _dead_letters.get():
            original(target, function, event, result)
        elif service == "sns":
            seams.fan_out_notification(target, str(uuid4()), body, "", "", attributes)
        elif seams.queue_by_arn(target) is None:
            _log.warning("%s: its dead-letter queue %s does not exist, the event is lost", function, target)
        else:
            url = seams.queue_url(name)
            seams.send_message({"QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes}, url)

    return route


def _attributes(result: dict[str, Any]) -> dict[str, dict[str, str]]:
    body = result.get("body")
    message = str(body.get("errorMessage", "")) if isinstance(body, dict) else ""
    return {
        "RequestID": {"DataType": "String", "StringValue": result.get("request_id") or str(uuid4())},
        "ErrorCode": {"DataType": "Number", "StringValue": _FUNCTION_ERROR},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:_MESSAGE_LENGTH] or "Unknown"},
    }
