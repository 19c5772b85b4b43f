"""Names, tags and ARNs of everything that is deployed, from one place; decides and touches nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from stack.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT: Final = "bluegreen-payments"

LONGEST_NAME: Final = 64
"""Lambda functions and IAM roles take no longer name than this."""

_WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def name(kind: str, purpose: str, environment: str) -> str:
    """``{type}-{purpose}-{environment}``, in words of lower-case letters and digits.

    Raises:
        SettingsError: a part has other characters, or the whole is longer than `LONGEST_NAME`.
    """
    for part in (kind, purpose, environment):
        if not _WORD.fullmatch(part):
            raise SettingsError(f"{part!r} cannot be part of a resource name; use lower-case words joined by '-'")
    full = f"{kind}-{purpose}-{environment}"
    if len(full) > LONGEST_NAME:
        raise SettingsError(f"the name {full!r} has {len(full)} characters; shorten its purpose to fit {LONGEST_NAME}")
    return full


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One environment in one account and region: how its resources are named, tagged, addressed and protected."""

    environment: str
    account: str
    region: str
    cost_centre: str
    data_classification: str
    more_tags: Mapping[str, str] = field(default_factory=dict)
    deletion_protection: bool = False
    """Whether AWS itself refuses to delete data here."""
    unprotected: tuple[str, ...] = ()
    """The names of resources that may be deleted or replaced with their data; ``all`` stands for every one."""

    def name(self, kind: str, purpose: str) -> str:
        """The name of this environment's resource of that kind and purpose."""
        return name(kind, purpose, self.environment)

    def tags(self, component: str) -> dict[str, str]:
        """The cost-allocation and compliance tags that every taggable resource carries."""
        return {
            "Project": PROJECT,
            "Environment": self.environment,
            "Component": component,
            "CostCentre": self.cost_centre,
            "DataClassification": self.data_classification,
            "ManagedBy": "pulumi",
            **self.more_tags,
        }

    def protects(self, resource: str) -> bool:
        """Whether the resource of that name keeps its data until somebody asks for it by name."""
        return not {"all", resource} & set(self.unprotected)

    def arn(self, service: str, resource: str) -> str:
        """``arn:aws:service:region:account:resource``, for services whose ARNs carry region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def function_arn(self, function: str, qualifier: str = "") -> str:
        """The ARN of a function, or of one of its versions or aliases."""
        return self.arn("lambda", f"function:{function}" + (f":{qualifier}" if qualifier else ""))

    def log_group_arn(self, log_group: str) -> str:
        """The ARN that policies on a log group's streams need: the group's, ending in ``:*``."""
        return self.arn("logs", f"log-group:{log_group}:*")
