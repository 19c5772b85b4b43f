"""What a check-up looks at: facts about functions, alarms, rollouts and rights, as they were read. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from canary.core.model import AlarmReading, AliasName, AliasRouting, FunctionName
from canary.core.rollout import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSnapshot:
    """Code and settings of one version, or of ``$LATEST``, as digests: settings may hold secrets, digests do not."""

    version: str
    code: str
    settings: tuple[tuple[str, str], ...]


class WayKind(StrEnum):
    """What calls a function, or may."""

    EVENT_SOURCE = "event source"
    API = "API integration"
    PERMISSION = "permission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in to a function. `qualifier` is the alias or version that it names, None where it names neither.

    `mend` is the command, or the first of the commands, that leads it to the alias ``{alias}``.
    """

    kind: WayKind
    name: str
    qualifier: str | None
    mend: str

    @property
    def is_bypass(self) -> bool:
        """Whether it goes past every alias: to the function itself, to ``$LATEST`` or to one version."""
        return self.qualifier is None or self.qualifier == "$LATEST" or self.qualifier.isdigit()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """One function on one alias. `newest` is what a release would take, None before the first publication.

    `provisioned` is what concurrency is provisioned for which alias or version, of those that were looked at.
    """

    function: FunctionName
    alias: AliasName
    routing: AliasRouting | None
    latest: VersionSnapshot | None
    newest: VersionSnapshot | None
    ways: tuple[Way, ...] = ()
    provisioned: tuple[tuple[str, int], ...] = ()
    is_called: bool = True
    reports_itself: bool = True

    @property
    def resource(self) -> str:
        """``name:alias``."""
        return f"{self.function}:{self.alias}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRead:
    """One metric that an alarm watches."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFacts:
    """One alarm: its reading, and the metrics it watches (none for a composite alarm)."""

    reading: AlarmReading
    metrics: tuple[MetricRead, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.reading.name


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRollout:
    """A rollout that has not ended, and the last sign of a controller: a lease or a ledger entry."""

    rollout: Rollout
    last_sign: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One action on one resource that a controller needs."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something that could not be looked at, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that one check-up saw.

    `alarms` are those that the stack names and open rollouts use; `guards` all that carry the prefix of guards.
    """

    read_at: datetime
    functions: tuple[FunctionFacts, ...]
    rollouts: tuple[OpenRollout, ...] = ()
    alarms: tuple[AlarmFacts, ...] = ()
    guards: tuple[AlarmFacts, ...] = ()
    missing_rights: tuple[Right, ...] = ()
    unread: tuple[Unread, ...] = ()

    def holder_of(self, function: FunctionName, alias: AliasName) -> Rollout | None:
        """The open rollout that has this function and alias among its targets."""
        for held in self.rollouts:
            for leg in held.rollout.legs:
                if (leg.target.function, leg.target.alias) == (function, alias):
                    return held.rollout
        return None
