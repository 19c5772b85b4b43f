"""(world, surveyor, request) -> the facts of one check-up. Reads only; `canary.core.doctor` says what they mean."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

from canary.core.errors import AccessDenied
from canary.core.facts import Facts, FunctionFacts, OpenRollout, Unread, VersionSnapshot, Way, WayKind
from canary.core.leg import MetricPath
from canary.core.model import AliasName, AliasRouting, FunctionName, RolloutId, Target, Version
from canary.core.request import ReleaseRequest
from canary.core.rollout import Rollout
from canary.ports import World
from canary.side_ports import Surveyor

Place = tuple[FunctionName, AliasName]
Ways = Mapping[FunctionName, tuple[Way, ...]]
_NO_WAYS: Final[Ways] = {}
_RECENT: Final = 10
"""Rollouts back in which a version may have been left with provisioned concurrency."""
T = TypeVar("T")


class _Look:
    """One look around; what may not be read is kept as such, so that one missing right hides nothing else."""

    def __init__(self, world: World, surveyor: Surveyor) -> None:
        self.world = world
        self.surveyor = surveyor
        self.unread: list[Unread] = []

    def permitted(self, what: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except AccessDenied as refused:
            self.unread.append(Unread(what=what, why=str(refused)))
            return otherwise


def look_around(world: World, surveyor: Surveyor, request: ReleaseRequest, store_table: str) -> Facts:
    """Everything about the functions, aliases and alarms that a release would touch, and about all open rollouts.

    Raises:
        Unavailable: AWS did not answer; nothing is concluded from half a look.
    """
    look = _Look(world, surveyor)
    rollouts = tuple(_open_rollouts(world))
    held = [(leg.target.function, leg.target.alias) for each in rollouts for leg in each.rollout.legs]
    places = ((target.function, target.alias) for target in request.targets)
    functions = tuple(_functions(look, tuple(dict.fromkeys((*places, *held)))))
    names = tuple(dict.fromkeys((*request.alarms, *(name for each in rollouts for name in each.rollout.alarms))))
    return Facts(
        read_at=world.clock.now(),
        functions=functions,
        rollouts=rollouts,
        alarms=look.permitted("alarms", lambda: surveyor.read_alarms(names), ()),
        guards=look.permitted("guard alarms", surveyor.list_guards, ()),
        missing_rights=look.permitted(
            "the caller's rights",
            lambda: surveyor.find_missing_rights(request, store_table),
            (),
        ),
        unread=tuple(look.unread),
    )


def _open_rollouts(world: World) -> Iterator[OpenRollout]:
    for rollout_id in world.store.list_open():
        rollout = world.store.load_rollout(rollout_id)
        if rollout is not None and not rollout.phase.is_terminal:
            yield _signed(world, rollout_id, rollout)


def _signed(world: World, rollout_id: RolloutId, rollout: Rollout) -> OpenRollout:
    signs = [rollout.opened_at, *(entry.at for entry in world.store.read_ledger(rollout_id))]
    if (lease := world.store.read_lease(rollout_id)) is not None:
        signs.append(lease)
    return OpenRollout(rollout=rollout, last_sign=max(signs))


def _functions(look: _Look, places: Sequence[Place]) -> Iterator[FunctionFacts]:
    routings = {place: look.world.router.read_routing(*place) for place in places}
    newest = {function: look.world.router.newest_version(function) for function, _ in places}
    named = {function: _versions(function, newest[function], routings) for function, _ in places}
    ways = [look.permitted(f"{kind}s", partial(look.surveyor.find_ways, kind, named), _NO_WAYS) for kind in WayKind]
    for function, alias in places:
        routing = routings[function, alias]
        yield FunctionFacts(
            function=function,
            alias=alias,
            routing=routing,
            latest=_snapshot(look, function, None),
            newest=_snapshot(look, function, newest[function]) if newest[function] is not None else None,
            ways=tuple(way for found in ways for way in found.get(function, ())),
            provisioned=look.permitted(
                "provisioned concurrency", partial(_provisioned, look.world, function, alias, named[function]), ()
            ),
            is_called=_has_reported(look, function, alias, routing, MetricPath.LAMBDA),
            reports_itself=_has_reported(look, function, alias, routing, MetricPath.EMF),
        )


def _versions(
    function: FunctionName, newest: Version | None, routings: Mapping[Place, AliasRouting | None]
) -> tuple[Version, ...]:
    """The versions that somebody may call by number: those that an alias serves, and the newest."""
    served: Iterable[Version] = (
        version
        for (name, _), routing in routings.items()
        if name == function and routing is not None
        for version in routing.shares()
    )
    return tuple(dict.fromkeys((*served, *([newest] if newest is not None else []))))


def _provisioned(
    world: World, function: FunctionName, alias: AliasName, versions: Sequence[Version]
) -> tuple[tuple[str, int], ...]:
    """What is provisioned for the alias, for the versions that somebody may call, and for those of recent releases."""
    recent = (world.store.load_rollout(rollout_id) for rollout_id in world.store.list_recent(_RECENT))
    released = (
        version
        for rollout in recent
        if rollout is not None
        for leg in rollout.legs
        if leg.target.function == function
        for version in (leg.target.stable, leg.target.canary)
    )
    asked: dict[AliasName | Version, None] = dict.fromkeys((alias, *versions, *released))
    found = ((qualifier, world.capacity.read_provisioned(function, qualifier)) for qualifier in asked)
    return tuple((qualifier, warmth.wanted) for qualifier, warmth in found if warmth is not None)


def _snapshot(look: _Look, function: FunctionName, version: Version | None) -> VersionSnapshot | None:
    what = f"the settings of {function}"
    return look.permitted(what, lambda: look.surveyor.read_snapshot(function, version), None)


def _has_reported(
    look: _Look, function: FunctionName, alias: AliasName, routing: AliasRouting | None, path: MetricPath
) -> bool:
    """Whether the alias's main version has reported; what may not be read is not held against it."""
    if routing is None:
        return True
    target = Target(function=function, alias=alias, stable=routing.stable, canary=routing.stable)
    now = look.world.clock.now()
    return look.permitted("metrics", lambda: look.world.metrics.has_reported(target, path, now), otherwise=True)
