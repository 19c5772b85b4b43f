"""Events and contexts as Lambda hands them to a handler; only what matters is named."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Context:
    function_name: str = "payments"
    function_version: str = "7"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:payments:live"
    aws_request_id: str = "request-1"
    remaining_ms: int = 10_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def proxy(
    method: str,
    route: str,
    *,
    body: str | None = None,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    caller: str | None = None,
) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "resource": route,
        "path": route,
        "pathParameters": path,
        "queryStringParameters": query,
        "headers": headers,
        "requestContext": {"identity": {"apiKeyId": caller}},
        "body": body,
        "isBase64Encoded": False,
    }


def queued(body: str, *, message_id: str = "message-1", group: str = "group-1", receives: int = 1) -> dict[str, Any]:
    """A batch of one message; its receipt is of no queue."""
    attributes = {"MessageGroupId": group, "ApproximateReceiveCount": str(receives)}
    record = {"messageId": message_id, "receiptHandle": "none", "body": body, "attributes": attributes}
    return {"Records": [record]}


def content(answer: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(answer["body"])
    return parsed


def order_text(amount: str = "12.30", **changed: str | None) -> str:
    usual: dict[str, str | None] = {"currency": "USD", "payment_method": "card_tok", "customer_id": "c-1"}
    rest = json.dumps({name: value for name, value in (usual | changed).items() if value is not None})
    return f'{{"amount":{amount},{rest[1:]}'
