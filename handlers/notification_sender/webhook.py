"""One POST to a merchant: over HTTPS, to a public address, without following redirects, never waiting long."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from handlers.shared.batch import Undeliverable

DEADLINE_SECONDS: Final = 5.0
"""For a whole call: name, connection, TLS, request and answer; however slowly the bytes come."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a merchant listens."""

    host: str
    port: int
    target: str
    """Path and query."""
    is_plain: bool
    """HTTP without TLS."""
    may_be_loopback: bool
    """Whether the host may be this machine itself."""


def parse_endpoint(url: str, *, allow_loopback: bool) -> Endpoint:
    """The endpoint in a URL that an operator has set for a merchant.

    Raises:
        Undeliverable: it is not HTTPS. Plain HTTP is taken for loopback alone, and only where `allow_loopback` says so.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Undeliverable("the merchant's webhook URL is none; correct its SSM parameter") from error
    is_plain = parts.scheme == "http" and allow_loopback and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or is_plain):
        raise Undeliverable("the merchant's webhook URL must begin with https://; correct its SSM parameter")
    return Endpoint(
        host=parts.hostname, port=port, target=_target(parts), is_plain=is_plain, may_be_loopback=allow_loopback
    )


def post(endpoint: Endpoint, body: bytes, headers: dict[str, str]) -> None:
    """Delivers a body.

    Raises:
        Undeliverable: a private address, no connection, no answer within `DEADLINE_SECONDS`, or one other than 2xx.
    """
    connection = _Connection(endpoint)

    def call() -> int:
        try:
            connection.request("POST", endpoint.target, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    try:
        status = _settled(call).result(DEADLINE_SECONDS)
    except TimeoutError as late:
        connection.hang_up()
        raise Undeliverable(f"the merchant's webhook gave no answer within {DEADLINE_SECONDS:g} s") from late
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise Undeliverable(f"the merchant's webhook could not be reached ({type(error).__name__})") from error
    if not http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        raise Undeliverable(f"the merchant's webhook answered {status}")


def addresses(endpoint: Endpoint) -> list[str]:
    """The addresses of the endpoint's host, all of them public; what is checked is what is called.

    A webhook must not reach what only this function can reach, such as credentials at a link-local address.

    Raises:
        Undeliverable: one of them is not, and is not an allowed loopback.
        OSError: the host has none.
    """
    found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    numbers = list(dict.fromkeys(str(address[0]) for *_, address in found))
    for number in numbers:
        address = _unmapped(ip_address(number.partition("%")[0]))
        is_public = address.is_global and not address.is_multicast
        if not (is_public or (endpoint.may_be_loopback and address.is_loopback)):
            raise Undeliverable("the merchant's webhook URL leads to a private address; correct its SSM parameter")
    return numbers


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked; the certificate is checked for the host's name."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=DEADLINE_SECONDS)
        self.default_port = PORTS["http" if endpoint.is_plain else "https"]
        self._endpoint = endpoint

    def connect(self) -> None:
        self.sock = self._reached()
        if not self._endpoint.is_plain:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self._endpoint.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def hang_up(self) -> None:
        """Ends what another thread waits for on this connection."""
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _reached(self) -> socket.socket:
        failure = OSError("the host has no address")
        for number in addresses(self._endpoint):
            try:
                return socket.create_connection((number, self._endpoint.port), DEADLINE_SECONDS)
            except OSError as error:
                failure = error
        raise failure


def _settled(call: Callable[[], int]) -> Future[int]:
    """The outcome of a call in a thread of its own: only another thread can put an end to a look-up of a name."""
    future: Future[int] = Future()

    def settle() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=settle, daemon=True).start()
    return future


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
