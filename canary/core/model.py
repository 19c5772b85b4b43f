"""The nouns of a release, as immutable values. Decides nothing; every change is a method that names its event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Self

from canary.core.errors import ConfigError

FunctionName = NewType("FunctionName", str)
AliasName = NewType("AliasName", str)
Version = NewType("Version", str)
"""A published version: digits, never ``$LATEST``."""
RevisionId = NewType("RevisionId", str)
RolloutId = NewType("RolloutId", str)

FULL_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Weight:
    """A share of traffic in integer basis points, 0..10000 (100 = 1 %)."""

    basis_points: int

    def __post_init__(self) -> None:
        """Refuse what is no share of traffic."""
        if not 0 <= self.basis_points <= FULL_BASIS_POINTS:
            raise ConfigError(
                f"a weight of {self.basis_points / 100:g} % is outside 0..100 %; give a percentage in that range"
            )

    @classmethod
    def percent(cls, percent: int) -> Self:
        """The weight of a whole percentage."""
        return cls(percent * 100)

    def __str__(self) -> str:
        return f"{self.basis_points / 100:g} %"


NO_TRAFFIC = Weight(0)
ALL_TRAFFIC = Weight(FULL_BASIS_POINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One function and alias: which version serves now and which one is the candidate.

    `min_requests` is what the candidate must answer in each step, where this target's differs from the step's; with 0
    it may stay without traffic.
    """

    function: FunctionName
    alias: AliasName
    stable: Version
    canary: Version
    preview_alias: AliasName | None = None
    min_requests: int | None = None

    @property
    def resource(self) -> str:
        """CloudWatch's ``Resource`` dimension: ``name:alias``."""
        return f"{self.function}:{self.alias}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasRouting:
    """What one alias serves: its main version, at most one other version, and that one's weight."""

    stable: Version
    canary: Version | None = None
    weight: Weight = NO_TRAFFIC
    revision: RevisionId = RevisionId("")

    def is_same_split(self, other: AliasRouting) -> bool:
        """Whether both send the same shares to the same versions, whatever their revisions."""
        return self.shares() == other.shares()

    def is_split(self) -> bool:
        """Whether two versions can receive traffic."""
        return len(self.shares()) > 1

    def shares(self) -> dict[Version, Weight]:
        """The weight of every version that can receive traffic."""
        if self.canary is None or self.weight == NO_TRAFFIC:
            return {self.stable: ALL_TRAFFIC}
        if self.weight == ALL_TRAFFIC:
            return {self.canary: ALL_TRAFFIC}
        return {self.stable: Weight(FULL_BASIS_POINTS - self.weight.basis_points), self.canary: self.weight}

    def __str__(self) -> str:
        return " + ".join(f"version {version} {weight}" for version, weight in self.shares().items())


# --- what is measured ------------------------------------------------------------------------------------------------


class Metric(StrEnum):
    """What is counted for each version."""

    ERRORS = "errors"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One question put to the counts: what share of requests may be bad.

    `limit` is the SLO's share of bad requests, 0 < limit < 1: 0.01 of slow requests over 500 ms is "p99 <= 500 ms".
    """

    metric: Metric
    limit: float = 0.01

    def __post_init__(self) -> None:
        """Refuse a limit that no rate can break or keep."""
        if not 0 < self.limit < 1:
            raise ConfigError(
                f"the limit of {self.metric} is a share between 0 and 1, not {self.limit:g}; 0.01 means 1 %"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Requests of one version in one period, and how many of them were bad; `slow` is None where nobody measured it."""

    requests: int = 0
    errors: int = 0
    slow: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricWindow:
    """The counts of both versions in one metric period.

    `mixed` marks a period in which the weight changed: weight and rate are confounded there, so the two versions are
    not compared in it. `partial` marks one of which some counts never came: errors stand at 0 then, slow requests at
    None.
    """

    start: datetime
    period: timedelta
    stable: Counts
    canary: Counts
    mixed: bool = False
    partial: bool = False

    @property
    def end(self) -> datetime:
        """The first instant after the period."""
        return self.start + self.period


class Verdict(StrEnum):
    """The answer of one judgement; the worst of several wins (`worst_of`)."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAIL = "fail"


_SEVERITY = tuple(Verdict)


def worst_of(*verdicts: Verdict) -> Verdict:
    """The worst verdict given, by pass < inconclusive < error < fail; `Verdict.INCONCLUSIVE` when there is none."""
    return max(verdicts, key=_SEVERITY.index, default=Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One question answered, with the words and numbers that an on-call person needs."""

    name: str
    verdict: Verdict
    reason: str
    numbers: tuple[tuple[str, float], ...] = ()


class AlarmState(StrEnum):
    """A CloudWatch alarm's state; `MISSING` when no alarm has that name."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmReading:
    """One alarm as it was read, with CloudWatch's own reason."""

    name: str
    state: AlarmState
    since: datetime | None = None
    reason: str = ""
    had_data: bool = True


# --- where a rollout stands ------------------------------------------------------------------------------------------


class Phase(StrEnum):
    """Where a rollout stands; the last three are terminal."""

    PENDING = "pending"
    GATING = "gating"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    PROMOTING = "promoting"
    ROLLING_BACK = "rolling_back"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing changes any more."""
        return self in (Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED)
