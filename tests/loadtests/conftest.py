"""A payments service on loopback whose answers a test can spoil."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

GOOD = 200
Spoil = Callable[[int], int]
"""The number of a POST -> the status that it gets instead of 201, or `GOOD`."""


@dataclass
class Service:
    url: str
    posts: int = 0
    spoil: Spoil = field(default=lambda _number: GOOD)
    version: str = "7"
    delay_seconds: float = 0.0
    arrival: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, posts: int) -> None:
        with self.arrival:
            assert self.arrival.wait_for(lambda: self.posts >= posts, timeout=30)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: Service

    def do_GET(self) -> None:
        found: dict[str, object] = (
            {"payments": []} if "?" in self.path else {"payment_id": self.path.rpartition("/")[2]}
        )
        self._answer(200, json.dumps(found))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self.service.arrival:
            self.service.posts += 1
            self.service.arrival.notify_all()
        time.sleep(self.service.delay_seconds)
        spoiled = self.service.spoil(self.service.posts)
        amount = body[len('{"amount": ') : body.index(",")]
        kept = f'{{"payment_id":"pay_{self.service.posts}","amount":{amount},"currency":"USD"}}'
        self._answer(201 if spoiled == GOOD else spoiled, kept)

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("X-Version", self.service.version)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        del format, args


@pytest.fixture
def service() -> Iterator[Service]:
    class Bound(Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        Bound.service = Service(url=f"http://127.0.0.1:{server.server_address[1]}/stage")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Bound.service
        server.shutdown()
        thread.join()
