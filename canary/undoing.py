"""Finds the alias writes that take a promotion back; writing and recording them belongs to the controller."""

from canary.core.decision import Route
from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import AliasRouting, Target, Version
from canary.core.rollout import Rollout
from canary.ports import World


def routes_of_undo(world: World, rollout: Rollout, to: Version | None) -> tuple[Route, ...]:
    """One flip a target, last first, to the version before (or `to`); none where an alias serves that already.

    Raises:
        ConfigError: the version to go back to cannot serve.
        RolloutConflict: an alias has moved on since, or another rollout holds it.
    """
    routes = (_way_back(world, leg.target, to) for leg in reversed(rollout.legs))
    return tuple(route for route in routes if route is not None)


def _way_back(world: World, target: Target, to: Version | None) -> Route | None:
    """The flip of one alias, once it is sure that the version to go back to can serve."""
    back = to if to is not None else target.stable
    holder = world.store.find_open(target.function, target.alias)
    if holder is not None:
        raise RolloutConflict(f"alias {target.resource} is taken by rollout {holder}; abort that first")
    routing = world.router.read_routing(target.function, target.alias)
    if routing is not None and routing.is_same_split(AliasRouting(stable=back)):
        return None  # an undo that was interrupted is asked for again
    if routing is None or not routing.is_same_split(AliasRouting(stable=target.canary)):
        raise RolloutConflict(f"alias {target.resource} has moved on: it serves {routing}; release what you want")
    facts = world.router.find_version(target.function, back)
    if facts is None or facts.state not in ("Active", "Inactive"):
        raise ConfigError(f"version {back} of {target.function} cannot serve; name another with --to")
    return Route(
        function=target.function, alias=target.alias, routing=AliasRouting(stable=back, revision=routing.revision)
    )
