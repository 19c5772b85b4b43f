"""(what a function may use and uses, plan, wish) -> whether a release has room for a second version. Pure.

All versions of a function share its reserved concurrency; without one they share what the account has left. Concurrency
that is provisioned for a version is taken from the same (Lambda guide, "Configuring provisioned concurrency").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from canary.core.errors import ConfigError
from canary.core.model import FULL_BASIS_POINTS, NO_TRAFFIC, Target
from canary.core.plan import Plan

LEFT_TO_OTHERS: Final = 100
"""Concurrency that Lambda always leaves to the functions of an account without a reservation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Environments of every candidate that are warm before its first request, and how long they may take."""

    provisioned: int
    ready_within: timedelta = timedelta(minutes=15)

    def __post_init__(self) -> None:
        """Refuse a wish for nothing."""
        if self.provisioned < 1:
            raise ConfigError(f"provisioned is {self.provisioned}; give 1 or more, or leave it out")
        if self.ready_within <= timedelta(0):
            raise ConfigError(f"ready_within is {self.ready_within}; give a positive time such as 15m")


class WarmStatus(StrEnum):
    """How far the provisioned concurrency of one version is."""

    READY = "READY"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """The provisioned concurrency of one version, as it was read."""

    status: WarmStatus
    wanted: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What one target may use and what it uses.

    `reserved` is None without a reservation; `peak` is the highest concurrency within three hours, None where nothing
    was counted. The last three are what is provisioned for the alias and for its two versions.
    """

    target: Target
    reserved: int | None
    unreserved: int
    peak: int | None
    on_alias: Warmth | None = None
    on_stable: Warmth | None = None
    on_canary: Warmth | None = None

    @property
    def limit(self) -> int:
        """Requests that all versions of the function may answer at once."""
        return self.reserved if self.reserved is not None else self.unreserved


def find_obstacles(headrooms: Sequence[Headroom], capacity: Capacity | None) -> tuple[str, ...]:
    """Why a release cannot work, each with what to type; nothing where it can."""
    return tuple(obstacle for headroom in headrooms for obstacle in _obstacles(headroom, capacity))


def find_doubts(headrooms: Sequence[Headroom], plan: Plan, capacity: Capacity | None) -> tuple[str, ...]:
    """What may go wrong with a release that can work."""
    return tuple(doubt for headroom in headrooms for doubt in _doubts(headroom, plan, capacity))


def _obstacles(headroom: Headroom, capacity: Capacity | None) -> Iterator[str]:
    function, resource = headroom.target.function, headroom.target.resource
    if headroom.reserved == 0:
        yield (
            f"{function} is switched off: its reserved concurrency is 0; "
            f"aws lambda delete-function-concurrency --function-name {function}"
        )
    if headroom.on_alias is not None:
        yield (
            f"alias {resource} has provisioned concurrency, beside which Lambda refuses weights; provision versions "
            f"instead ([capacity] provisioned): aws lambda delete-provisioned-concurrency-config "
            f"--function-name {function} --qualifier {headroom.target.alias}"
        )
    if capacity is not None and headroom.reserved != 0:
        yield from _unfit_wish(headroom, capacity)


def _unfit_wish(headroom: Headroom, capacity: Capacity) -> Iterator[str]:
    """Both versions are provisioned at once, until the stable one's is released."""
    function = headroom.target.function
    beside = headroom.on_stable.wanted if headroom.on_stable is not None else 0
    if headroom.reserved is not None and capacity.provisioned + beside > headroom.reserved:
        yield (
            f"{function}: {capacity.provisioned} provisioned beside the {beside} of version {headroom.target.stable} "
            f"do not fit into its reserved concurrency of {headroom.reserved}; raise that, or provision less"
        )
    already = headroom.on_canary.wanted if headroom.on_canary is not None else 0
    free = headroom.unreserved - LEFT_TO_OTHERS
    if headroom.reserved is None and capacity.provisioned - already > free:
        yield (
            f"{function}: {capacity.provisioned} provisioned do not fit: the account has {max(free, 0)} left beside "
            f"the {LEFT_TO_OTHERS} that Lambda keeps for others; raise its quota, or provision less"
        )


def _doubts(headroom: Headroom, plan: Plan, capacity: Capacity | None) -> Iterator[str]:
    resource, stable = headroom.target.resource, headroom.on_stable
    if headroom.peak is None:
        yield f"{resource} may answer {headroom.limit} requests at once; how many it has answered is not known"
    elif headroom.peak >= headroom.limit:
        yield f"{resource} has been at its limit of {headroom.limit} concurrent requests: it may be throttled already"
    elif capacity is None and headroom.peak * (1 + _largest_rise(plan)) > headroom.limit:
        yield (
            f"{resource} has answered {headroom.peak} requests at once, of {headroom.limit} that it may; while the "
            "candidate starts cold it may be throttled: take smaller steps, or [capacity] provisioned"
        )
    if stable is not None and capacity is None:
        yield (
            f"{resource}: version {headroom.target.stable} has {stable.wanted} provisioned and the candidate none; "
            f"[capacity] provisioned = {stable.wanted} warms it before its first request"
        )


def _largest_rise(plan: Plan) -> float:
    weights = [NO_TRAFFIC, *(step.weight for step in plan.steps)]
    return max(later.basis_points - earlier.basis_points for earlier, later in pairwise(weights)) / FULL_BASIS_POINTS
