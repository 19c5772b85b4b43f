"""Looks at the world for many rollouts at once: routing alias by alias, metrics and alarms in batches.

Cost of one look at n targets: n GetAlias (2n while a gate is open), one DescribeAlarms for each 100 alarms, one
GetMetricData for each 83 metric paths; n GetProvisionedConcurrencyConfig while candidates are warmed, and
2n GetFunctionConfiguration before the last flip.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from canary.core.capacity import WarmStatus, Warmth
from canary.core.decision import Observation, SeenPath, SeenTarget
from canary.core.errors import AccessDenied, ConfigError, StaleWrite, Unavailable
from canary.core.hooks import HookReading
from canary.core.leg import Leg
from canary.core.model import AlarmReading, AliasName, AliasRouting, FunctionName, Phase, Version
from canary.core.rollout import Rollout
from canary.core.routing import is_previewed
from canary.ports import WindowQuery, World

UNANSWERED = (Unavailable, StaleWrite, AccessDenied)
"""What AWS may answer to a look without ending a rollout: it is looked again."""

Paths = tuple[SeenPath, ...]


def observe(world: World, rollouts: Sequence[Rollout], *, stopped: str | None = None) -> tuple[Observation, ...]:
    """What can be seen now of each rollout.

    Metrics and alarms that cannot be read make an observation blind, which holds the weight; they do not fail it. An
    alias that cannot be read keeps no other one from being judged and taken back. `stopped` is what `read_stop` read.
    """
    now = world.clock.now()
    measured = {rollout.id: rollout for rollout in rollouts if _is_measured(rollout, now)}
    alarms, paths, blind = _measure(world, tuple(measured.values()), now)
    seen = iter(paths)

    def look(rollout: Rollout) -> Observation:
        if rollout.phase.is_terminal:
            return _ended(rollout, now)
        own: Sequence[Paths] = (
            [next(seen) for _ in rollout.legs] if rollout.id in measured else [()] * len(rollout.legs)
        )
        return replace(_observe_one(world, rollout, now, alarms, own, blind), stopped=stopped)

    return tuple(look(rollout) for rollout in rollouts)


def _is_measured(rollout: Rollout, now: datetime) -> bool:
    """Of one that failed, or was just ordered back, no more must be known: CloudWatch may hang as it likes."""
    was_just_ordered_back = rollout.aborted is not None and now - rollout.entered_at < rollout.policy.tick
    return not rollout.phase.is_terminal and rollout.failure is None and not was_just_ordered_back


def read_stop(world: World) -> str | None:
    """Why all rollouts stand still, if somebody stopped them; where that cannot be read, nothing rises either."""
    try:
        stop = world.orders.read_stop()
    except UNANSWERED:
        return "whether all rollouts are stopped could not be read"
    return None if stop is None else f"all rollouts are {stop}"


def _ended(rollout: Rollout, now: datetime) -> Observation:
    """Nothing about an ended rollout matters any more."""
    return Observation(observed_at=now, targets=tuple(SeenTarget(routing=None) for _ in rollout.legs))


def _observe_one(  # noqa: PLR0917 - the parts of one observation
    world: World,
    rollout: Rollout,
    now: datetime,
    alarms: dict[str, AlarmReading],
    paths: Sequence[Paths],
    blind: str | None,
) -> Observation:
    looked = zip(rollout.legs, paths, strict=True)
    targets = tuple(_target(world, rollout, leg, seen, now) for leg, seen in looked)
    return Observation(
        observed_at=now,
        targets=targets,
        alarms=tuple(alarms[name] for name in _alarm_names(rollout) if name in alarms),
        hooks=_answers(world, rollout, targets),
        blind=blind,
        warmth=_warmth(world, rollout),
    )


def _answers(world: World, rollout: Rollout, targets: Sequence[SeenTarget]) -> tuple[HookReading, ...]:
    """What the due hooks say; one that cannot be asked has given no answer yet, and delays nothing but itself.

    Those of the gate are not begun before the preview aliases serve the candidate: they would test the stable version.
    """
    if rollout.phase is Phase.GATING and not is_previewed(rollout.legs, targets):
        return ()
    try:
        return world.hooks.poll(rollout.due_hooks(), rollout)
    except UNANSWERED:
        return ()


def _warmth(world: World, rollout: Rollout) -> tuple[Warmth, ...]:
    """The provisioned concurrency of every candidate, asked for while the gate is open; unanswered it is on its way."""
    if rollout.capacity is None or rollout.phase is not Phase.GATING:
        return ()
    try:
        return tuple(world.capacity.warm(leg.target, rollout.capacity.provisioned) for leg in rollout.legs)
    except UNANSWERED:
        return ()
    except ConfigError as refused:
        return (Warmth(status=WarmStatus.FAILED, reason=str(refused)),)


def _target(world: World, rollout: Rollout, leg: Leg, paths: Paths, now: datetime) -> SeenTarget:
    """The preview alias matters until production traffic is shifted, the versions' fitness before the last flip."""
    is_gating = rollout.phase in (Phase.PENDING, Phase.GATING)
    try:
        routing = world.router.read_routing(leg.target.function, leg.target.alias)
        preview = _preview(world, leg, leg.target.preview_alias) if is_gating else None
    except UNANSWERED as trouble:
        return SeenTarget(routing=None, unread=str(trouble), paths=paths)
    seen = SeenTarget(routing=routing, preview=preview, paths=paths)
    if not rollout.is_about_to_flip(now):
        return seen
    stable, canary = (_unfitness(world, leg.target.function, v) for v in (leg.target.stable, leg.target.canary))
    return replace(seen, stable_unfit=stable, canary_unfit=canary)


def _unfitness(world: World, function: FunctionName, version: Version) -> str | None:
    """Why the version cannot serve, or that this is not known."""
    try:
        facts = world.router.find_version(function, version)
    except UNANSWERED:
        return f"version {version} of {function} could not be looked up"
    if facts is None:
        return f"version {version} of {function} is gone"
    return None if facts.state == "Active" else f"version {version} of {function} is {facts.state}, not Active"


def _preview(world: World, leg: Leg, alias: AliasName | None) -> AliasRouting | None:
    return None if alias is None else world.router.read_routing(leg.target.function, alias)


def _measure(
    world: World, rollouts: Sequence[Rollout], now: datetime
) -> tuple[dict[str, AlarmReading], list[Paths], str | None]:
    """Every alarm, the windows of every leg, and why they could not be read, where they could not."""
    names = tuple(dict.fromkeys(name for rollout in rollouts for name in _alarm_names(rollout)))
    try:
        alarms = {reading.name: reading for reading in world.alarms.read_alarms(names)}
        return alarms, _windows(world, rollouts, now), None
    except UNANSWERED as trouble:
        nothing: list[Paths] = [() for rollout in rollouts for _ in rollout.legs]
        return {}, nothing, f"metrics or alarms could not be read: {trouble}"


def _alarm_names(rollout: Rollout) -> tuple[str, ...]:
    return (*rollout.alarms, *rollout.guards)


def _windows(world: World, rollouts: Sequence[Rollout], now: datetime) -> list[Paths]:
    """One batched read for all rollouts, targets and paths; nothing before production traffic was shifted."""
    queries = [query for rollout in rollouts for query in _queries(rollout)]
    read = iter(world.metrics.read_windows(queries, now) if queries else ())
    return [
        tuple(SeenPath(path=known.path, windows=next(read)) for known in leg.paths)
        if rollout.first_shift_at is not None
        else ()
        for rollout in rollouts
        for leg in rollout.legs
    ]


def _queries(rollout: Rollout) -> Iterator[WindowQuery]:
    if rollout.first_shift_at is None:
        return
    for leg in rollout.legs:
        for known in leg.paths:
            since = known.evidence.reread_from() or rollout.first_shift_at
            yield WindowQuery(target=leg.target, path=known.path, since=since)
