"""The access log of a stage: its format filled in. Pure.

Variables as in "Variables for data models, authorizers, mapping templates, and CloudWatch access logging"; one without
a value is a hyphen, as there.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from localcloud.gateway.exchange import Exchange

_VARIABLE: Final = re.compile(r"\$context\.([A-Za-z0-9_.]+)")
_MISSING: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How a request was answered.

    Attributes:
        api_id: The REST API's id.
        account: Whose it is.
        method: The request's method.
        path: The request's path, without the stage.
        status: What the client got.
        length: Bytes of the answer's body.
        latency_ms: From arrival to answer.
        at: When the request arrived.
    """

    api_id: str
    account: str
    method: str
    path: str
    status: int
    length: int
    latency_ms: float
    at: datetime


def access_line(template: str, exchange: Exchange, served: Served) -> str:
    """`template` with its ``$context`` variables filled in."""
    values = _values(exchange, served)
    return _VARIABLE.sub(lambda match: _text(values, match.group(1)), template)


def _text(values: dict[str, Any], name: str) -> str:
    """The value of a variable; a dot at its end belongs to the text around it."""
    bare = name.rstrip(".")
    value = values.get(bare)
    return (_MISSING if value in (None, "") else str(value)) + name[len(bare) :]


def _values(exchange: Exchange, served: Served) -> dict[str, Any]:
    request, integration_ms = exchange.request, exchange.integration_ms
    headers = request["headers"]
    latency = None if integration_ms is None else round(integration_ms)
    return {
        "accountId": served.account,
        "apiId": served.api_id,
        "error.message": exchange.problem,
        "error.messageString": exchange.problem and json.dumps(exchange.problem),
        "extendedRequestId": exchange.request_id,
        "httpMethod": served.method,
        "identity.sourceIp": headers.get("x-forwarded-for", "127.0.0.1").split(",")[0].strip(),
        "identity.userAgent": headers.get("user-agent"),
        "integration.error": exchange.problem,
        "integration.latency": latency,
        "integration.status": exchange.integration_status,
        "integrationErrorMessage": exchange.problem,
        "integrationLatency": latency,
        "integrationStatus": exchange.integration_status,
        "path": f"/{request['stage_name']}{served.path}",
        "protocol": "HTTP/1.1",
        "requestId": exchange.request_id,
        "requestTime": served.at.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(served.at.timestamp() * 1000),
        "resourcePath": request["resource_path"],
        "responseLatency": round(served.latency_ms),
        "responseLength": served.length,
        "stage": request["stage_name"],
        "status": served.status,
        "xrayTraceId": headers.get("x-amzn-trace-id"),
    }
