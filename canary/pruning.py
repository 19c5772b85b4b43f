"""Old versions go, those that somebody may need stay. Plans by `canary.core.prune`, deletes one version at a time."""

from collections.abc import Iterator
from typing import Final

from canary.core.errors import RolloutConflict
from canary.core.model import FunctionName, Phase, Version
from canary.core.orders import AuditNote, Deed
from canary.core.prune import Fate, Retention, decide_fates
from canary.core.rollout import Rollout
from canary.ports import World
from canary.side_ports import VersionKeeper

LOOKED_BACK: Final = 100
"""Rollouts looked through for a promotion that somebody may undo."""


def plan_pruning(world: World, keeper: VersionKeeper, function: FunctionName, retention: Retention) -> tuple[Fate, ...]:
    """The fate of every version of a function, oldest first; reads only."""
    needed: dict[Version, str] = {}
    for alias, routing in keeper.list_aliases(function).items():
        for version in filter(None, (routing.stable, routing.canary)):
            needed.setdefault(version, f"alias {alias} refers to it")
    for version, why in (*_open_rollouts_need(world, function), *_undoing_needs(world, function)):
        needed.setdefault(version, why)
    return decide_fates(keeper.list_versions(function), needed, retention, world.clock.now())


def prune_versions(
    world: World, keeper: VersionKeeper, function: FunctionName, fates: tuple[Fate, ...], *, by: str
) -> tuple[Version, ...]:
    """The versions that were deleted, and a note of them. What came into use since the plan stays.

    Raises:
        AccessDenied: the caller may not delete versions; those before it are gone and noted.
    """
    gone: list[Version] = []
    may_go = (fate.version for fate in fates if fate.kept_because is None)
    try:
        gone.extend(version for version in may_go if _delete(world, keeper, function, version))
    finally:
        if gone:
            told = f"versions {', '.join(gone)} were deleted"
            world.orders.note(AuditNote(at=world.clock.now(), by=by, deed=Deed.PRUNED, object=function, why=told))
    return tuple(gone)


def _delete(world: World, keeper: VersionKeeper, function: FunctionName, version: Version) -> bool:
    """Whether the version is gone: a rollout that opened meanwhile keeps it, and so does an alias."""
    if version in dict(_open_rollouts_need(world, function)):
        return False
    try:
        keeper.delete_version(function, version)
    except RolloutConflict:
        return False
    return True


def _open_rollouts_need(world: World, function: FunctionName) -> Iterator[tuple[Version, str]]:
    """Both versions of every open rollout."""
    for rollout_id in world.store.list_open():
        if (rollout := world.store.load_rollout(rollout_id)) is not None:
            for stable, canary, _ in _legs(rollout, function):
                yield from ((version, f"rollout {rollout.id} is open") for version in (stable, canary))


def _undoing_needs(world: World, function: FunctionName) -> Iterator[tuple[Version, str]]:
    """The version that an undo of each alias's last promotion goes back to."""
    told: set[str] = set()
    for rollout_id in world.store.list_recent(LOOKED_BACK):
        rollout = world.store.load_rollout(rollout_id)
        if rollout is not None and rollout.phase is Phase.PROMOTED and rollout.undone is None:
            for stable, _, resource in _legs(rollout, function):
                if resource not in told:
                    told.add(resource)
                    yield stable, f"canary undo {rollout.id} goes back to it"


def _legs(rollout: Rollout, function: FunctionName) -> Iterator[tuple[Version, Version, str]]:
    for leg in rollout.legs:
        if leg.target.function == function:
            yield leg.target.stable, leg.target.canary, leg.target.resource
