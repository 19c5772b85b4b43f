"""The server's end of the Lambda Runtime API, for one execution environment.

It has no thread of its own: the thread that invokes reads and answers. The protocol is the one in "Using the Lambda
runtime API for custom runtimes"; requests are what ``awslambdaric`` sends, HTTP/1.1 with a Content-Length.
"""

import selectors
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from localcloud.settings import LOOPBACK

_CHUNK: Final = 1 << 18
_SEND_SECONDS: Final = 30.0
_HEAD_END: Final = b"\r\n\r\n"


class CallKind(StrEnum):
    """What a runtime asks for."""

    NEXT = "next"
    RESPONSE = "response"
    ERROR = "error"
    INIT_ERROR = "init-error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeCall:
    """One request of the runtime; it waits on its connection until it is answered."""

    kind: CallKind
    request_id: str
    body: bytes
    connection: socket.socket


class RuntimeApi:
    """Listens on a loopback port of its own; `calls` holds what came in and is not answered yet."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.calls: deque[RuntimeCall] = deque()
        self._selector = selector
        self._buffers: dict[socket.socket, bytearray] = {}
        self._listener = socket.create_server((LOOPBACK, 0))
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def address(self) -> str:
        """What ``AWS_LAMBDA_RUNTIME_API`` must be for the runtime to find this."""
        return f"{LOOPBACK}:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Closes every connection and the port."""
        for connection in list(self._buffers):
            self._drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(_SEND_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ, self._reader(connection))

    def _reader(self, connection: socket.socket) -> Callable[[], None]:
        return lambda: self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        try:
            chunk = connection.recv(_CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            self._drop(connection)
            return
        buffer = self._buffers[connection]
        buffer += chunk
        while (call := _take_call(buffer, connection)) is not None:
            self.calls.append(call)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._buffers[connection]
        connection.close()


def reply(call: RuntimeCall, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Answers `call` in one packet: a second one would wait for the first one's delayed acknowledgement.

    Raises:
        OSError: The runtime has closed the connection.
    """
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *(f"{name}: {headers[name]}" for name in headers)]
    call.connection.sendall("\r\n".join(lines).encode() + _HEAD_END + body)


def _take_call(buffer: bytearray, connection: socket.socket) -> RuntimeCall | None:
    """The first whole request of `buffer`, taken out of it; None while it is not whole."""
    end = buffer.find(_HEAD_END)
    if end < 0:
        return None
    request_line, *headers = buffer[:end].decode("latin-1").split("\r\n")
    start = end + len(_HEAD_END)
    stop = start + _content_length(headers)
    if len(buffer) < stop:
        return None
    kind, request_id = _meaning(request_line)
    call = RuntimeCall(kind=kind, request_id=request_id, body=bytes(buffer[start:stop]), connection=connection)
    del buffer[:stop]
    return call


def _content_length(headers: list[str]) -> int:
    for header in headers:
        name, _, value = header.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


def _meaning(request_line: str) -> tuple[CallKind, str]:
    match request_line.split(" ")[1].split("/")[3:]:
        case ["invocation", "next"]:
            return CallKind.NEXT, ""
        case ["invocation", request_id, "response"]:
            return CallKind.RESPONSE, request_id
        case ["invocation", request_id, "error"]:
            return CallKind.ERROR, request_id
        case ["init", "error"]:
            return CallKind.INIT_ERROR, ""
        case _:
            return CallKind.UNKNOWN, ""
