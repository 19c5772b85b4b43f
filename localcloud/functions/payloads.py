"""What Lambda refuses of an Invoke's payload before it runs anything (API reference, Invoke; "Lambda quotas")."""

import json
import re
from typing import Final

from localcloud.front import Application, Message, Receive, Scope, Send, ServiceError, answered, body_of, header

INVOKE: Final = re.compile(r"/2015-03-31/functions/[^/]+/invocations/?")
LARGEST: Final = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
"""Bytes of a payload by invocation type."""


def refusal_of_payload(payload: bytes, invocation_type: str) -> ServiceError | None:
    """Why `payload` is not taken; None when it is."""
    most = LARGEST.get(invocation_type, LARGEST["RequestResponse"])
    if len(payload) > most:
        text = (
            f"{len(payload)} byte payload is too large for the {invocation_type} invocation type (limit {most} bytes)"
        )
        return ServiceError("RequestTooLargeException", text, 413)
    try:
        json.loads(payload or b"{}")
    except ValueError as problem:
        text = f"Could not parse request body into json: Could not parse payload into json: {problem}"
        return ServiceError("InvalidRequestContentException", text)
    return None


def checking_payloads(application: Application) -> Application:
    """`application`, except for invocations whose payload Lambda would not take."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not INVOKE.fullmatch(scope["path"]):
            await application(scope, receive, send)
            return
        payload = await body_of(receive)
        refusal = refusal_of_payload(payload, header(scope, b"x-amz-invocation-type") or "RequestResponse")
        if refusal is not None:
            await answered(send, refusal.status, refusal.document())
            return
        await application(scope, _again(payload, receive), send)

    return checked


def _again(payload: bytes, receive: Receive) -> Receive:
    """What was read already, then whatever comes after it."""
    read: list[Message] = [{"type": "http.request", "body": payload, "more_body": False}]

    async def receive_again() -> Message:
        return read.pop() if read else await receive()

    return receive_again
