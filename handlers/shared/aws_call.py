"""Calls of AWS services that take a POST to their root: DynamoDB, SQS, SSM (JSON) and SNS (a form).

This stands in the place of boto3 in the functions alone, for one reason: the cold start. Importing botocore and
building one client takes 160-190 ms of CPU; this takes 40, TLS included (`make bench-handlers` measures both). It does
what the functions need of botocore and no more: environment credentials, Signature Version 4 (the tests hold it against
botocore's signer), kept connections, timeouts, and retries of what may be retried. Lambda keeps the credentials of an
execution environment in its variables, except under SnapStart, which this therefore does not support.
"""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from handlers.shared.sigv4 import Credentials, Scope, signed_headers
from handlers.shared.tracing import AWS, subsegment

TIMEOUT_SECONDS: Final = 3.0
ATTEMPTS: Final = 3
FIRST_PAUSE_MS: Final = 100
LONGEST_PAUSE_MS: Final = 1_000
FIRST_ERROR_STATUS: Final = 400
SERVER_ERROR_STATUS: Final = 500
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
class Service:
    """One AWS service at one endpoint."""

    scope: Scope
    endpoint: str
    """Scheme, host and port."""
    target: str
    """What stands before the operation in X-Amz-Target; empty for a service that takes forms."""
    protocol: str
    """Content type of the calls."""
    credentials: Credentials
    idle: list[http.client.HTTPConnection] = field(default_factory=list)
    """Connections that no call is using; a list, because its pop and append are safe between threads."""

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
        name = f"{self.scope.service} {operation}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with subsegment(name, namespace=AWS):
                    return self._send(name, headers, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if attempt == ATTEMPTS:
                    raise AwsUnreachable(f"{name} got no answer from {self.endpoint}") from error
                if attempt == 1:
                    # Most likely a kept connection that was closed while Lambda had frozen this environment.
                    continue
            except AwsError as error:
                if attempt == ATTEMPTS or not error.is_passing:
                    raise
            time.sleep(pause_seconds(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _send(self, name: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        host = urlsplit(self.endpoint).netloc
        signed = signed_headers(
            {"host": host, **headers}, body, credentials=self.credentials, scope=self.scope, at=datetime.now(UTC)
        )
        connection = self._borrow()
        try:
            connection.request("POST", "/", body, signed)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        self.idle.append(connection)
        if answer.status >= FIRST_ERROR_STATUS:
            details = _json_object(content)
            code = str(details.get("__type") or answer.getheader("x-amzn-query-error") or "Unknown")
            code = code.rpartition("#")[2].partition(";")[0]
            raise AwsError(name, code=code, status=answer.status, details=details)
        return _json_object(content)

    def _borrow(self) -> http.client.HTTPConnection:
        """A kept connection, or a new one; an error closes it, an answer gives it back."""
        try:
            return self.idle.pop()
        except IndexError:
            parts = urlsplit(self.endpoint)
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            return kind(parts.netloc, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Closes the kept connections; the next call opens a new one."""
        while self.idle:
            self.idle.pop().close()


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
