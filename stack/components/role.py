"""A role and its one inline policy: no managed policy is ever attached (A6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from stack.policies import Statement, document, use_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.naming import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleArgs:
    """Who may take the role, and what it may do."""

    place: Place
    purpose: str
    component: str
    trust: str
    """The trust policy's text."""
    grants: Sequence[Statement]
    key_arn: pulumi.Input[str] | None = None
    """The key whose data the role works with; known only once the key is there."""


def declare_role(args: RoleArgs, parent: pulumi.Resource) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """The role and its policy; what needs the rights depends on the latter."""
    name = args.place.name("role", args.purpose)
    inside = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        name, name=name, assume_role_policy=args.trust, tags=args.place.tags(args.component), opts=inside
    )
    policy = args.place.name("policy", args.purpose)
    return role, aws.iam.RolePolicy(policy, name=policy, role=role.name, policy=_document(args), opts=inside)


def _document(args: RoleArgs) -> pulumi.Input[str]:
    if args.key_arn is None:
        return document(args.grants)
    key_arn = pulumi.Output.from_input(args.key_arn)
    return key_arn.apply(lambda key: document([*args.grants, use_key(key)]))
