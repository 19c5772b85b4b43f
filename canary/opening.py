"""(request, world) -> an open rollout, or one line that says why it cannot be opened; nothing is changed then."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from canary import schema
from canary.core.capacity import find_doubts, find_obstacles
from canary.core.errors import AccessDenied, ConfigError, RolloutConflict
from canary.core.evidence import Evidence
from canary.core.freeze import freeze_at
from canary.core.ledger import EntryKind
from canary.core.leg import Leg, MetricPath, PathEvidence
from canary.core.model import AlarmReading, AlarmState, AliasRouting, RolloutId, Target, Version
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.ports import AlarmSource, Clock, MetricSource, RolloutStore, TrafficRouter, VersionFacts
from canary.side_ports import NO_ORDERS, SILENCE, CapacityControl, Notifier, OrderBook

ACTIVE_WITHIN: Final = timedelta(minutes=5)
"""How long a candidate that was just published may stay Pending; Lambda says Active when it can be invoked."""


def plan_rollout(
    request: ReleaseRequest, router: TrafficRouter, metrics: MetricSource, clock: Clock, rollout_id: RolloutId
) -> Rollout:
    """The rollout that the request would open; reads only, and checks everything that AWS would refuse later.

    Waits for versions that are still Pending.

    Raises:
        ConfigError: a function, alias or version that is missing, not Active or not fit to share an alias.
        RolloutConflict: an alias that is split already.
    """
    legs = tuple(_leg(router, metrics, wanted, clock) for wanted in _to_release(router, request.targets))
    now = clock.now()
    return Rollout(
        id=rollout_id,
        opened_at=now,
        entered_at=now,
        opened_by=request.by,
        reason=request.reason,
        plan=request.plan(),
        legs=legs,
        judge=request.judge,
        policy=request.policy,
        alarms=request.alarms,
        hooks=request.hooks,
        freeze=request.freeze,
        capacity=request.capacity,
        notify=request.notify,
    )


def check_headroom(rollout: Rollout, capacity: CapacityControl) -> tuple[str, ...]:
    """What is doubtful about the room that the release has; reads only.

    Raises:
        ConfigError: it cannot work; the text says why and what to type.
    """
    try:
        headrooms = capacity.read_headroom([leg.target for leg in rollout.legs], rollout.opened_at)
    except AccessDenied as refused:
        return (f"headroom was not checked: {refused}",)
    if obstacles := find_obstacles(headrooms, rollout.capacity):
        raise ConfigError("; ".join(obstacles))
    return find_doubts(headrooms, rollout.plan, rollout.capacity)


def open_rollout(
    rollout: Rollout,
    request: ReleaseRequest,
    alarms: AlarmSource,
    store: RolloutStore,
    *,
    notifier: Notifier = SILENCE,
    orders: OrderBook = NO_ORDERS,
) -> Rollout:
    """The rollout, kept and locked on its aliases, with guard alarms on every candidate; whoever must know is told.

    Raises:
        ConfigError: it is frozen, or a guarding alarm is missing or in ALARM, and nobody gave a reason to go on
            (`fix_forward`).
        RolloutConflict: all rollouts are stopped, or one of the aliases has an open rollout.
    """
    if (stop := orders.read_stop()) is not None:
        raise RolloutConflict(f"no release opens: all rollouts are {stop}; lift that first: canary start")
    if (frozen := freeze_at(rollout.freeze, rollout.opened_at)) is not None and request.fix_forward is None:
        raise ConfigError(f'no release opens now: {frozen}; wait, or go on nevertheless: --fix-forward "why"')
    unfit = [reading for reading in alarms.read_alarms(rollout.alarms) if _unfitness(reading)]
    if unfit and request.fix_forward is None:
        told = "; ".join(f"alarm {reading.name} {_unfitness(reading)}" for reading in unfit)
        raise ConfigError(f'{told}; mend that first, or go on without it: --fix-forward "why"')
    for leg in rollout.legs:
        if (holder := store.find_open(leg.target.function, leg.target.alias)) is not None:
            raise taken(leg.target, holder)
    guards = tuple(name for leg in rollout.legs for name in alarms.put_guards(leg.target, rollout.judge.specs))
    left_out = {reading.name for reading in unfit}
    guarded = replace(
        rollout,
        guards=guards,
        alarms=tuple(name for name in rollout.alarms if name not in left_out),
        freeze=rollout.freeze if request.fix_forward is None else (),
    )
    opened, entry = guarded.recording(EntryKind.OPENED, _opening(request, unfit), at=rollout.opened_at, by=request.by)
    store.open_rollout(opened, entry)
    notifier.publish([entry], opened)
    return opened


def taken(target: Target, holder: RolloutId) -> RolloutConflict:
    """The refusal of a second rollout on one alias."""
    return RolloutConflict(
        f"alias {target.resource} is taken by rollout {holder}; watch it (canary watch {holder}) "
        f"or end it (canary abort {holder})"
    )


def doubtful_alarms(readings: tuple[AlarmReading, ...]) -> tuple[str, ...]:
    """What must be said of alarms that exist but have no data: they may be watching nothing."""
    return tuple(
        f"alarm {reading.name} has no data now: if its function is called, check its dimensions, it may watch nothing"
        for reading in readings
        if reading.state is AlarmState.INSUFFICIENT_DATA and not reading.had_data
    )


def unseen_faults(rollout: Rollout) -> str | None:
    """What must be said where only Lambda reports on a candidate: which failures nothing sees; None where all do."""
    blind = [leg.target.resource for leg in rollout.legs if all(path.path is not MetricPath.EMF for path in leg.paths)]
    if not blind:
        return None
    seen_by = f"only by alarm {' or '.join(rollout.alarms)}, if at all" if rollout.alarms else "by nothing"
    return (
        f"{', '.join(blind)}: judged by what Lambda itself counts (errors, timeouts, durations); an HTTP 500 that the "
        f"code catches is seen {seen_by}; to have it judged, emit {schema.REQUESTS} and {schema.FAULTS} "
        "(docs/judging.md, section 1) or name an alarm that sees it (--alarm)"
    )


def _opening(request: ReleaseRequest, unfit: list[AlarmReading]) -> str:
    told = request.reason or "release"
    ignored = [f"without {', '.join(reading.name for reading in unfit)}"] if unfit else []
    unfrozen = ["held by no freeze window"] if request.freeze and request.fix_forward is not None else []
    if not ignored and not unfrozen:
        return told
    return "; ".join([told, f"fix forward: {request.fix_forward}", *ignored, *unfrozen])


def _unfitness(reading: AlarmReading) -> str:
    match reading.state:
        case AlarmState.MISSING:
            return "does not exist"
        case AlarmState.ALARM:
            return f"is already in ALARM ({reading.reason})" if reading.reason else "is already in ALARM"
        case AlarmState.OK | AlarmState.INSUFFICIENT_DATA:
            return ""


def _to_release(router: TrafficRouter, targets: tuple[TargetRequest, ...]) -> tuple[TargetRequest, ...]:
    """Of many functions those that have something newer than their alias serves; all when none has, to be told so."""
    newer = tuple(target for target in targets if target.candidate is not None or _has_newer(router, target))
    return newer or targets


def _has_newer(router: TrafficRouter, wanted: TargetRequest) -> bool:
    routing = router.read_routing(wanted.function, wanted.alias)
    return routing is None or routing.stable != router.newest_version(wanted.function)


def _leg(router: TrafficRouter, metrics: MetricSource, wanted: TargetRequest, clock: Clock) -> Leg:
    routing = _unsplit_routing(router, wanted)
    candidate = wanted.candidate or _newest(router, wanted, routing)
    target = Target(
        function=wanted.function,
        alias=wanted.alias,
        stable=routing.stable,
        canary=candidate,
        preview_alias=wanted.preview_alias,
        min_requests=wanted.min_requests,
    )
    stable, canary = (_facts(router, target, version, clock) for version in (target.stable, target.canary))
    _check_pair(target, stable, canary)
    if target.preview_alias and router.read_routing(target.function, target.preview_alias) is None:
        raise ConfigError(
            f"alias {target.function}:{target.preview_alias} does not exist; create it or leave preview out"
        )
    paths = [MetricPath.LAMBDA]
    if metrics.has_reported(target, MetricPath.EMF, clock.now()):
        paths.insert(0, MetricPath.EMF)
    known = tuple(PathEvidence(path=path, evidence=Evidence()) for path in paths)
    return Leg(target=target, base=routing, asked=replace(routing, canary=None), paths=known)


def _unsplit_routing(router: TrafficRouter, wanted: TargetRequest) -> AliasRouting:
    routing = router.read_routing(wanted.function, wanted.alias)
    name = f"{wanted.function}:{wanted.alias}"
    if routing is None:
        raise ConfigError(f"there is no alias {name}; check the name, or deploy the stack first")
    if routing.is_split():
        raise RolloutConflict(
            f"alias {name} is split already ({routing}) and no rollout of ours holds it; "
            f"put it right: canary adopt {name} --to stable"
        )
    if not routing.stable.isdigit():
        raise ConfigError(f"alias {name} serves {routing.stable}; a weighted alias needs a published version")
    return routing


def _newest(router: TrafficRouter, wanted: TargetRequest, routing: AliasRouting) -> Version:
    newest = router.newest_version(wanted.function)
    if newest is None or newest == routing.stable:
        raise ConfigError(
            f"{wanted.function}: alias {wanted.alias} serves the newest version ({routing.stable}) already; "
            f"publish one: aws lambda publish-version --function-name {wanted.function}"
        )
    return newest


def _facts(router: TrafficRouter, target: Target, version: Version, clock: Clock) -> VersionFacts:
    until = clock.now() + ACTIVE_WITHIN
    facts = router.find_version(target.function, version) if version.isdigit() else None
    while facts is not None and facts.state == "Pending" and clock.now() < until:
        clock.sleep(timedelta(seconds=1))
        facts = router.find_version(target.function, version)
    if facts is None:
        raise ConfigError(
            f"{target.function} has no published version {version}; "
            f"list them: aws lambda list-versions-by-function --function-name {target.function}"
        )
    return facts


def _check_pair(target: Target, stable: VersionFacts, canary: VersionFacts) -> None:
    """Lambda's rules for two versions on one alias (Developer Guide, "Lambda function aliases")."""
    if target.stable == target.canary:
        raise ConfigError(f"alias {target.resource} serves version {target.canary} already; name another candidate")
    for facts in (stable, canary):
        if facts.state != "Active":
            raise ConfigError(f"version {facts.version} of {target.function} is {facts.state}, not Active; wait for it")
    if stable.role != canary.role:
        raise ConfigError(_unlike(target, "execution roles"))
    if stable.dead_letter != canary.dead_letter:
        raise ConfigError(_unlike(target, "dead-letter queues"))


def _unlike(target: Target, what: str) -> str:
    return (
        f"versions {target.stable} and {target.canary} of {target.function} have different {what}, and Lambda "
        "splits no alias between such; publish the candidate with the stable version's"
    )
