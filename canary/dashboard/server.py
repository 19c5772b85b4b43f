"""Serves the pages: GET only, on loopback only, to browsers that ask for loopback by name. Decides nothing.

A page of another site must not read this one through a host name of its own that it lets point at 127.0.0.1.
"""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from canary.core.errors import CanaryError, ConfigError
from canary.core.model import RolloutId
from canary.dashboard.pages import REFRESH_S, render_overview, render_trouble
from canary.observing import read_stop
from canary.ports import World
from canary.report import report_rollout
from canary.report_page import render_page, render_release

LOOPBACK: Final = "127.0.0.1"
SHOWN: Final = 30
"""So many of the rollouts last opened are listed."""
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Dashboard(ThreadingHTTPServer):
    """Shows one world."""

    daemon_threads = True

    def __init__(self, world: World, port: int) -> None:
        """Binds the port; 0 takes a free one.

        Raises:
            ConfigError: the port is taken.
        """
        self.world = world
        try:
            super().__init__((LOOPBACK, port), _Answer)
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is none"
            raise ConfigError(f"port {port} cannot be used: {why}; take another: --port 0") from error

    @property
    def url(self) -> str:
        """Where to look."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    def page(self, path: str) -> tuple[HTTPStatus, str]:
        """The page of a path."""
        try:
            match path.strip("/").split("/"):
                case [""]:
                    return HTTPStatus.OK, self._overview()
                case ["rollouts", rollout_id]:
                    return HTTPStatus.OK, self._rollout(RolloutId(rollout_id))
        except ConfigError as nothing:
            return HTTPStatus.NOT_FOUND, render_trouble(str(nothing))
        except CanaryError as trouble:
            return HTTPStatus.SERVICE_UNAVAILABLE, render_trouble(str(trouble))
        return HTTPStatus.NOT_FOUND, render_trouble(f"there is no page {path}")

    def _overview(self) -> str:
        store = self.world.store
        ids = dict.fromkeys((*store.list_open(), *store.list_recent(SHOWN)))
        loaded = (store.load_rollout(rollout_id) for rollout_id in ids)
        known = [rollout for rollout in loaded if rollout is not None]
        return render_overview(known, stopped=read_stop(self.world))

    def _rollout(self, rollout_id: RolloutId) -> str:
        store = self.world.store
        rollout = store.load_rollout(rollout_id)
        if rollout is None:
            raise ConfigError(f"there is no rollout {rollout_id}")
        recorded = store.read_recorded(rollout_id)
        story = report_rollout(rollout, store.read_ledger(rollout_id), recorded, now=self.world.clock.now())
        refresh = None if rollout.phase.is_terminal else REFRESH_S
        sections = ('<p><a href="/">all rollouts</a></p>', render_release(story, recorded))
        return render_page(f"Release {rollout_id}", sections, refresh_s=refresh)


class _Answer(BaseHTTPRequestHandler):
    """One request."""

    server: Dashboard

    def do_GET(self) -> None:
        """Answers with a page."""
        host = self.headers.get("Host", "").partition(":")[0]
        if host not in (LOOPBACK, "localhost"):
            status, text = HTTPStatus.FORBIDDEN, render_trouble(f"this page is at {self.server.url}")
        else:
            status, text = self.server.page(self.path.partition("?")[0])
        body = text.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keeps the terminal quiet."""
