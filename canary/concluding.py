"""What happens after a rollout has ended: guards go, idle capacity is given back, on-rollback hooks are heard.

Nothing here can fail a rollout or hold one up; what stays behind is found by `canary doctor`.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from canary.core.aftermath import settle_hooks
from canary.core.errors import CanaryError
from canary.core.model import Phase, RolloutId, Version
from canary.core.rollout import Rollout
from canary.ports import World

ASK_EVERY: Final = timedelta(seconds=2)
HEARD_BY_ONE: Final = timedelta(seconds=30)
"""For how long a controller that has died keeps others from hearing the hooks of what it ended."""


class Aftermath:
    """Tidies up behind the rollouts that one controller has seen end."""

    def __init__(self, world: World, owner: str) -> None:
        self._world = world
        self._owner = owner
        self._unheard: set[RolloutId] = set()
        self._ended: list[Rollout] = []

    def follow(self, before: Rollout, after: Rollout) -> None:
        """Remembers, in the moment in which a rollout ends, that it has, and which hooks are due.

        Later the same guards and the same version may be another rollout's: one that ended long ago touches neither.
        """
        if after.phase.is_terminal and after.due_hooks():
            self._unheard.add(after.id)
        if after.phase.is_terminal and not before.phase.is_terminal:
            self._ended.append(after)

    def tidy(self) -> None:
        """Gives back what those that have ended need no more."""
        while self._ended:
            ended = self._ended.pop()
            self._remove_guards(ended)
            if ended.capacity is not None:
                self._release_capacity(ended)

    def swap_capacity(self, undone: Rollout, to: Version | None) -> None:
        """Warms what an undone rollout went back to, as its candidate was, and gives the candidate's capacity back."""
        if undone.capacity is None:
            return
        for leg in undone.legs:
            back = replace(leg.target, canary=to or leg.target.stable)
            with suppress(CanaryError):
                self._world.capacity.warm(back, undone.capacity.provisioned)
            with suppress(CanaryError):
                self._world.capacity.release(leg.target.function, leg.target.canary)

    def conclude(self, within: timedelta) -> None:
        """Runs the on-rollback hooks of what was seen to end, and records what they answer.

        Their answers change nothing. Returns when all have answered, or `within` is over; calling again goes on.
        """
        until = self._world.clock.now() + within
        while self._unheard:
            for rollout_id in tuple(self._unheard):
                self._hear(rollout_id)
            if not self._unheard or self._world.clock.now() >= until:
                return
            self._world.clock.sleep(ASK_EVERY)

    def _hear(self, rollout_id: RolloutId) -> None:
        """One look at the hooks of one rollout, by whoever has its lease; what AWS refuses is asked again."""
        world, now = self._world, self._world.clock.now()
        try:
            rollout = world.store.load_rollout(rollout_id)
            if rollout is None or not world.store.take_lease(rollout_id, self._owner, now, now + HEARD_BY_ONE):
                return
            heard = settle_hooks(rollout, world.hooks.poll(rollout.due_hooks(), rollout), now)
            if heard.entries:
                world.store.commit(replace(heard.rollout, number=rollout.number + 1), heard.entries, ())
            if not heard.rollout.due_hooks():
                self._unheard.discard(rollout_id)
        except CanaryError:
            return

    def _remove_guards(self, rollout: Rollout) -> None:
        if rollout.guards:
            with suppress(CanaryError):
                self._world.alarms.remove_guards(rollout.guards)

    def _release_capacity(self, rollout: Rollout) -> None:
        """The version that serves no more needs no warm environments; one that a hand promoted serves on."""
        for leg in rollout.legs:
            target = leg.target
            idle = target.stable if rollout.phase is Phase.PROMOTED else target.canary
            with suppress(CanaryError):
                routing = self._world.router.read_routing(target.function, target.alias)
                if routing is None or idle not in routing.shares():
                    self._world.capacity.release(target.function, idle)
