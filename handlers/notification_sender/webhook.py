"""One POST to a merchant: signed, over HTTPS, without following redirects, never waiting long."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from handlers.shared.batch import Undeliverable

TIMEOUT_SECONDS: Final = 5.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a merchant listens."""

    host: str
    port: int | None
    target: str
    """Path and query."""
    is_plain: bool
    """HTTP without TLS."""


def parse_endpoint(url: str, *, allow_loopback: bool) -> Endpoint:
    """The endpoint in a URL that an operator has set for a merchant.

    Raises:
        Undeliverable: it is not HTTPS. Plain HTTP is taken for loopback alone, and only where `allow_loopback` says so.
    """
    parts = urlsplit(url)
    is_plain = parts.scheme == "http" and allow_loopback and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or is_plain):
        raise Undeliverable("the merchant's webhook URL must begin with https://; correct its SSM parameter")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(host=parts.hostname, port=parts.port, target=target, is_plain=is_plain)


def post(endpoint: Endpoint, body: bytes, headers: dict[str, str]) -> None:
    """Delivers a body.

    Raises:
        Undeliverable: no connection, no answer within `TIMEOUT_SECONDS`, or an answer other than 2xx.
    """
    connection = (
        http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=TIMEOUT_SECONDS)
        if endpoint.is_plain
        else http.client.HTTPSConnection(
            endpoint.host, endpoint.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    )
    try:
        connection.request("POST", endpoint.target, body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Undeliverable(f"the merchant's webhook could not be reached ({type(error).__name__})") from error
    finally:
        connection.close()
    if not http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        raise Undeliverable(f"the merchant's webhook answered {status}")
