"""Processes that run the real controller: terminals, schedules and the function that an alarm calls."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from random import Random

from canary.controller import Controller, Tick
from canary.core.decision import Decision, Observation
from canary.core.errors import CanaryError
from canary.core.model import RolloutId
from canary.core.rollout import Rollout
from tests.simulation.faults import Fault
from tests.simulation.line import Death, Line, Surroundings
from tests.simulation.record import Decided, Died, Surprised
from tests.simulation.scene import LONGEST_SKEW_S

MakeController = Callable[[Line], Controller]
Reconcile = Callable[[Rollout, Observation, datetime], Decision]

ACTING: ContextVar[Line] = ContextVar("ACTING")
"""The line of the process whose turn it is."""
SCHEDULE, CONCLUDES_WITHIN = timedelta(seconds=10), timedelta(seconds=20)


class Process:
    """One place where a controller runs, through as many lives as it takes."""

    def __init__(
        self, name: str, world: Surroundings, rng: Random, make: MakeController, *, may_fail: Sequence[str] = ("store",)
    ) -> None:
        """`may_fail` names the ports without which a life may end by an expected error."""
        self.name = name
        self._may_fail = may_fail
        self._world = world
        self._rng = rng
        self._make = make
        self._lives = 0

    def watch(self, rollout_id: RolloutId) -> None:
        """A terminal: ticks until the rollout has ended; begun anew by whoever finds it dead."""

        def life(line: Line) -> None:
            def on_tick(_tick: Tick) -> None:
                line.end_tick()

            controller = self._make(line)
            controller.watch(rollout_id, on_tick)
            controller.aftermath.conclude(CONCLUDES_WITHIN)

        while not self.survives(life):
            self._world.hub.wait(self._rng.uniform(1, 40))

    def schedule(self) -> None:
        """A function called every ten seconds that ticks whatever is open; it remembers until it dies."""
        while True:
            self.survives(lambda line: self._tick_for_ever(line, self._make(line)))
            self._world.hub.wait(self._rng.uniform(1, 60))

    def answer(self, alarm: str) -> None:
        """A function called by an alarm: it looks twice, so that it sees its own way back done."""

        def life(line: Line) -> None:
            controller = self._make(line)
            for _ in range(2):
                if guarded := controller.list_guarded(alarm):
                    controller.tick_all(guarded)
                line.end_tick()

        self.survives(life)

    def survives(self, life: Callable[[Line], None]) -> bool:
        """Whether a life came to its end by itself; an expected error ends it as a crash does."""
        self._lives += 1
        line = Line(f"{self.name}.{self._lives}", self._world, self._rng)
        ACTING.set(line)
        self._set_clock(line)
        try:
            life(line)
        except Death:
            pass
        except Exception as error:  # noqa: BLE001 - whatever nothing promises is what the simulation looks for
            if not (isinstance(error, CanaryError) and line.asking in self._may_fail):
                told = f"{type(error).__name__} on calling the {line.asking}: {error}"
                self._world.record.note(Surprised(at=self._world.hub.at, by=line.name, error=told))
        else:
            return True
        self._world.record.note(Died(at=self._world.hub.at, by=line.name))
        return False

    def _tick_for_ever(self, line: Line, controller: Controller) -> None:
        while True:
            if rollout_ids := controller.list_open():
                controller.tick_all(rollout_ids)
            line.end_tick()
            controller.aftermath.conclude(timedelta(0))
            line.clock.sleep(SCHEDULE)

    def _set_clock(self, line: Line) -> None:
        if Fault.CLOCK_SKEWED in self._world.weather.rates:
            self._turn_clock(line, Fault.CLOCK_SKEWED)
        if Fault.CLOCK_JUMPED in self._world.weather.rates:
            delay = self._rng.uniform(5, 200)
            self._world.hub.after(delay, lambda: self._turn_clock(line, Fault.CLOCK_JUMPED))

    def _turn_clock(self, line: Line, fault: Fault) -> None:
        if self._world.hub.at < self._world.weather.calm_at:
            line.clock.off_by = timedelta(seconds=self._rng.uniform(-LONGEST_SKEW_S, LONGEST_SKEW_S))
            self._world.record.inject(fault, self._world.hub.at, f"{line.name}, by {line.clock.off_by}")


def witnessed(real: Reconcile, world: Surroundings) -> Reconcile:
    """The real `reconcile`, and a note of everything that it decides."""

    def reconcile(rollout: Rollout, seen: Observation, now: datetime) -> Decision:
        decision, line = real(rollout, seen, now), ACTING.get()
        at = world.hub.at
        decided = Decided(at=at, by=line.name, tick=line.tick, rollout=rollout, seen=seen, decision=decision)
        world.record.note(decided)
        return decision

    return reconcile
