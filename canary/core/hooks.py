"""What a release may have checked by others, when, and what they answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from canary.core.errors import ConfigError

_MARK: Final = "~"
"""Stands between the key of a run and its token."""


class HookKind(StrEnum):
    """How a hook is run."""

    COMMAND = "command"
    URL = "URL"
    FUNCTION = "function"
    CODEDEPLOY = "CodeDeploy-style function"


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
    """Something of the user's that must succeed.

    `run` is a local command, an http(s) URL, ``lambda:NAME`` or ``codedeploy:NAME`` (or the ARN in place of the name).
    What runs on the way back is only recorded.
    """

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

    @property
    def kind(self) -> HookKind:
        """How it is run. A command runs on the machine of whoever released, and nowhere else."""
        if self.run.startswith(("http://", "https://")):
            return HookKind.URL
        if self.run.startswith("codedeploy:"):
            return HookKind.CODEDEPLOY
        return HookKind.FUNCTION if self.run.startswith(("lambda:", "arn:")) else HookKind.COMMAND

    @property
    def function(self) -> str:
        """The name or ARN of the function that it is."""
        return self.run.removeprefix("lambda:").removeprefix("codedeploy:")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReading:
    """What a hook had answered when it was last asked; `started_at` is when the run that answers was begun."""

    key: str
    status: HookStatus
    reason: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """One run of a hook that answers later, through a record. Who knows `execution_id` may answer it."""

    key: str
    token: str
    started_at: datetime
    is_called: bool = False
    status: HookStatus = HookStatus.IN_PROGRESS
    reason: str = ""

    @property
    def execution_id(self) -> str:
        """What the hook is told to answer with (CodeDeploy's ``LifecycleEventHookExecutionId``)."""
        return f"{self.key}{_MARK}{self.token}"

    @property
    def rollout(self) -> str:
        """The id of the rollout that it belongs to."""
        return self.key.partition("/")[0]


def parse_execution_id(text: str) -> tuple[str, str]:
    """The key of a run, and its token, empty where the text is a bare key."""
    key, _, token = text.strip().partition(_MARK)
    return key, token
