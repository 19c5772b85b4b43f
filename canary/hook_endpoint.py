"""Where CodeDeploy-style hooks answer: CodeDeploy's `PutLifecycleEventHookExecutionStatus`, and nothing else of it.

A Lambda function behind a private API, or any caller with an event of API Gateway's or a function URL's shape. A hook
reaches it by ``AWS_ENDPOINT_URL_CODEDEPLOY`` in its environment. Signatures are not checked: who knows the execution id
that the hook was given, with its random token, may answer that one run, once. Environment: ``CANARY_STORE``.
"""

import base64
import hmac
import json
import os
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from canary.core.errors import CanaryError
from canary.core.hooks import HookStatus, parse_execution_id
from canary.side_ports import HookBook
from canary.wiring import connect_clients, hook_book

OPERATION: Final = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"
STATUSES: Final = {"Succeeded": HookStatus.SUCCEEDED, "Failed": HookStatus.FAILED}
LONGEST_BODY: Final = 10_000

Response = dict[str, Any]


class _Refused(Exception):
    """An answer that CodeDeploy would refuse, by the name of its exception."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def handler(event: Mapping[str, Any], context: object) -> Response:
    """The HTTP response to one call, in JSON 1.1 as CodeDeploy speaks it."""
    del context
    return respond(event, _book(os.environ["CANARY_STORE"]))


def respond(event: Mapping[str, Any], book: HookBook) -> Response:
    """The same, with the records given."""
    try:
        return _response(HTTPStatus.OK, {"lifecycleEventHookExecutionId": _record(event, book)})
    except _Refused as refused:
        return _response(HTTPStatus.BAD_REQUEST, {"__type": refused.name, "message": str(refused)})
    except CanaryError:
        return _response(HTTPStatus.SERVICE_UNAVAILABLE, {"__type": "ServiceUnavailable", "message": "call again"})


def _record(event: Mapping[str, Any], book: HookBook) -> str:
    """The execution id that was answered."""
    asked = _asked(event)
    execution_id = str(asked.get("lifecycleEventHookExecutionId", ""))
    status = STATUSES.get(str(asked.get("status", "")))
    if status is None:
        raise _Refused("InvalidLifecycleEventHookExecutionStatusException", "the status is Succeeded or Failed")
    key, token = parse_execution_id(execution_id)
    run = book.read(key) if key else None
    if run is None or not hmac.compare_digest(run.token.encode(), token.encode()):
        raise _Refused("InvalidLifecycleEventHookExecutionIdException", "no hook runs under this id")
    if str(asked.get("deploymentId", "")) != run.rollout:
        raise _Refused("DeploymentDoesNotExistException", "this id belongs to another deployment")
    answered = book.answer(key, status, "answered through CodeDeploy's API")
    if answered.status is not status:
        raise _Refused("LifecycleEventAlreadyCompletedException", f"it was answered before: {answered.status}")
    return execution_id


def _asked(event: Mapping[str, Any]) -> Mapping[str, Any]:
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    if headers.get("x-amz-target") != OPERATION:
        raise _Refused("UnknownOperationException", f"only {OPERATION} is answered here")
    try:
        body = str(event.get("body") or "")
        text = base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
        asked = json.loads(text[:LONGEST_BODY])
    except ValueError:
        raise _Refused("SerializationException", "the body is no JSON") from None
    if not isinstance(asked, dict):
        raise _Refused("SerializationException", "the body is no JSON object")
    return asked


def _response(status: HTTPStatus, body: Mapping[str, Any]) -> Response:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return {"statusCode": int(status), "headers": headers, "body": json.dumps(body)}


@cache
def _book(store: str) -> HookBook:
    """Made once for each execution environment."""
    return hook_book(connect_clients(None), store)
