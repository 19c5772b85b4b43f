"""seed -> one simulated world, run to its end: the record of everything that happened in it."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from random import Random
from unittest.mock import patch

import canary.controller
from canary.controller import Controller
from canary.core.hooks import Hook, HookReading, HookStatus
from canary.core.model import RolloutId
from canary.core.reconcile import reconcile
from canary.core.rollout import Rollout
from canary.ports import World
from tests.fakes import START
from tests.side_fakes import FakeOrders
from tests.simulation.cloud import Aliases, Store, populate
from tests.simulation.faults import Fault
from tests.simulation.fleet import Alarms, Fleet
from tests.simulation.hub import Hub
from tests.simulation.line import FAULTY_PORTS, OwnClock, Surroundings
from tests.simulation.people import Person
from tests.simulation.process import Process, witnessed
from tests.simulation.record import Record, Trace
from tests.simulation.scene import LONGEST_SKEW_S, Act, Kind, Moment, Scene, draw_scene, longest

EVALUATED_EVERY_S = 10.0
AFTERMATH_S = 100.0
SLACK_S = 400.0 + 2 * LONGEST_SKEW_S

Bug = Callable[[], AbstractContextManager[None]]


def simulate(seed: int, *, bug: Bug = nullcontext, trace: Trace | None = None) -> Record:
    """The record of that seed's world; the same for the same seed. `bug` patches one into the real code."""
    return simulate_scene(draw_scene(seed), bug=bug, trace=trace)


def simulate_scene(scene: Scene, *, bug: Bug = nullcontext, trace: Trace | None = None) -> Record:
    """The record of a world that was drawn, or written by hand."""
    simulated = Simulated(scene, Record(trace=trace))
    with simulated.witnessing(), bug():
        simulated.run()
    return simulated.record


class Simulated:
    """One world: its parts, and what happens in it."""

    def __init__(self, scene: Scene, record: Record) -> None:
        self.record = record
        self._scene = scene
        self._rng = Random(f"run {scene.seed}")
        self._hub = Hub()
        aliases = Aliases(self._hub, record)
        populate(aliases, (target.function for release in scene.releases for target in release.request.targets))
        fleet = Fleet(scene, self._hub, aliases, record)
        self._alarms = Alarms(scene, self._hub, fleet, record)
        self._alarms.on_alarm = self._tell_of_alarm
        self._store = Store(self._hub, record)
        self._hooks = TimedHooks(scene, self._hub)
        ports = World(
            router=aliases,
            metrics=fleet,
            alarms=self._alarms,
            store=self._store,
            hooks=self._hooks,
            clock=OwnClock(self._hub),
            orders=FakeOrders(),
        )
        self._world = Surroundings(self._hub, record, scene.weather, ports)
        self._world.before_write = self._before_write
        self._store.on_promotion = self._promoted
        self._to_open = len(scene.releases)
        self._awaited: list[tuple[Act, RolloutId]] = []
        self._writes = 0

    @contextmanager
    def witnessing(self) -> Iterator[None]:
        """Within it every decision is recorded."""
        before = random.getstate()
        random.seed(self._scene.seed)  # what the controller's retries draw from
        try:
            with patch.object(canary.controller, "reconcile", witnessed(reconcile, self._world)):
                yield
        finally:
            random.setstate(before)

    def run(self) -> None:
        """Until every rollout has ended and nothing is in flight, and a while longer."""
        for number, _ in enumerate(self._scene.releases):
            self._hub.start(lambda number=number: self._release(number))  # type: ignore[misc]
        self._hub.after(EVALUATED_EVERY_S, self._evaluate)
        last = self._scene.weather.calm_at + SLACK_S + sum(longest(r).total_seconds() for r in self._scene.releases)
        while not self._is_over() and self._hub.at < last:
            self._hub.run(until=self._hub.at + EVALUATED_EVERY_S)
        self.record.ended_at = self._hub.at
        self._hub.run(until=max(self._hub.at, self._scene.weather.calm_at) + AFTERMATH_S)
        self.record.unfinished = tuple(known.id for known in self._store.states.values() if not known.phase.is_terminal)
        self._hub.close()

    def _is_over(self) -> bool:
        return self._to_open == 0 and self._world.in_flight == 0 and self._store.all_ended()

    def _release(self, number: int) -> None:
        """Somebody opens a release; controllers, and people with other ideas, come to it."""
        person = Person(self._world, self._rng, self._process(f"amy{number}", may_fail=FAULTY_PORTS))
        rollout_id = person.open(self._scene.releases[number], number)
        self._to_open -= 1
        if number == 0:
            for index, kind in enumerate(self._scene.kinds):
                self._begin(self._process(f"{kind}{index}"), kind, rollout_id)
        for act in self._scene.acts:
            if act.release == number and act.moment is Moment.AFTER_OPENING:
                self._hub.start(lambda act=act: self._act(act, rollout_id), after=act.amount)  # type: ignore[misc]
            elif act.release == number:
                self._awaited.append((act, rollout_id))
        calm_in = max(0.0, self._scene.weather.calm_at - self._hub.at)
        self._hub.start(lambda: self._somebody("settler").settle(rollout_id), after=calm_in)

    def _begin(self, process: Process, kind: Kind, rollout_id: RolloutId) -> None:
        match kind:
            case Kind.TERMINAL:
                self._hub.start(lambda: process.watch(rollout_id), after=self._rng.uniform(0, 5))
            case Kind.SCHEDULE:
                self._hub.start(process.schedule, after=self._rng.uniform(0, 5))

    def _act(self, act: Act, rollout_id: RolloutId) -> None:
        self._somebody("bob").act(act, rollout_id)

    def _before_write(self) -> bool:
        """Whether somebody acts just before this write."""
        self._writes += 1
        due = [
            (act, to) for act, to in self._awaited if (act.moment, act.amount) == (Moment.BEFORE_WRITE, self._writes)
        ]
        for act, rollout_id in due:
            self._hub.start(lambda act=act, to=rollout_id: self._act(act, to))  # type: ignore[misc]
        return bool(due)

    def _promoted(self, rollout_id: RolloutId) -> None:
        for act, to in self._awaited:
            if act.moment is Moment.AFTER_PROMOTION and to == rollout_id:
                self._hub.start(lambda: self._somebody("bob").undo(rollout_id), after=act.amount)

    def _somebody(self, name: str) -> Person:
        return Person(self._world, self._rng, self._process(name, may_fail=FAULTY_PORTS))

    def _process(self, name: str, may_fail: Sequence[str] = ("store",)) -> Process:
        return Process(
            name, self._world, self._rng, lambda line: Controller(line.ports(), line.name), may_fail=may_fail
        )

    def _evaluate(self) -> None:
        self._alarms.evaluate()
        self._hub.after(EVALUATED_EVERY_S, self._evaluate)

    def _tell_of_alarm(self, alarm: str) -> None:
        """EventBridge delivers at least once, in no order, and as a rule soon."""
        rates = self._scene.weather.rates
        stormy = self._hub.at < self._scene.weather.calm_at
        delays = [(Fault.EVENT, self._rng.uniform(0.2, 2))]
        if stormy and self._rng.random() < 10 * rates.get(Fault.EVENT_DOUBLED, 0.0):
            delays.append((Fault.EVENT_DOUBLED, self._rng.uniform(0.2, 2)))
        if stormy and self._rng.random() < 10 * rates.get(Fault.EVENT_LATE, 0.0):
            delays.append((Fault.EVENT_LATE, self._rng.uniform(20, 90)))
        for fault, delay in delays:
            self.record.inject(fault, self._hub.at, "EventBridge")
            process = self._process(f"event{self.record.injected.total()}")
            self._hub.start(lambda process=process: process.answer(alarm), after=delay)  # type: ignore[misc]


class TimedHooks:
    """Hooks that answer some seconds after they were first asked."""

    def __init__(self, scene: Scene, hub: Hub) -> None:
        self._drawn = {name: answer for release in scene.releases for name, answer in release.answers.items()}
        self._hub = hub
        self._asked: dict[str, float] = {}

    def poll(self, due: Sequence[tuple[str, Hook]], rollout: Rollout) -> tuple[HookReading, ...]:
        del rollout
        return tuple(self._reading(key, hook) for key, hook in due)

    def _reading(self, key: str, hook: Hook) -> HookReading:
        takes, status = self._drawn[hook.name]
        asked = self._asked.setdefault(key, self._hub.at)
        began = START + timedelta(seconds=asked)
        status = status if self._hub.at - asked >= takes else HookStatus.IN_PROGRESS
        return HookReading(key=key, status=status, started_at=began)

    def stop(self) -> None:
        """Nothing to end."""
