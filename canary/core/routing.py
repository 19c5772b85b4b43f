"""(rollout, observation) -> which alias writes are still needed, and whether a foreign hand was on an alias."""

from collections.abc import Sequence
from dataclasses import replace

from canary.core.decision import Observation, Route, SeenTarget
from canary.core.leg import Leg
from canary.core.model import AliasRouting
from canary.core.rollout import Rollout


def foreign_hand(rollout: Rollout, seen: Observation) -> str | None:
    """What somebody else did to an alias, if anybody did.

    An alias is in our hands when it shows what was asked, or still shows, under the same revision, what it showed when
    that was asked. An old revision of ours is a stale read.
    """
    for leg, target in zip(rollout.legs, seen.targets, strict=True):
        if target.unread is not None:
            continue
        if target.routing is None:
            return f"alias {leg.target.resource} no longer exists"
        routing = target.routing
        if not (leg.has_arrived(routing) or leg.is_waiting(routing) or leg.is_stale(routing)):
            return f"alias {leg.target.resource} was changed by someone else: asked for {leg.asked}, found {routing}"
    return None


def has_arrived(rollout: Rollout, seen: Observation) -> bool:
    """Whether every alias shows exactly what was asked."""
    shown = routings(rollout, seen)
    return len(shown) == len(rollout.legs) and all(leg.has_arrived(routing) for leg, routing in shown)


def settled(rollout: Rollout, seen: Observation) -> Rollout:
    """The rollout that remembers, of every alias that shows what was asked, the revision that shows it."""
    legs = tuple(
        leg.settled(target.routing) if target.routing is not None and leg.has_arrived(target.routing) else leg
        for leg, target in zip(rollout.legs, seen.targets, strict=True)
    )
    return replace(rollout, legs=legs)


def routes_forward(rollout: Rollout, seen: Observation) -> tuple[Route, ...]:
    """The writes that bring every alias to what is asked, each guarded by the revision just seen.

    Revisions have no order: one that seems old is written over like any other, and AWS refuses the write if it is old.
    """
    return tuple(
        _route(leg, leg.asked, over=routing) for leg, routing in routings(rollout, seen) if not leg.has_arrived(routing)
    )


def routes_back(rollout: Rollout, seen: Observation) -> tuple[Route, ...]:
    """The writes that take the canary off every alias, last target first."""
    wanted = [(leg, routing, _way_back(rollout, leg, routing)) for leg, routing in reversed(routings(rollout, seen))]
    return tuple(_route(leg, back, over=routing) for leg, routing, back in wanted if back is not None)


def preview_routes(rollout: Rollout, seen: Observation) -> tuple[Route, ...]:
    """The writes that let every preview alias serve the candidate alone."""
    return tuple(
        Route(
            function=leg.target.function,
            alias=leg.target.preview_alias,
            routing=AliasRouting(stable=leg.target.canary, revision=target.preview.revision),
        )
        for leg, target in zip(rollout.legs, seen.targets, strict=True)
        if leg.target.preview_alias is not None
        and target.preview is not None
        and not target.preview.is_same_split(AliasRouting(stable=leg.target.canary))
    )


def is_previewed(legs: Sequence[Leg], targets: Sequence[SeenTarget]) -> bool:
    """Whether every preview alias serves the candidate alone: what looks through it must not see the stable version."""
    return all(
        target.preview is not None and target.preview.is_same_split(AliasRouting(stable=leg.target.canary))
        for leg, target in zip(legs, targets, strict=True)
        if leg.target.preview_alias is not None
    )


def routings(rollout: Rollout, seen: Observation) -> list[tuple[Leg, AliasRouting]]:
    """Every leg whose alias exists, with what it shows."""
    pairs = zip(rollout.legs, seen.targets, strict=True)
    return [(leg, target.routing) for leg, target in pairs if target.routing is not None]


def _way_back(rollout: Rollout, leg: Leg, seen: AliasRouting) -> AliasRouting | None:
    """What the alias must be set to so that the canary takes no traffic; None when nothing must be done.

    A foreign hand may have moved the alias on: what it serves besides the canary is left to it, and so is a canary that
    it promoted by itself, unless the canary is known to be bad. An old answer is written over like any other: if it is
    old, AWS refuses the write.
    """
    if leg.target.canary not in seen.shares():
        doubtful = leg.is_stale(seen) or (leg.is_unproven() and seen.revision == leg.base.revision)
        return AliasRouting(stable=leg.target.stable) if doubtful else None
    is_promoted_by_hand = rollout.foreign is not None and not seen.is_split() and not leg.is_own(seen)
    if is_promoted_by_hand and rollout.failure is None:
        return None
    other = seen.stable if seen.stable != leg.target.canary else leg.target.stable
    return AliasRouting(stable=other)


def _route(leg: Leg, routing: AliasRouting, *, over: AliasRouting) -> Route:
    guarded = replace(routing, revision=over.revision)
    return Route(function=leg.target.function, alias=leg.target.alias, routing=guarded)
