"""What a release may have checked by others, when, and what they answered."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from canary.core.errors import ConfigError


class HookStage(StrEnum):
    """When a hook runs."""

    BEFORE_TRAFFIC = "before-traffic"
    EACH_STEP = "each-step"
    AFTER_TRAFFIC = "after-traffic"
    ON_ROLLBACK = "on-rollback"


class HookStatus(StrEnum):
    """A hook's answer."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    IN_PROGRESS = "IN_PROGRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Something of the user's that must succeed: a local command, an http(s) URL or a Lambda function's name or ARN."""

    name: str
    stage: HookStage
    run: str
    deadline: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        """Refuse a hook that could never run or never end."""
        if not self.name or not self.run:
            raise ConfigError("a hook needs a name and something to run")
        if self.deadline <= timedelta(0):
            raise ConfigError(f"hook {self.name}: the deadline must be positive, such as 10m")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReading:
    """What a hook had answered when it was last asked."""

    key: str
    status: HookStatus
    reason: str = ""
