"""Bugs to be planted in the real code, each of which one rule must find. Some of them were ours before it did."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import canary.controller
import canary.observing
from canary.core import reconcile as deciding
from canary.core.decision import Decision, Observation, Route
from canary.core.hooks import HookReading
from canary.core.ledger import CONTROLLER, EntryKind
from canary.core.leg import Leg
from canary.core.model import AliasRouting, Phase, Verdict
from canary.core.rollout import Rollout
from canary.core.routing import routes_back, routes_forward, routings
from canary.core.weigh import Weighed, weigh
from canary.ports import World
from tests.simulation.cloud import Aliases, Store
from tests.simulation.faults import Fault
from tests.simulation.invariants import (
    Rule,
    a_weight_that_a_hand_lowered_is_not_raised,
    every_alias_write_is_explained,
    every_rollout_ends,
    no_split_of_ours_is_left,
    no_weight_rises_while_all_is_stopped,
    no_weight_rises_without_evidence,
    nothing_but_expected_errors,
    targets_go_together,
    the_ledger_is_whole,
)
from tests.simulation.leaving import a_failed_version_leaves_within_two_ticks
from tests.simulation.run import simulate_scene
from tests.simulation.scene import draw_scene, harsher, hastier

Change = Callable[[Rollout, Observation, Decision], Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A bug, the rule that must find it, and what must be common in a world for that to happen within a few seeds.

    `is_hasty` asks for worlds in which many controllers meet at a promotion.
    """

    bug: Callable[[], AbstractContextManager[None]]
    broken: Rule
    rates: dict[Fault, float] = field(default_factory=dict)
    acts: tuple[Fault, ...] = ()
    is_hasty: bool = False

    def finds(self, seed: int) -> bool:
        """Whether the rule is broken in the world of that seed."""
        scene = harsher(draw_scene(seed), self.rates, self.acts)
        record = simulate_scene(hastier(scene) if self.is_hasty else scene, bug=self.bug)
        return any(self.broken(record))


# --- other decisions -------------------------------------------------------------------------------------------------


def _leaves_the_last_target(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del seen
    last = rollout.legs[-1].target.function
    kept = tuple(route for route in decision.routes if route.function != last)
    return replace(decision, routes=kept) if decision.route_first else decision


def _takes_the_first_target_back_first(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del rollout, seen
    return replace(decision, routes=decision.routes[::-1]) if decision.route_first else decision


def _drops_the_entry_of_a_shift(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del rollout, seen
    return replace(decision, entries=tuple(e for e in decision.entries if e.kind is not EntryKind.SHIFTED))


def _promotes_what_holds(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del rollout
    if decision.rollout.phase is not Phase.PROGRESSING or decision.rollout.reached_at is None or decision.routes:
        return decision
    promoting, entry = decision.rollout.promoting(at=seen.observed_at).recording(
        EntryKind.PROMOTING, "it looks fine", at=seen.observed_at, by=CONTROLLER
    )
    return replace(
        decision, rollout=promoting, entries=(*decision.entries, entry), routes=routes_forward(promoting, seen)
    )


def _commits_before_the_way_back(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del rollout, seen
    return replace(decision, route_first=False)


def _routes_before_the_commit(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del rollout, seen
    return replace(decision, route_first=True)


def _ends_before_it_is_back(rollout: Rollout, seen: Observation, decision: Decision) -> Decision:
    del rollout, seen
    leaves = decision.rollout.phase is Phase.ROLLING_BACK
    return replace(decision, routes=(), rollout=replace(decision.rollout, phase=Phase.ABORTED)) if leaves else decision


# --- other parts -----------------------------------------------------------------------------------------------------


def _by_deciding(change: Change) -> Callable[[], AbstractContextManager[None]]:
    """The bug of a `reconcile` that decides something else."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = vars(canary.controller)["reconcile"]  # the one whose decisions are recorded

        def reconcile(rollout: Rollout, seen: Observation, now: Any) -> Decision:  # noqa: ANN401 - passed on
            return change(rollout, seen, real(rollout, seen, now))

        with patch.object(canary.controller, "reconcile", reconcile):
            yield

    return bug


def _with(*parts: tuple[object, str, object]) -> Callable[[], AbstractContextManager[None]]:
    """The bug of other parts in place of the real ones."""

    @contextmanager
    def bug() -> Iterator[None]:
        with ExitStack() as stack:
            for owner, name, other in parts:
                stack.enter_context(patch.object(owner, name, other))
            yield

    return bug


_guarded, _numbered = Aliases.write_routing, Store.commit


def _unguarded_write(self: Aliases, function: Any, alias: Any, routing: AliasRouting) -> AliasRouting:  # noqa: ANN401
    known = self.aliases.get((function, alias), routing)
    return _guarded(self, function, alias, replace(routing, revision=known.revision))


def _unnumbered_commit(self: Store, rollout: Rollout, entries: Any, windows: Any) -> None:  # noqa: ANN401 - passed on
    self.states[rollout.id] = replace(self.states[rollout.id], number=rollout.number - 1)
    _numbered(self, rollout, entries, windows)


def _settled_on_anything(self: Leg, seen: AliasRouting) -> Leg:
    return replace(self, base=seen, superseded=(*self.superseded, self.base.revision)) if seen != self.base else self


def _routes_back_when_fresh(rollout: Rollout, seen: Observation) -> Sequence[Route]:
    stale = {leg.target.function for leg, routing in routings(rollout, seen) if leg.is_stale(routing)}
    return tuple(route for route in routes_back(rollout, seen) if route.function not in stale)


def _polled(world: World, rollout: Rollout) -> tuple[HookReading, ...]:
    return world.hooks.poll(rollout.due_hooks(), rollout)


def _weighed_kindly(rollout: Rollout, seen: Observation) -> Weighed:
    weighed = weigh(rollout, seen)
    kind = replace(weighed.rollout, failure=None, verdict=Verdict.INCONCLUSIVE)
    return replace(weighed, rollout=kind)


def _one_has_arrived(rollout: Rollout, seen: Observation) -> bool:
    return any(leg.has_arrived(routing) for leg, routing in routings(rollout, seen))


def _unjudged(rollout: Rollout, seen: Observation) -> Weighed:
    del seen
    return Weighed(rollout=rollout, results=())


MUTATIONS = {
    "forgets the failure": Mutation(
        bug=_with((deciding, "weigh", _weighed_kindly)), broken=a_failed_version_leaves_within_two_ticks
    ),
    "leaves the last target behind": Mutation(
        bug=_by_deciding(_leaves_the_last_target), broken=a_failed_version_leaves_within_two_ticks
    ),
    "commits before the way back": Mutation(
        bug=_by_deciding(_commits_before_the_way_back), broken=a_failed_version_leaves_within_two_ticks
    ),
    "forgets what it knew while the store was down": Mutation(
        bug=_with((canary.controller, "_latched", lambda stored, _known: stored)),
        broken=a_failed_version_leaves_within_two_ticks,
        rates={Fault.ALARM_BLINKED: 0.1, Fault.THROTTLED: 0.3},
    ),
    "stops judging on the way out": Mutation(
        bug=_with((deciding, "_still_judged", _unjudged)),
        broken=a_failed_version_leaves_within_two_ticks,
        acts=(Fault.HAND_PROMOTED,),
    ),
    "waits for an old answer to pass": Mutation(
        bug=_with((Leg, "settled", _settled_on_anything), (deciding, "routes_back", _routes_back_when_fresh)),
        broken=no_split_of_ours_is_left,
        rates={Fault.STALE_READ: 0.3},
        acts=(Fault.HAND_TOUCHED,),
    ),
    "ends before it is back": Mutation(bug=_by_deciding(_ends_before_it_is_back), broken=no_split_of_ours_is_left),
    "takes old answers for the truth": Mutation(
        bug=_with((Leg, "is_stale", lambda _self, _seen: False)),
        broken=no_split_of_ours_is_left,
        rates={Fault.STALE_READ: 0.3},
    ),
    "does not outrun a write on its way": Mutation(
        bug=_with((Leg, "is_unproven", lambda _self: False)),
        broken=no_split_of_ours_is_left,
        rates={Fault.LANDED_LATE: 0.5},
        acts=(Fault.ORDER_ABORT,),
    ),
    "takes its own flip for a hand's": Mutation(
        bug=_with((Leg, "is_own", lambda _self, _seen: False)),
        broken=no_split_of_ours_is_left,
        acts=(Fault.HAND_RECREATED,),
    ),
    "obeys an order before the last weight was seen": Mutation(
        bug=_with((Leg, "is_settled", lambda _self: True)),
        broken=no_split_of_ours_is_left,
        acts=(Fault.ORDER_PROMOTE_FULL,),
    ),
    "writes without a revision": Mutation(
        bug=_with((Aliases, "write_routing", _unguarded_write)),
        broken=a_weight_that_a_hand_lowered_is_not_raised,
        acts=(Fault.HAND_LOWERED, Fault.HAND_LOWERED),
    ),
    "ignores foreign hands": Mutation(
        bug=_with((deciding, "foreign_hand", lambda _rollout, _seen: None)),
        broken=a_weight_that_a_hand_lowered_is_not_raised,
        acts=(Fault.HAND_LOWERED, Fault.HAND_LOWERED),
    ),
    "never loses patience": Mutation(
        bug=_with((Rollout, "is_overdue", lambda _self, _now: False)), broken=every_rollout_ends
    ),
    "drops the entry of a shift": Mutation(bug=_by_deciding(_drops_the_entry_of_a_shift), broken=the_ledger_is_whole),
    "commits without a number": Mutation(bug=_with((Store, "commit", _unnumbered_commit)), broken=the_ledger_is_whole),
    "routes before the commit": Mutation(
        bug=_by_deciding(_routes_before_the_commit), broken=every_alias_write_is_explained
    ),
    "promotes what holds": Mutation(bug=_by_deciding(_promotes_what_holds), broken=no_weight_rises_without_evidence),
    "takes the first target back first": Mutation(
        bug=_by_deciding(_takes_the_first_target_back_first), broken=targets_go_together
    ),
    "takes one target's arrival for all": Mutation(
        bug=_with((deciding, "has_arrived", _one_has_arrived)), broken=targets_go_together
    ),
    "keeps a promotion that has just failed": Mutation(
        bug=_with((canary.controller, "_is_refuted", lambda _rollout: False)),
        broken=no_split_of_ours_is_left,
        rates={Fault.ALARM_BLINKED: 0.2, Fault.STALLED: 0.1},
        is_hasty=True,
    ),
    "overlooks that all is stopped": Mutation(
        bug=_with((canary.controller, "read_stop", lambda _world: None)),
        broken=no_weight_rises_while_all_is_stopped,
        acts=(Fault.ORDER_STOP,),
    ),
    "lets a hook's refusal end the tick": Mutation(
        bug=_with((canary.observing, "_answers", _polled)), broken=nothing_but_expected_errors
    ),
}
