"""Simulated time: jobs on one thread that take turns wherever they wait, in the same order for the same seed.

A job is a greenlet, so that the real controller runs unchanged and stops inside a port call while others go on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from greenlet import GreenletExit, getcurrent, greenlet

from tests.fakes import START


class Hub:
    """The clock and what is due on it."""

    def __init__(self) -> None:
        self.at = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._main = getcurrent()
        self._jobs: set[greenlet] = set()

    @property
    def now(self) -> datetime:
        """The true time."""
        return START + timedelta(seconds=self.at)

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Runs an action that never waits."""
        heappush(self._due, (self.at + seconds, next(self._order), action))

    def start(self, job: Callable[[], object], *, after: float = 0.0) -> None:
        """Runs a job that may wait."""

        def run() -> None:
            try:
                job()
            finally:
                self._jobs.discard(itself)

        itself = greenlet(run, self._main)
        self._jobs.add(itself)
        self.after(after, itself.switch)

    def wait(self, seconds: float) -> None:
        """Lets everything else that is due within these seconds happen first."""
        self.after(seconds, getcurrent().switch)
        self._main.switch()

    def run(self, *, until: float) -> None:
        """Lets time pass."""
        while self._due and self._due[0][0] <= until:
            self.at, _, action = heappop(self._due)
            action()
        self.at = until

    def close(self) -> None:
        """Ends the jobs that still wait."""
        for job in list(self._jobs):
            job.throw(GreenletExit)
        self._due.clear()
