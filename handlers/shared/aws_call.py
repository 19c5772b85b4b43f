"""Calls of AWS services that take a POST to their root: DynamoDB, SQS, SSM (JSON) and SNS (a form).

botocore signs and sends them; its clients, which read a service's whole model before the first call, are left out for
the sake of the cold start (`make bench-handlers`). What a client would add and these functions need is here: the
errors' codes, and retries of what may be retried. Lambda keeps the credentials of an execution environment in its
variables, except under SnapStart, which this therefore does not support.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from handlers.shared.tracing import AWS, subsegment

TIMEOUT_SECONDS: Final = 3
MOST_CONNECTIONS: Final = 10
ATTEMPTS: Final = 3
FIRST_PAUSE_MS: Final = 100
LONGEST_PAUSE_MS: Final = 1_000
FIRST_ERROR_STATUS: Final = 400
SERVER_ERROR_STATUS: Final = 500
NO_ANSWER: Final = (HTTPClientError, NoConnection)
"""botocore's two families: what failed on an open connection, and what got none (refused, timed out, TLS, proxy)."""
THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Error codes that a pause may cure (SDKs and tools guide, 'Retry behavior')."""


class AwsError(Exception):
    """A service said no.

    Args:
        operation: ``dynamodb PutItem``.
        code: the service's error code, without its namespace.
        status: the HTTP status.
        details: the members of the error's body; may hold a table's item, so it is no part of the text.
    """

    def __init__(self, operation: str, *, code: str, status: int, details: Mapping[str, Any]) -> None:
        super().__init__(f"{operation} answered {status} {code}")
        self.code = code
        self.status = status
        self.details = details

    @property
    def is_passing(self) -> bool:
        """Whether the same call may succeed a moment later."""
        return self.status >= SERVER_ERROR_STATUS or self.code in THROTTLED


class AwsUnreachable(Exception):
    """No answer came: nothing is known about the effect of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who signs, by the names that botocore's signer reads. The secrets are kept out of the representation."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


_connections = partial(
    URLLib3Session,
    timeout=TIMEOUT_SECONDS,
    max_pool_connections=MOST_CONNECTIONS,
    # as botocore's clients set it: a body must not wait for the acknowledgement of its headers
    socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # type: ignore[list-item]  # the stubs say texts
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One AWS service at one endpoint."""

    name: str
    region: str
    endpoint: str
    """Scheme, host and port."""
    target: str
    """What stands before the operation in X-Amz-Target; empty for a service that takes forms."""
    protocol: str
    """Content type of the calls."""
    credentials: Credentials
    connections: URLLib3Session = field(default_factory=_connections)
    """Kept between calls; threads share them."""

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - as AWS documents the operation
        """The service's answer to an operation, with its parameters named as in the API reference.

        Every call made here is safe to repeat: reads, conditional writes, messages that may come twice.

        Raises:
            AwsError: the service refused.
            AwsUnreachable: it gave no answer in any of `ATTEMPTS` attempts.
        """
        headers = {"content-type": self.protocol, "x-amz-target": f"{self.target}.{operation}"}
        return self._attempt(operation, headers, json.dumps(parameters, separators=(",", ":")).encode())

    def call_form(self, operation: str, *, version: str, **parameters: str) -> None:
        """The same for a service that takes a form and answers XML, of which nothing is needed."""
        form = {"Action": operation, "Version": version, **parameters}
        self._attempt(operation, {"content-type": self.protocol}, urlencode(form).encode())

    def _attempt(self, operation: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        name = f"{self.name} {operation}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with subsegment(name, namespace=AWS):
                    return self._send(name, headers, body)
            except NO_ANSWER as error:
                if attempt == ATTEMPTS:
                    raise AwsUnreachable(f"{name} got no answer from {self.endpoint}") from error
            except AwsError as error:
                if attempt == ATTEMPTS or not error.is_passing:
                    raise
            time.sleep(pause_seconds(attempt))
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Closes the kept connections; the next call opens a new one."""
        self.connections.close()

    def _send(self, name: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        request = AWSRequest("POST", f"{self.endpoint}/", headers=dict(headers), data=body)
        signer = SigV4Auth(self.credentials, self.name, self.region)  # type: ignore[arg-type]  # reads these names only
        signer.add_auth(request)
        answer = self.connections.send(request.prepare())
        if answer.status_code >= FIRST_ERROR_STATUS:
            details = _json_object(answer.content)
            code = str(details.get("__type") or answer.headers.get("x-amzn-query-error") or "Unknown")
            code = code.rpartition("#")[2].partition(";")[0]
            raise AwsError(name, code=code, status=answer.status_code, details=details)
        return _json_object(answer.content)


def pause_seconds(attempt: int) -> float:
    """How long to wait after a failed attempt: half of a doubling span for certain, the other half at random."""
    span_ms = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << (attempt - 1))
    return (span_ms // 2 + secrets.randbelow(span_ms // 2)) / 1000


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
