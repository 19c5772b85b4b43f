"""What someone asked to release, as typed values; parsing them from text belongs to `canary.config`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from canary.core.capacity import Capacity
from canary.core.destination import Destination
from canary.core.errors import ConfigError, RolloutConflict
from canary.core.freeze import FreezeWindow
from canary.core.hooks import Hook
from canary.core.judge import JudgeSettings
from canary.core.model import FULL_BASIS_POINTS, AliasName, FunctionName, Phase, Version, Weight
from canary.core.plan import REQUESTS_FOR_P99, Plan, Shift, Strategy, plan_steps
from canary.core.rollout import Policy, Rollout

MOST_TARGETS: Final = 50
"""So many functions fit into one rollout's state, with what is remembered of each, and into one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """One function to release on one alias; without a candidate the newest published version is meant.

    `min_requests` outranks the release's for this function: 0 for one that may well stay without traffic meanwhile.
    """

    function: FunctionName
    alias: AliasName
    preview_alias: AliasName | None = None
    candidate: Version | None = None
    min_requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """What someone asked: which functions, by which strategy, judged how, guarded by which alarms and hooks.

    `fix_forward` is the reason to start although a guarding alarm is missing or already in ALARM; those alarms then
    take no part in the rollout, and no freeze window holds it.
    """

    targets: tuple[TargetRequest, ...]
    strategy: Strategy
    judge: JudgeSettings
    policy: Policy = Policy()  # noqa: RUF009 - immutable
    min_requests: int = REQUESTS_FOR_P99
    hold_limit: timedelta = timedelta(minutes=10)
    alarms: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    by: str
    reason: str = ""
    fix_forward: str | None = None
    notify: tuple[Destination, ...] = ()
    freeze: tuple[FreezeWindow, ...] = ()
    capacity: Capacity | None = None

    def __post_init__(self) -> None:
        """Refuse a release of nothing, or of one alias twice."""
        aliases = [(target.function, target.alias) for target in self.targets]
        if not aliases:
            raise ConfigError("nothing to release: name a function with --function, or an environment with --env")
        if len(aliases) > MOST_TARGETS:
            raise ConfigError(
                f"{len(aliases)} functions are more than one rollout can hold; release at most {MOST_TARGETS} together"
            )
        if len(set(aliases)) < len(aliases):
            raise ConfigError("one alias stands twice among the targets; name each function and alias once")

    def plan(self) -> Plan:
        """The strategy made concrete."""
        return plan_steps(self.strategy, min_requests=self.min_requests, hold_limit=self.hold_limit)


def ask_again(rollout: Rollout, *, by: str, why: str) -> ReleaseRequest:
    """What a rollout that was taken back asked for: the same candidates, by the same plan, judged and guarded as then.

    Raises:
        RolloutConflict: it is open still, or was promoted.
    """
    if rollout.phase is Phase.PROMOTED:
        raise RolloutConflict(f"rollout {rollout.id} was promoted: there is nothing to retry; see canary history")
    if not rollout.phase.is_terminal:
        raise RolloutConflict(f"rollout {rollout.id} is open still; watch it (canary watch {rollout.id})")
    first, last = rollout.plan.steps[0], rollout.plan.steps[-1]
    shifts = (Shift(weight=step.weight, bake=step.bake, approval=step.approval) for step in rollout.plan.steps)
    return ReleaseRequest(
        targets=tuple(
            TargetRequest(
                function=leg.target.function,
                alias=leg.target.alias,
                preview_alias=leg.target.preview_alias,
                candidate=leg.target.canary,
                min_requests=leg.target.min_requests,
            )
            for leg in rollout.legs
        ),
        strategy=Strategy(
            name=rollout.plan.strategy,
            shifts=tuple(shifts),
            held_back=Weight(FULL_BASIS_POINTS - last.weight.basis_points),
        ),
        judge=rollout.judge,
        policy=rollout.policy,
        min_requests=first.min_requests,
        hold_limit=first.deadline - first.bake,
        alarms=rollout.alarms,
        hooks=rollout.hooks,
        notify=rollout.notify,
        by=by,
        reason=f"retry of {rollout.id}: {why}",
        freeze=rollout.freeze,
        capacity=rollout.capacity,
    )
