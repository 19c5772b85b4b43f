"""Which environment runs which invocation: reuse, growth within bounds, warm reserves, and the end of what is idle.

Lambda starts an environment whenever none is free. On a small machine that turns a burst into a stampede of cold
starts, so here a caller first waits a little for a warm one; it never waits longer than `PATIENCE_SECONDS`, because the
environment that it waits for may be waiting for it.
"""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from localcloud.functions.environment import Environment

PATIENCE_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 300.0
"""An environment that has served nothing for this long is ended."""
TIDY_SECONDS: Final = 15.0
_CORES: Final = os.cpu_count() or 1
MOST_STARTING: Final = max(2, _CORES)
MOST_ENVIRONMENTS: Final = max(16, 8 * _CORES)
"""Beyond this many, an idle environment of another version makes room, or the caller waits out its patience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentKey:
    """What must be equal for an environment to serve an invocation.

    Attributes:
        function: The function's ARN without version.
        version: Digits, or ``$LATEST``.
        revision: Changes with code and configuration.
    """

    function: str
    version: str
    revision: str


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """An environment in the pool.

    Attributes:
        starting: Whether a cold start is under way that counts against `MOST_STARTING`.
        reserved: Provisioned: never ended for being idle or to make room.
        retired: To be ended when it is given back.
        idle_since: On the monotonic clock.
    """

    environment: Environment
    key: EnvironmentKey
    starting: bool = False
    reserved: bool = False
    retired: bool = False
    idle_since: float = 0.0


class EnvironmentPool:
    """All execution environments of the server; thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: dict[EnvironmentKey, list[Place]] = defaultdict(list)
        self._busy: set[Place] = set()
        self._starting = 0

    def lease(self, key: EnvironmentKey, make: Callable[[], Environment]) -> Place:
        """A place whose environment is the caller's until `give_back`; the most recently used one, else a new one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while not (place := self._take_idle(key)):
                patience = deadline - time.monotonic()
                if patience <= 0 or self._may_grow():
                    break
                self._changed.wait(patience)
            if place:
                return place
            self._starting += 1
            evicted = self._take_longest_idle() if self._count() >= MOST_ENVIRONMENTS else None
        _end([evicted] if evicted else [])
        return self._placed(key, make)

    def settle(self, place: Place) -> None:
        """Says that no cold start is under way in `place` any more; again, it changes nothing."""
        with self._changed:
            self._starting -= place.starting
            place.starting = False
            self._changed.notify_all()

    def give_back(self, place: Place) -> None:
        """Ends a lease."""
        self.settle(place)
        with self._changed:
            self._busy.remove(place)
            place.idle_since = time.monotonic()
            if not place.retired:
                self._idle[place.key].append(place)
            self._changed.notify_all()
        _end([place] if place.retired else [])

    def reserve(self, key: EnvironmentKey, environment: Environment) -> None:
        """Adds a warm environment that stays until `unreserve` or `retire`."""
        with self._changed:
            self._idle[key].insert(0, Place(environment=environment, key=key, reserved=True))
            self._changed.notify_all()

    def unreserve(self, function: str, version: str) -> None:
        """Lets the reserved environments of a version go the way of the others."""
        with self._changed:
            for place in self._places():
                if (place.key.function, place.key.version) == (function, version):
                    place.reserved = False

    def retire(self, function: str, version: str | None = None) -> None:
        """Ends the environments of a function, or of one version; a busy one when its invocation is over."""
        with self._changed:
            doomed = [
                place
                for place in self._places()
                if place.key.function == function and version in (None, place.key.version)
            ]
            self._retire(doomed)
            idle = [place for place in doomed if place not in self._busy]
        _end(idle)

    def keep_tidy(self) -> None:
        """Ends idle environments from now on, for as long as the process lives."""
        threading.Thread(target=self._tidy, name="localcloud-tidy", daemon=True).start()

    def end_idle(self, longer_than_s: float) -> None:
        """Ends what has been idle for `longer_than_s` seconds and is not reserved."""
        limit = time.monotonic() - longer_than_s
        with self._changed:
            doomed = [place for place in self._evictable() if place.idle_since <= limit]
            self._retire(doomed)
        _end(doomed)

    def close(self) -> None:
        """Ends everything, busy or not; invocations under way fail as if their process had been killed."""
        with self._changed:
            busy, everything = list(self._busy), self._places()
            self._retire(everything)
        for place in busy:
            place.environment.interrupt()
        _end([place for place in everything if place not in busy])

    def counts(self) -> dict[str, int]:
        """How many environments are idle and busy."""
        with self._changed:
            return {"idle": self._count() - len(self._busy), "busy": len(self._busy)}

    def _tidy(self) -> None:
        while True:
            time.sleep(TIDY_SECONDS)
            self.end_idle(IDLE_SECONDS)

    def _placed(self, key: EnvironmentKey, make: Callable[[], Environment]) -> Place:
        try:
            place = Place(environment=make(), key=key, starting=True)
        except BaseException:
            with self._changed:
                self._starting -= 1
            raise
        with self._changed:
            self._busy.add(place)
        return place

    def _take_idle(self, key: EnvironmentKey) -> Place | None:
        places = self._idle.get(key)
        if not places:
            return None
        place = places.pop()
        self._busy.add(place)
        return place

    def _may_grow(self) -> bool:
        room = self._count() < MOST_ENVIRONMENTS or bool(self._evictable())
        return room and self._starting < MOST_STARTING

    def _take_longest_idle(self) -> Place | None:
        places = self._evictable()
        if not places:
            return None
        place = min(places, key=lambda place: place.idle_since)
        self._retire([place])
        return place

    def _retire(self, places: list[Place]) -> None:
        for place in places:
            place.retired = True
            idle = self._idle.get(place.key, [])
            if place in idle:
                idle.remove(place)
            if not idle:
                self._idle.pop(place.key, None)

    def _evictable(self) -> list[Place]:
        return [place for places in self._idle.values() for place in places if not place.reserved]

    def _places(self) -> list[Place]:
        return [*self._busy, *(place for places in self._idle.values() for place in places)]

    def _count(self) -> int:
        return len(self._busy) + sum(map(len, self._idle.values()))


def _end(places: list[Place]) -> None:
    for place in places:
        place.environment.stop()
