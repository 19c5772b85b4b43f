"""A rollout in progress: the plan, where it stands, and the events that change it, each of them a method."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from canary.core.capacity import Capacity
from canary.core.destination import Destination
from canary.core.errors import ConfigError
from canary.core.freeze import FreezeWindow
from canary.core.hooks import Hook, HookStage
from canary.core.judge import JudgeSettings
from canary.core.ledger import CountsByVersion, EntryKind, LedgerEntry
from canary.core.leg import Leg, WeightChange
from canary.core.model import (
    ALL_TRAFFIC,
    NO_TRAFFIC,
    AliasRouting,
    MetricResult,
    Phase,
    RolloutId,
    Target,
    Verdict,
    Weight,
)
from canary.core.plan import Plan, Step


class OnSilence(StrEnum):
    """What happens when nobody approves a step in time."""

    ROLLBACK = "rollback"
    ADVANCE = "advance"


class OnInconclusive(StrEnum):
    """What a step without a clear pass does after its deadline."""

    ROLLBACK = "rollback"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a release behaves where evidence alone does not decide."""

    on_inconclusive: OnInconclusive = OnInconclusive.ROLLBACK
    on_silence: OnSilence = OnSilence.ROLLBACK
    tick: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        """Refuse a tick that would flood or starve."""
        if not timedelta(seconds=1) <= self.tick <= timedelta(minutes=5):
            raise ConfigError(f"a tick of {self.tick.total_seconds():g} s is outside 1 s to 5 min")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The plan in progress over one or many targets. `number` counts committed states and guards every write of it.

    Whoever carries it on tells those whom `notify` names.
    """

    id: RolloutId
    number: int = 0
    entries: int = 0
    opened_at: datetime
    opened_by: str
    reason: str
    plan: Plan
    legs: tuple[Leg, ...]
    judge: JudgeSettings
    policy: Policy
    alarms: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    freeze: tuple[FreezeWindow, ...] = ()
    capacity: Capacity | None = None
    notify: tuple[Destination, ...] = ()
    phase: Phase = Phase.PENDING
    step_index: int = 0
    weight: Weight = NO_TRAFFIC
    entered_at: datetime
    reached_at: datetime | None = None
    changes: tuple[WeightChange, ...] = ()
    verdict: Verdict = Verdict.INCONCLUSIVE
    failure: str | None = None
    foreign: str | None = None
    aborted: str | None = None
    waived: bool = False
    awaiting_since: datetime | None = None
    approved: bool = False
    passed_hooks: tuple[str, ...] = ()
    held: str | None = None
    ended_at: datetime | None = None
    undone: str | None = None

    _REVISABLE_FOR = timedelta(minutes=10)

    @property
    def step(self) -> Step:
        """The current step of the plan."""
        return self.plan.steps[self.step_index]

    @property
    def is_last_step(self) -> bool:
        """Whether the plan has no further step."""
        return self.step_index == len(self.plan.steps) - 1

    @property
    def ending(self) -> Phase:
        """The phase in which a rollback ends."""
        return Phase.ROLLED_BACK if self.failure is not None else Phase.ABORTED

    @property
    def cause(self) -> str:
        """Why the rollout leaves, in the words of whoever ended it."""
        return self.failure or self.foreign or self.aborted or "no reason was recorded"

    @property
    def first_shift_at(self) -> datetime | None:
        """When production traffic was first asked for the canary; nothing is counted before."""
        return self.changes[0].asked_at if self.changes else None

    def entered(self, phase: Phase, *, at: datetime) -> Self:
        """The rollout in another phase."""
        ended = at if phase.is_terminal else None
        return replace(self, phase=phase, entered_at=at, ended_at=ended, held=None)

    def shifting(self, *, to_step: int, at: datetime) -> Self:
        """The rollout that asks every alias for the weight of a step."""
        weight = self.plan.steps[to_step].weight
        return replace(
            self,
            phase=Phase.PROGRESSING,
            step_index=to_step,
            weight=weight,
            entered_at=at,
            reached_at=None,
            waived=False,
            awaiting_since=None,
            approved=False,
            held=None,
            verdict=Verdict.INCONCLUSIVE,
            changes=self._with_change(at),
            legs=tuple(leg.asking(_split(leg.target, weight)) for leg in self.legs),
        )

    def promoting(self, *, at: datetime) -> Self:
        """The rollout that asks every alias to serve the canary alone, as its main version."""
        legs = tuple(leg.asking(AliasRouting(stable=leg.target.canary)) for leg in self.legs)
        changes = self.changes if self.weight == ALL_TRAFFIC else self._with_change(at)
        entered = self.entered(Phase.PROMOTING, at=at)
        return replace(entered, legs=legs, reached_at=None, weight=ALL_TRAFFIC, changes=changes)

    def rolling_back(self, *, at: datetime) -> Self:
        """The rollout that takes every target back to its stable version."""
        legs = tuple(leg.leaving() for leg in self.legs)
        return replace(self.entered(Phase.ROLLING_BACK, at=at), legs=legs, weight=NO_TRAFFIC, reached_at=None)

    def reached(self, *, at: datetime) -> Self:
        """The rollout when every alias shows the weight: from now on the step bakes."""
        changes = (*self.changes[:-1], replace(self.changes[-1], seen_at=at))
        return replace(self, reached_at=at, changes=changes, held=None)

    def needed_requests(self, leg: Leg) -> int:
        """What a target's candidate must answer in the current step."""
        return self.step.min_requests if leg.target.min_requests is None else leg.target.min_requests

    def is_baked(self, now: datetime) -> bool:
        """Whether the step's time is over, counted from the first sight of its weight."""
        return self.reached_at is not None and (self.waived or now - self.reached_at >= self.step.bake)

    def is_about_to_flip(self, now: datetime) -> bool:
        """Whether nothing but evidence stands between the last step and the promotion."""
        return self.phase is Phase.PROGRESSING and self.is_last_step and self.is_baked(now)

    def needs_approval(self) -> bool:
        """Whether a person must still approve the end of the step."""
        return self.step.approval is not None and not self.approved

    def is_overdue(self, now: datetime) -> bool:
        """Whether the step is past its deadline."""
        return self.reached_at is not None and now - self.reached_at >= self.step.deadline

    def due_hooks(self) -> tuple[tuple[str, Hook], ...]:
        """The hooks that must still answer, each with the key of this very run of it.

        While the rollout is open it waits for their success; what is due after a rollback is only recorded.
        """
        keyed = tuple((self._hook_key(hook), hook) for hook in self.hooks if hook.stage in self._due_stages())
        return tuple((key, hook) for key, hook in keyed if key not in self.passed_hooks)

    def _due_stages(self) -> tuple[HookStage, ...]:
        if self.phase is Phase.GATING:
            return (HookStage.BEFORE_TRAFFIC,)
        if self.phase in (Phase.ROLLED_BACK, Phase.ABORTED):
            return (HookStage.ON_ROLLBACK,)
        if self.phase is not Phase.PROGRESSING or self.reached_at is None:
            return ()
        return (HookStage.EACH_STEP, HookStage.AFTER_TRAFFIC) if self.is_last_step else (HookStage.EACH_STEP,)

    def _hook_key(self, hook: Hook) -> str:
        return f"{self.id}/{hook.stage}/{self.step_index}/{hook.name}"

    def counts(self) -> tuple[CountsByVersion, ...]:
        """The requests of both versions of every target since the first shift."""
        return tuple(leg.counts() for leg in self.legs)

    def recording(
        self, kind: EntryKind, reason: str, *, at: datetime, by: str, results: tuple[MetricResult, ...] = ()
    ) -> tuple[Self, LedgerEntry]:
        """The rollout and the entry that tells how it came to stand where it stands."""
        entry = LedgerEntry(
            rollout=self.id,
            number=self.entries,
            at=at,
            kind=kind,
            by=by,
            reason=reason,
            phase=self.phase,
            weight=self.weight,
            results=results,
            counts=self.counts(),
        )
        return replace(self, entries=self.entries + 1), entry

    def _with_change(self, at: datetime) -> tuple[WeightChange, ...]:
        """The first change dates the evidence; of the others only those matter that may touch unsettled periods.

        Those are three of the longest periods, one that is not complete, and one minute of delay.
        """
        since = at - Rollout._REVISABLE_FOR
        recent = (change for change in self.changes[1:] if change.seen_at is None or change.seen_at > since)
        return (*self.changes[:1], *recent, WeightChange(asked_at=at))


def _split(target: Target, weight: Weight) -> AliasRouting:
    return AliasRouting(stable=target.stable, canary=target.canary, weight=weight)
