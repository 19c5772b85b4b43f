"""The application in front of ministack: services that it lacks, picked by the scope of the SigV4 signature."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application."""

_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_ACCOUNT: Final = re.compile(r"\d{12}")
_DEFAULT_ACCOUNT: Final = "000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a service.

    Attributes:
        operation: The last part of ``X-Amz-Target`` if there is one, else the path without slashes around it.
        body: The request's JSON; empty for none.
        account: The caller's account.
        region: The region that the signature names.
    """

    operation: str
    body: dict[str, Any]
    account: str
    region: str


class ServiceError(Exception):
    """An error of a service's API.

    Attributes:
        code: Its name in the service model.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def document(self) -> dict[str, Any]:
        """The error as JSON."""
        return {"__type": self.code, "message": str(self)}


Service = Callable[[Call], dict[str, Any]]
"""Answers the calls of one service; raises `ServiceError`."""


def in_front(
    application: Application, services: Mapping[str, Service], documents: Mapping[str, Callable[[], dict[str, Any]]]
) -> Application:
    """`application`, except for requests that are signed for one of `services` or ask for the path of a document."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        document = documents.get(scope.get("path", ""))
        if document is not None:
            await answered(send, 200, document())
            return
        signed = _CREDENTIAL.search(header(scope, b"authorization")) if scope["type"] == "http" else None
        service = services.get(signed.group(3)) if signed else None
        if signed is None or service is None:
            await application(scope, receive, send)
            return
        access_key, region = signed.group(1), signed.group(2)
        body = await body_of(receive)
        target = header(scope, b"x-amz-target").rpartition(".")[2]
        call = Call(
            operation=target or scope["path"].strip("/"),
            body=json.loads(body or b"{}"),
            account=access_key if _ACCOUNT.fullmatch(access_key) else _DEFAULT_ACCOUNT,
            region=region,
        )
        await answered(send, *_carried_out(service, call))

    return front


def _carried_out(service: Service, call: Call) -> tuple[int, dict[str, Any]]:
    try:
        return 200, service(call)
    except ServiceError as error:
        return error.status, error.document()


def header(scope: Scope, name: bytes) -> str:
    """The value of a request's header, by its name in small letters; empty without one."""
    return next((value.decode("latin-1") for each, value in scope["headers"] if each == name), "")


async def body_of(receive: Receive) -> bytes:
    """A request's whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answered(send: Send, status: int, payload: dict[str, Any]) -> None:
    """Sends `payload` as JSON."""
    body = json.dumps(payload).encode()
    headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
