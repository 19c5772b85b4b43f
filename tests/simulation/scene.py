"""seed -> everything about one simulated world that is decided before it starts."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from random import Random

from canary.core.hooks import Hook, HookStage, HookStatus
from canary.core.judge import JudgeSettings
from canary.core.model import AliasName, FunctionName, Weight
from canary.core.plan import LONGEST_BAKE, Shift, Strategy
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import OnInconclusive, OnSilence, Policy
from tests.simulation.faults import HANDS, OF_CALLS, ORDERS, OUTAGES, Fault, Outage, Weather

SERVICE_ALARM = "service-errors"
LONGEST_SKEW_S = 120.0
COMMON = {Fault.ALARM_BLINKED: 0.1}
"""The share of worlds that have a kind of fault, where it is not 0.4."""


class Health(StrEnum):
    """How a candidate answers."""

    HEALTHY = "healthy"
    DOUBTFUL = "doubtful"
    FAILING = "failing"
    LATE = "failing late"
    SLOW = "slow"
    SILENT = "dead and silent"


class Kind(StrEnum):
    """What runs a controller: a terminal that watches one rollout, or a schedule that ticks all of them."""

    TERMINAL = "terminal"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One function's new version: shares of bad requests from some second on."""

    health: Health
    errors: float = 0.0
    slow: float = 0.0
    since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What somebody asks for, and how the candidates will turn out."""

    request: ReleaseRequest
    candidates: dict[FunctionName, Candidate]
    answers: dict[str, tuple[float, HookStatus]]

    @property
    def health(self) -> Health:
        """The worst of its candidates."""
        return max((candidate.health for candidate in self.candidates.values()), key=list(Health).index)


class Moment(StrEnum):
    """What an act waits for; its amount is a number of seconds, of writes, of seconds."""

    AFTER_OPENING = "seconds after the opening"
    BEFORE_WRITE = "just before that alias write reaches AWS"
    AFTER_PROMOTION = "seconds after the promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person does to one of the releases, and when."""

    fault: Fault
    release: int
    moment: Moment
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One simulated world."""

    seed: int
    releases: tuple[Release, ...]
    kinds: tuple[Kind, ...]
    weather: Weather
    acts: tuple[Act, ...]
    rate: float
    emits_own_metrics: bool
    false_alarms: tuple[tuple[float, float], ...]


def draw_scene(seed: int) -> Scene:
    """The world of that seed."""
    rng = Random(f"scene {seed}")
    releases = tuple(_release(rng, number) for number in range(2 if rng.random() < 0.15 else 1))
    calm_at = rng.uniform(60, 420)
    return Scene(
        seed=seed,
        releases=releases,
        kinds=_kinds(rng, len(releases)),
        weather=_weather(rng, calm_at),
        acts=_acts(rng, len(releases), calm_at),
        rate=rng.choice([0.0, 2.0, *[20.0] * 2, *[50.0] * 3, *[200.0] * 4, *[2000.0] * 3]),
        emits_own_metrics=rng.random() < 0.85,
        false_alarms=_false_alarms(rng, calm_at),
    )


def harsher(scene: Scene, rates: dict[Fault, float], acts: tuple[Fault, ...]) -> Scene:
    """The same world with some faults far more common, and these acts just before one of the first writes."""
    rng = Random(f"harsher {scene.seed}")
    more = (Act(fault=act, release=0, moment=Moment.BEFORE_WRITE, amount=rng.randint(1, 4)) for act in acts)
    weather = replace(scene.weather, rates=scene.weather.rates | rates)
    return replace(scene, weather=weather, acts=(*scene.acts, *more))


def hastier(scene: Scene) -> Scene:
    """The same world with one release straight to 100 %, moved on by six controllers: they meet at its end."""
    (release, *_) = scene.releases
    at_once = Strategy(name="at once", shifts=(Shift(weight=Weight.percent(100), bake=timedelta(0)),))
    policy = replace(release.request.policy, tick=timedelta(seconds=5))
    request = replace(release.request, strategy=at_once, min_requests=0, hooks=(), policy=policy)
    kinds = (*[Kind.TERMINAL] * 5, Kind.SCHEDULE)
    acts = tuple(act for act in scene.acts if act.release == 0)
    return replace(scene, releases=(replace(release, request=request),), kinds=kinds, acts=acts)


def longest(release: Release) -> timedelta:
    """More time than the release may take when nothing is wrong."""
    hooks = sum((hook.deadline for hook in release.request.hooks), timedelta(0))
    steps = release.request.plan().steps
    held = sum((step.deadline + hooks + (step.approval or timedelta(0)) for step in steps), hooks)
    return held + 8 * (len(steps) + 3) * release.request.policy.tick


# --- the release -----------------------------------------------------------------------------------------------------


def _release(rng: Random, number: int) -> Release:
    names = [FunctionName(f"f{number}{index}") for index in range(_count(rng))]
    hooks = _hooks(rng, number)
    request = ReleaseRequest(
        targets=tuple(
            TargetRequest(
                function=name,
                alias=AliasName("live"),
                preview_alias=AliasName("preview") if rng.random() < 0.3 else None,
            )
            for name in names
        ),
        strategy=_strategy(rng),
        judge=JudgeSettings(),
        policy=_policy(rng),
        min_requests=rng.choice([0, 20, 20, 20, 100, 299]),
        hold_limit=timedelta(seconds=rng.choice([30, 60, 120, 120])),
        alarms=(SERVICE_ALARM,) if rng.random() < 0.5 else (),
        hooks=hooks,
        by="release engineer",
    )
    candidates = dict.fromkeys(names, Candidate(health=Health.HEALTHY, errors=0.0003, slow=0.001))
    candidates[rng.choice(names)] = _candidate(rng)
    answers = {hook.name: (rng.uniform(0, 40), _answer(rng)) for hook in hooks}
    return Release(request=request, candidates=candidates, answers=answers)


def _count(rng: Random) -> int:
    return rng.choices([1, 2, 3, 5], weights=[60, 22, 12, 6])[0]


def _candidate(rng: Random) -> Candidate:
    health = rng.choices(list(Health), weights=[50, 4, 17, 17, 8, 4])[0]
    match health:
        case Health.HEALTHY:
            return Candidate(health=health, errors=0.0003, slow=0.001)
        case Health.DOUBTFUL:
            return Candidate(health=health, errors=rng.uniform(0.006, 0.02))
        case Health.FAILING:
            return Candidate(health=health, errors=rng.choice([0.05, 0.2, 0.5, 1.0]))
        case Health.LATE:
            return Candidate(health=health, errors=rng.choice([0.1, 0.5, 1.0]), since=rng.uniform(20, 300))
        case Health.SLOW:
            return Candidate(health=health, slow=rng.choice([0.05, 0.3, 1.0]))
        case Health.SILENT:
            return Candidate(health=health, errors=1.0)


def _strategy(rng: Random) -> Strategy:
    rungs = sorted(rng.sample([1, 5, 10, 25, 50, 75, 99], rng.randint(0, 3)))
    shifts = tuple(
        Shift(
            weight=Weight.percent(percent),
            bake=min(timedelta(seconds=rng.choice([0, 10, 20, 30, 60])), LONGEST_BAKE),
            approval=timedelta(seconds=60) if rng.random() < 0.04 else None,
        )
        for percent in (*rungs, 100)
    )
    strategy = Strategy(name="drawn", shifts=shifts)
    return strategy.holding_back(Weight.percent(10)) if rng.random() < 0.15 and 99 not in rungs else strategy


def _policy(rng: Random) -> Policy:
    return Policy(
        on_inconclusive=OnInconclusive.HOLD if rng.random() < 0.08 else OnInconclusive.ROLLBACK,
        on_silence=rng.choice(list(OnSilence)),
        tick=timedelta(seconds=rng.choice([5, 10, 10, 20])),
    )


def _hooks(rng: Random, number: int) -> tuple[Hook, ...]:
    if rng.random() > 0.2:
        return ()
    stages = rng.sample(list(HookStage), rng.randint(1, 2))
    return tuple(
        Hook(name=f"{stage.value} {number}", stage=stage, run="true", deadline=timedelta(seconds=60))
        for stage in stages
    )


def _answer(rng: Random) -> HookStatus:
    return rng.choices([HookStatus.SUCCEEDED, HookStatus.FAILED, HookStatus.IN_PROGRESS], weights=[90, 7, 3])[0]


# --- what goes wrong -------------------------------------------------------------------------------------------------


def _kinds(rng: Random, releases: int) -> tuple[Kind, ...]:
    if releases > 1:
        return (Kind.SCHEDULE, *([Kind.SCHEDULE] if rng.random() < 0.4 else []))
    count = rng.choices([1, 2, 3], weights=[35, 50, 15])[0]
    return tuple(rng.choice(list(Kind)) for _ in range(count))


def _weather(rng: Random, calm_at: float) -> Weather:
    kinds = (
        *OF_CALLS,
        Fault.METRIC_LOST,
        Fault.METRIC_LATE,
        Fault.METRIC_DOUBLED,
        Fault.EVENT_DOUBLED,
        Fault.EVENT_LATE,
    )
    struck = {fault: rng.choice([0.003, 0.01, 0.03]) for fault in kinds if rng.random() < COMMON.get(fault, 0.4)}
    for fault in (Fault.CLOCK_SKEWED, Fault.CLOCK_JUMPED):
        if rng.random() < 0.25:
            struck[fault] = 1.0
    for fault in (Fault.STALE_READ, Fault.LANDED_LATE, Fault.EVENT_DOUBLED, Fault.EVENT_LATE):
        if fault in struck:
            struck[fault] *= 5
    outages = tuple(_outage(rng, fault, calm_at) for fault in OUTAGES if rng.random() < 0.2)
    return Weather(rates=struck, outages=outages, calm_at=calm_at)


def _outage(rng: Random, fault: Fault, calm_at: float) -> Outage:
    begins = rng.uniform(0, calm_at)
    return Outage(fault=fault, begins=begins, ends=min(calm_at, begins + rng.choice([15, 60, 240])))


def _acts(rng: Random, releases: int, calm_at: float) -> tuple[Act, ...]:
    undone = [_undo(rng, releases)] if rng.random() < 0.15 else []
    if rng.random() < 0.4:
        return tuple(undone)
    pool = rng.choice([HANDS, ORDERS, (*HANDS, *ORDERS)])
    return (*undone, *(_act(rng, rng.choice(pool), releases, calm_at) for _ in range(rng.randint(1, 3))))


def _act(rng: Random, fault: Fault, releases: int, calm_at: float) -> Act:
    moment = rng.choice([Moment.AFTER_OPENING, Moment.BEFORE_WRITE, Moment.BEFORE_WRITE])
    amount = rng.uniform(5, min(calm_at, 200)) if moment is Moment.AFTER_OPENING else rng.randint(1, 5)
    return Act(fault=fault, release=rng.randrange(releases), moment=moment, amount=amount)


def _undo(rng: Random, releases: int) -> Act:
    release, amount = rng.randrange(releases), rng.uniform(0.1, 60)
    return Act(fault=Fault.ORDER_UNDO, release=release, moment=Moment.AFTER_PROMOTION, amount=amount)


def _false_alarms(rng: Random, calm_at: float) -> tuple[tuple[float, float], ...]:
    if rng.random() > 0.1:
        return ()
    begins = rng.uniform(5, calm_at)
    return ((begins, begins + rng.choice([5, 20, 90])),)
