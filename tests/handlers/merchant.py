"""A merchant's endpoint on loopback that keeps what it was sent and answers what it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Delivery:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Merchant:
    url: str
    server: ThreadingHTTPServer
    statuses: list[int] = field(default_factory=list)
    """Answered in turn; afterwards 204."""
    deliveries: list[Delivery] = field(default_factory=list)
    arrival: threading.Condition = field(default_factory=threading.Condition)

    def take(self, delivery: Delivery) -> int:
        with self.arrival:
            self.deliveries.append(delivery)
            self.arrival.notify_all()
            return self.statuses.pop(0) if self.statuses else 204

    def wait_for(self, deliveries: int, *, seconds: float = 30) -> None:
        with self.arrival:
            assert self.arrival.wait_for(lambda: len(self.deliveries) >= deliveries, seconds), self.deliveries


@contextmanager
def listening_merchant() -> Iterator[Merchant]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = merchant.take(Delivery(path=self.path, headers=dict(self.headers.items()), body=body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        merchant = Merchant(f"http://127.0.0.1:{server.server_address[1]}/hook?id=1", server)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield merchant
        server.shutdown()
        thread.join()
