"""What people order beside single rollouts: the global stop, and the repair of an alias; and the note of each. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from canary.core.errors import RolloutConflict
from canary.core.model import AliasRouting, RolloutId


class Deed(StrEnum):
    """What somebody did by hand."""

    STOPPED = "stopped"
    STARTED = "started"
    ADOPTED = "adopted"
    PRUNED = "pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNote:
    """One line of what people did outside of any rollout: who, what, on which object and why. Never edited."""

    at: datetime
    by: str
    deed: Deed
    object: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The global stop: while it stands, no rollout opens and none raises a weight; failures still roll back."""

    at: datetime
    by: str
    why: str

    def __str__(self) -> str:
        return f"stopped by {self.by} at {self.at:%Y-%m-%d %H:%M} UTC: {self.why}"


class AdoptTo(StrEnum):
    """Which version an adopted alias shall serve alone."""

    STABLE = "stable"
    CANARY = "canary"


def adopted(resource: str, routing: AliasRouting, holder: RolloutId | None, to: AdoptTo) -> AliasRouting | None:
    """The routing that repairs an alias left with two versions, over the revision seen; None where it has but one.

    Raises:
        RolloutConflict: an open rollout holds the alias.
    """
    if holder is not None:
        raise RolloutConflict(
            f"alias {resource} is held by rollout {holder}, which will put it right: canary watch {holder}, "
            f"or canary abort {holder}"
        )
    if routing.canary is None:
        return None
    kept = routing.stable if to is AdoptTo.STABLE else routing.canary
    return AliasRouting(stable=kept, revision=routing.revision)
