"""What stands between a process and the world: every port call, and what can go wrong with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar, cast

from canary.core.errors import AccessDenied, CanaryError, StaleWrite, Unavailable
from canary.core.model import AlarmReading, AlarmState
from canary.ports import World
from tests.simulation.cloud import Aliases, Store
from tests.simulation.faults import WRITES, Fault, Weather
from tests.simulation.hub import Hub
from tests.simulation.record import HAND, Attempted, Record, Ticked

T = TypeVar("T")
FAULTY_PORTS = ("router", "metrics", "alarms", "store", "hooks", "orders")
LONGEST_FLIGHT_S = 60.0
"""How long a write may still be on its way after its caller has given up."""
SLEEPS_AT_MOST_S = 45.0


class Death(BaseException):
    """The process ends here; nothing in it may catch this."""


class Line:
    """One process's calls: delayed, refused, lost, done without an answer, done too late, or its death."""

    def __init__(self, name: str, world: "Surroundings", rng: Random) -> None:
        self.name = name
        self.tick = 0
        self.troubled: set[str] = set()
        self.asking = ""
        self.began: float | None = None
        self.clock = OwnClock(world.hub)
        self._world = world
        self._rng = rng

    def end_tick(self) -> None:
        """Tells of a tick that came to its end; what comes now belongs to the next one."""
        at, troubled = self._world.hub.at, frozenset(self.troubled)
        began = at if self.began is None else self.began
        self._world.record.note(Ticked(at=at, began=began, by=self.name, tick=self.tick, troubled=troubled))
        self.tick += 1
        self.began = None
        self.troubled.clear()

    def ports(self) -> World:
        """The world as this process sees it, its clock apart."""
        true = self._world.ports
        seen = {name: cast("Any", _Port(self, name, getattr(true, name))) for name in FAULTY_PORTS}
        return replace(true, clock=self.clock, **seen)

    def call(self, port: str, method: str, effect: Callable[[], T], args: tuple[Any, ...]) -> T:
        """The answer, unless something goes wrong."""
        world, about, self.asking = self._world, _about(port, method, args), port
        self.began = world.hub.at if self.began is None else self.began
        self._attempting(method, args)
        fault = world.weather.struck(method, world.hub.at, self._rng)
        if fault is not None:
            world.record.inject(fault, world.hub.at, f"{self.name} {method} {about}")
        self._passing(fault)
        if method == "write_routing" and args[1] == "live" and world.before_write():
            world.hub.wait(self._rng.uniform(0.05, 1))
        down = world.weather.is_down(port, method, world.hub.at)
        if down is not None:
            world.record.inject(down, world.hub.at, f"{self.name} {method} {about}")
            self.troubled.add(about)
            raise Unavailable(f"{method} {about}: no answer")
        return self._struck(fault, about, effect, args) if fault is not None else self._answered(about, effect)

    def _passing(self, fault: Fault | None) -> None:
        """Every call takes time, in which others go on."""
        if fault is Fault.CRASH_BEFORE:
            raise Death
        stalled = fault is Fault.STALLED
        self._world.hub.wait(self._rng.uniform(0.5, SLEEPS_AT_MOST_S) if stalled else self._rng.uniform(0.01, 0.1))

    def _struck(self, fault: Fault, about: str, effect: Callable[[], T], args: tuple[Any, ...]) -> T:
        match fault:
            case Fault.STALLED:
                return self._answered(about, effect)
            case Fault.CRASH_AFTER:
                self._answered(about, effect)
                raise Death
            case Fault.ALARM_BLINKED:
                return cast("T", _ringing(cast("tuple[AlarmReading, ...]", self._answered(about, effect)), self._rng))
            case Fault.STALE_READ:
                self.troubled.add(about)
                return cast("T", self._world.aliases.stale(args[0], args[1], self._rng))
        self.troubled.add(about)
        match fault:
            case Fault.DENIED:
                raise AccessDenied(f"{about}: not allowed")
            case Fault.TIMED_OUT:
                effect()
            case Fault.LANDED_LATE:
                self._world.land_later(self._rng.uniform(1, LONGEST_FLIGHT_S), effect)
            case Fault.REFUSED:
                raise StaleWrite(f"{about} changed since it was read")
            case Fault.REFUSED_AFTER_DONE:
                effect()
                raise StaleWrite(f"{about} changed since it was read")
        raise Unavailable(f"{about}: no answer")

    def _answered(self, about: str, effect: Callable[[], T]) -> T:
        try:
            return effect()
        except StaleWrite:
            self.troubled.add(about)
            raise

    def _attempting(self, method: str, args: tuple[Any, ...]) -> None:
        if method == "write_routing":
            function, alias, routing = args
            self._world.record.note(
                Attempted(
                    at=self._world.hub.at,
                    began=self.began or 0.0,
                    by=self.name,
                    tick=self.tick,
                    resource=f"{function}:{alias}",
                    routing=routing,
                )
            )


class Surroundings:
    """What all lines share."""

    def __init__(self, hub: Hub, record: Record, weather: Weather, ports: World) -> None:
        self.hub = hub
        self.record = record
        self.weather = weather
        self.ports = ports
        self.in_flight = 0
        self.before_write: Callable[[], bool] = lambda: False
        assert isinstance(ports.router, Aliases)
        assert isinstance(ports.store, Store)
        self.aliases = ports.router
        self.store = ports.store

    def land_later(self, seconds: float, effect: Callable[[], object]) -> None:
        """A write that its caller no longer waits for."""
        self.in_flight += 1

        def land() -> None:
            self.in_flight -= 1
            try:
                effect()
            except CanaryError:
                return

        self.hub.after(seconds, land)


class OwnClock:
    """A process's own clock: off by some seconds, and now and then by others."""

    def __init__(self, hub: Hub) -> None:
        self.off_by = timedelta(0)
        self._hub = hub

    def now(self) -> datetime:
        return self._hub.now + self.off_by

    def sleep(self, duration: timedelta) -> None:
        self._hub.wait(duration.total_seconds())


class _Port:
    """Any port of the world, its calls led through a line."""

    def __init__(self, line: Line, name: str, port: object) -> None:
        self._line = line
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real = getattr(self._port, method)

        def called(*args: Any) -> Any:  # noqa: ANN401 - whatever the port's method takes and gives
            return self._line.call(self._name, method, lambda: self._authored(real, method, args), args)

        return called

    def _authored(self, real: Callable[..., Any], method: str, args: tuple[Any, ...]) -> Any:  # noqa: ANN401 - the same
        if method not in WRITES or not isinstance(self._port, Aliases | Store):
            return real(*args)
        self._port.author = self._line.name
        try:
            return real(*args)
        finally:
            self._port.author = HAND


def _about(port: str, method: str, args: tuple[Any, ...]) -> str:
    """The alias that a call is about, or else its port."""
    return f"{args[0]}:{args[1]}" if method in ("read_routing", "write_routing") else port


def _ringing(readings: tuple[AlarmReading, ...], rng: Random) -> tuple[AlarmReading, ...]:
    """One of the alarms in ALARM, for this look only."""
    if not readings:
        return readings
    index = rng.randrange(len(readings))
    return (*readings[:index], replace(readings[index], state=AlarmState.ALARM), *readings[index + 1 :])
