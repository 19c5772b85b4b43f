"""People: one who opens a release, one who edits aliases by hand, one who orders, and one who clears up in the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random

from canary.controller import Command, Controller
from canary.core import commands
from canary.core.decision import Decision
from canary.core.errors import CanaryError, ConfigError, RolloutConflict
from canary.core.model import FULL_BASIS_POINTS, AliasRouting, Phase, RolloutId, Weight
from canary.core.orders import Stop
from canary.core.rollout import OnInconclusive, Rollout
from canary.opening import open_rollout, plan_rollout
from tests.simulation.cloud import CANARY, OTHER, STABLE
from tests.simulation.faults import HANDS, Fault
from tests.simulation.line import Line, Surroundings
from tests.simulation.process import Process
from tests.simulation.record import Stopped
from tests.simulation.scene import Act, Release

SETTLES_EVERY_S = 60.0
"""How often, after the last fault, a person looks whether a rollout waits for a person."""


class Person:
    """Somebody with a console and the `canary` command."""

    def __init__(self, world: Surroundings, rng: Random, terminal: Process) -> None:
        self._world = world
        self._rng = rng
        self._terminal = terminal

    def open(self, release: Release, number: int) -> RolloutId:
        """The rollout of a release, opened with as many attempts as it takes."""
        attempt = 0
        while (held := self._held(release)) is None:
            attempt += 1
            rollout_id = RolloutId(f"r{number}-{attempt}")
            self._terminal.survives(lambda line, new=rollout_id: _open(release, line, new))  # type: ignore[misc]
            self._world.hub.wait(self._rng.uniform(0.1, 5))
        return held

    def act(self, act: Act, rollout_id: RolloutId) -> None:
        """Does it to one alias of the rollout, or orders it."""
        rollout = self._world.store.states[rollout_id]
        if rollout.phase.is_terminal:
            return
        self._world.record.inject(act.fault, self._world.hub.at, str(rollout_id))
        if act.fault in HANDS:
            self._edit(act.fault, self._rng.choice(rollout.legs).target.function)
        elif act.fault is Fault.ORDER_STOP:
            self._stop(self._rng.uniform(5, 60))
        else:
            self.order(rollout_id, ORDERED[act.fault])

    def undo(self, rollout_id: RolloutId) -> None:
        """Takes a promotion back, with as many attempts as it takes, unless it is refused."""
        self._world.record.inject(Fault.ORDER_UNDO, self._world.hub.at, str(rollout_id))
        while not self._terminal.survives(lambda line: _undone(line, rollout_id)):
            self._world.hub.wait(self._rng.uniform(0.5, 10))

    def order(self, rollout_id: RolloutId, command: Command) -> None:
        """A person's order, which may be refused, lost, or obeyed without an answer."""
        self._terminal.survives(lambda line: _ordered(line, rollout_id, command))

    def settle(self, rollout_id: RolloutId) -> None:
        """When nothing goes wrong any more: ends what the policy leaves to a person."""
        while not self._world.store.states[rollout_id].phase.is_terminal:
            self._world.hub.wait(SETTLES_EVERY_S)
            self._settle_once(rollout_id)

    def _settle_once(self, rollout_id: RolloutId) -> None:
        rollout = self._world.store.states[rollout_id]
        if rollout.phase is Phase.PAUSED:
            self.order(rollout_id, ORDERED[Fault.ORDER_RESUME])
        elif not rollout.phase.is_terminal and rollout.policy.on_inconclusive is OnInconclusive.HOLD:
            self.order(rollout_id, ORDERED[Fault.ORDER_ABORT])

    def _stop(self, seconds: float) -> None:
        hub, orders = self._world.hub, self._world.ports.orders
        if orders.read_stop() is not None:
            return
        self._world.record.note(Stopped(at=hub.at, until=hub.at + seconds))
        orders.stop(Stop(at=hub.now, by="amy", why="an incident elsewhere"))
        hub.after(seconds, orders.start)

    def _held(self, release: Release) -> RolloutId | None:
        target = release.request.targets[0]
        return self._world.store.locks.get((target.function, target.alias))

    def _edit(self, fault: Fault, function: str) -> None:
        aliases = self._world.aliases
        now = aliases.aliases.get((function, "live"))
        if now is None:
            return
        match fault:
            case Fault.HAND_LOWERED:
                aliases.overwrite(
                    function, "live", self._split(now.weight.basis_points // self._rng.choice([2, 10_001]))
                )
            case Fault.HAND_RAISED:
                aliases.overwrite(function, "live", self._split(now.weight.basis_points + 1500))
            case Fault.HAND_PROMOTED:
                aliases.overwrite(function, "live", AliasRouting(stable=CANARY))
            case Fault.HAND_REPOINTED:
                aliases.overwrite(function, "live", AliasRouting(stable=OTHER))
            case Fault.HAND_DELETED:
                aliases.delete(function, "live")
            case Fault.HAND_RECREATED:
                aliases.delete(function, "live")
                aliases.overwrite(function, "live", self._rng.choice([AliasRouting(stable=STABLE), now]))
            case _:
                aliases.overwrite(function, "live", now)

    @staticmethod
    def _split(basis_points: int) -> AliasRouting:
        if basis_points <= 0:
            return AliasRouting(stable=STABLE)
        return AliasRouting(stable=STABLE, canary=CANARY, weight=Weight(min(basis_points, FULL_BASIS_POINTS)))


def _open(release: Release, line: Line, rollout_id: RolloutId) -> None:
    ports, request = line.ports(), release.request
    request = replace(request, targets=tuple(replace(wanted, candidate=CANARY) for wanted in request.targets))
    planned = plan_rollout(request, ports.router, ports.metrics, ports.clock, rollout_id)
    open_rollout(planned, request, ports.alarms, ports.store)


def _undone(line: Line, rollout_id: RolloutId) -> None:
    try:
        Controller(line.ports(), line.name).undo(rollout_id, to=None, by="amy", why="customers complain")
    except (ConfigError, RolloutConflict):
        return


def _ordered(line: Line, rollout_id: RolloutId, command: Command) -> None:
    try:
        Controller(line.ports(), line.name).order(rollout_id, command)
    except CanaryError:
        return


def _by_amy(command: Callable[..., Decision], **settings: bool) -> Command:
    def ordered(rollout: Rollout, *, now: datetime) -> Decision:
        return command(rollout, by="amy", why="she wants it", now=now, **settings)

    return ordered


ORDERED = {
    Fault.ORDER_PAUSE: _by_amy(commands.order_pause),
    Fault.ORDER_RESUME: _by_amy(commands.order_resumption),
    Fault.ORDER_SKIP: _by_amy(commands.order_skip),
    Fault.ORDER_PROMOTE: _by_amy(commands.order_promotion, full=False),
    Fault.ORDER_PROMOTE_FULL: _by_amy(commands.order_promotion, full=True),
    Fault.ORDER_APPROVE: _by_amy(commands.order_approval),
    Fault.ORDER_ABORT: _by_amy(commands.order_abort),
}
