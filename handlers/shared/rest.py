"""REST proxy events in, answers out: routing, exact JSON bodies, refusals as 4xx, and a 500 that tells nothing.

Every answer carries ``X-Version``, the version that executed it, so that a caller can tell two versions apart.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from handlers.shared.card_data import holds_card_data, part_holds_card_data
from handlers.shared.exact_json import Json, parse_json, render_json
from handlers.shared.identity import IDEMPOTENCY_HEADER
from handlers.shared.invocation import LambdaContext
from handlers.shared.refusal import Refusal

log = logging.getLogger(__name__)

VERSION_HEADER: Final = "X-Version"
LARGEST_BODY: Final = 8 * 1024
"""Bytes; far above any payment, and little enough that screening it takes no noticeable time."""

ProxyEvent: TypeAlias = Mapping[str, Any]
"""API Gateway's proxy event (API Gateway guide, 'Input format of a Lambda function for proxy integration')."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the API, decoded."""

    method: str
    route: str
    """The resource's template: ``/payments/{id}``."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    caller: str
    """The id of the API key, empty without one: what an idempotency key is scoped by."""
    version: str
    """The version that executes."""
    request_id: str

    def json_object(self) -> Mapping[str, Json]:
        """The body as a JSON object.

        Raises:
            Refusal: 400, it is not one.
        """
        try:
            body = parse_json(self.body.decode())
        except ValueError as error:
            raise Refusal(400, "invalid_json", "the body is not a JSON object with unique member names") from error
        if not isinstance(body, Mapping):
            raise Refusal(400, "invalid_json", "the body is not a JSON object")
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a route answers."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


Routes: TypeAlias = Mapping[tuple[str, str], Callable[[Request], Answer]]
"""(method, resource template) -> what answers it."""


def serve(event: ProxyEvent, context: LambdaContext, routes: Routes) -> dict[str, Any]:
    """The proxy answer to a proxy event; never raises."""
    try:
        answer = _dispatch(event, context, routes)
    except Refusal as refusal:
        answer = refused(refusal)
    except Exception:
        # The outermost boundary: the caller learns a reference, the log learns the rest.
        log.exception("unexpected failure")
        message = f"the request could not be carried out; quote reference {context.aws_request_id}"
        answer = Answer(status=500, body={"error": "internal_error", "message": message})
    return {
        "statusCode": answer.status,
        "headers": {
            "Content-Type": "application/json",
            VERSION_HEADER: context.function_version,
            **answer.headers,
        },
        "body": render_json(answer.body),
        "isBase64Encoded": False,
    }


def refused(refusal: Refusal) -> Answer:
    """The answer that says what was refused and why."""
    body = {"error": refusal.code, "message": refusal.message}
    return Answer(status=refusal.status, body=body | ({"field": refusal.field} if refusal.field else {}))


def _dispatch(event: ProxyEvent, context: LambdaContext, routes: Routes) -> Answer:
    request = parse_request(event, context)
    screen(request, path=event.get("path") or "")
    route = routes.get((request.method, request.route))
    if route is None:
        raise Refusal(404, "not_found", "this service has no such endpoint")
    return route(request)


def screen(request: Request, *, path: str) -> None:
    """Lets a request pass that holds no card data anywhere the service looks at or might keep.

    Raises:
        Refusal: 422, it does; 413, its body is larger than `LARGEST_BODY`, so it was not searched.
    """
    if len(request.body) > LARGEST_BODY:
        raise Refusal(413, "body_too_large", f"the body is larger than {LARGEST_BODY} bytes")
    places = {
        "path": [path, *request.path.values()],
        "query": [*request.query, *request.query.values()],
        "Idempotency-Key": [request.headers.get(IDEMPOTENCY_HEADER, "")],
        "body": [request.body.decode(errors="replace")],
    }
    for place, texts in places.items():
        # A queue's message is searched part by part (`handlers.shared.batch`): what passes here passes there.
        if any(map(holds_card_data, texts)) or (place == "body" and any(map(part_holds_card_data, texts))):
            log.warning("refused card data", extra={"place": place})
            message = "card numbers and verification values are not accepted; send a token of the payment provider"
            raise Refusal(422, "card_data", message, field=place)


def parse_request(event: ProxyEvent, context: LambdaContext) -> Request:
    """The request inside a proxy event.

    Raises:
        Refusal: 400, a body that is announced as Base64 and is not.
    """
    identity = (event.get("requestContext") or {}).get("identity") or {}
    return Request(
        method=event.get("httpMethod") or "",
        route=event.get("resource") or "",
        path=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=_body(event),
        caller=identity.get("apiKeyId") or "",
        version=context.function_version,
        request_id=context.aws_request_id,
    )


def _body(event: ProxyEvent) -> bytes:
    text: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refusal(400, "invalid_body", "the body is not the Base64 text that it is announced as") from error
