"""Finds the alias writes that take a promotion back; writing and recording them belongs to the controller."""

from canary.core.decision import Route
from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import AliasRouting, Target, Version
from canary.core.rollout import Rollout
from canary.ports import World


def routes_of_undo(world: World, rollout: Rollout, to: Version | None) -> tuple[Route, ...]:
    """One flip a target, last first, to the version before (or `to`).

    An alias that seems to be back already, as after an undo that was interrupted, is written once more over what was
    seen of it: an old answer is refused by AWS, and must not pass for an undo.

    Raises:
        ConfigError: the version to go back to cannot serve.
        RolloutConflict: an alias has moved on since, or another rollout holds it.
    """
    return tuple(_way_back(world, leg.target, to) for leg in reversed(rollout.legs))


def is_undone(world: World, rollout: Rollout, to: Version | None) -> bool:
    """Whether every alias serves nothing but the version that an undo goes back to."""
    return all(
        routing is not None and routing.is_same_split(AliasRouting(stable=to or target.stable))
        for target in (leg.target for leg in rollout.legs)
        for routing in (world.router.read_routing(target.function, target.alias),)
    )


def _way_back(world: World, target: Target, to: Version | None) -> Route:
    """The flip of one alias, once it is sure that the version to go back to can serve."""
    back = to or target.stable
    holder = world.store.find_open(target.function, target.alias)
    if holder is not None:
        raise RolloutConflict(f"alias {target.resource} is taken by rollout {holder}; abort that first")
    routing = world.router.read_routing(target.function, target.alias)
    if routing is None or not any(routing.is_same_split(AliasRouting(stable=own)) for own in (target.canary, back)):
        raise RolloutConflict(f"alias {target.resource} has moved on: it serves {routing}; release what you want")
    facts = world.router.find_version(target.function, back)
    if facts is None or facts.state not in ("Active", "Inactive"):
        raise ConfigError(f"version {back} of {target.function} cannot serve; name another with --to")
    return Route(
        function=target.function, alias=target.alias, routing=AliasRouting(stable=back, revision=routing.revision)
    )
