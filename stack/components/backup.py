"""`TableBackups`: a daily backup of every table, kept apart from the tables (C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack import grants, policies
from stack.components.role import RoleArgs, declare_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.components.table import Table
    from stack.naming import Place

SCHEDULE: Final = "cron(0 3 * * ? *)"
"""03:00 UTC."""

RETENTION_DAYS: Final = 30


class TableBackups(pulumi.ComponentResource):
    """Vault, plan, selection, and a role that can back up these tables only."""

    def __init__(
        self,
        place: Place,
        tables: Sequence[Table],
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:TableBackups", "table-backups", None, opts)
        name = place.name("vault", "tables")
        inside = pulumi.ResourceOptions(parent=self)
        vault = aws.backup.Vault(
            name,
            name=name,
            kms_key_arn=key_arn,
            force_destroy=not place.protects(name),
            tags=place.tags("backup"),
            opts=pulumi.ResourceOptions(parent=self, protect=place.protects(name)),
        )
        args = RoleArgs(
            place=place,
            purpose="table-backups",
            component="backup",
            trust=policies.trust("backup.amazonaws.com", place.account),
            grants=grants.of_backups(place, [table.purpose for table in tables]),
            key_arn=key_arn,
        )
        role, _ = declare_role(args, self)
        plan = aws.backup.Plan(
            place.name("plan", "tables"),
            name=place.name("plan", "tables"),
            rules=[
                aws.backup.PlanRuleArgs(
                    rule_name="daily",
                    target_vault_name=vault.name,
                    schedule=SCHEDULE,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=RETENTION_DAYS),
                )
            ],
            tags=place.tags("backup"),
            opts=inside,
        )
        aws.backup.Selection(
            place.name("selection", "tables"),
            name=place.name("selection", "tables"),
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=[table.arn for table in tables],
            opts=inside,
        )
        self.register_outputs({"vault": vault.name, "planId": plan.id})
