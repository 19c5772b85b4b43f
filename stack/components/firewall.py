"""`WebFirewall`: AWS's managed rules in front of the API's stages (C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.naming import Place

_KEEP_ACTIONS: Final = aws.wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]
"""The group's own actions count: nothing is overridden."""

RULE_GROUPS: Final = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


class WebFirewall(pulumi.ComponentResource):
    """A regional web ACL that allows what no managed rule blocks, associated with each of the stages."""

    def __init__(
        self,
        place: Place,
        stages: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:WebFirewall", "firewall", None, opts)
        name = place.name("firewall", "api")
        acl = aws.wafv2.WebAcl(
            name,
            name=name,
            scope="REGIONAL",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            rules=[_rule(priority, group) for priority, group in enumerate(RULE_GROUPS)],
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
            ),
            tags=place.tags("firewall"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for stage, arn in stages.items():
            aws.wafv2.WebAclAssociation(
                place.name("firewall", f"api-{stage}"),
                resource_arn=arn,
                web_acl_arn=acl.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"arn": acl.arn})


def _rule(priority: int, group: str) -> aws.wafv2.WebAclRuleArgs:
    return aws.wafv2.WebAclRuleArgs(
        name=group,
        priority=priority,
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=_KEEP_ACTIONS),
        statement=aws.wafv2.WebAclRuleStatementArgs(
            managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
                vendor_name="AWS", name=group
            )
        ),
        visibility_config=aws.wafv2.WebAclRuleVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, metric_name=group, sampled_requests_enabled=False
        ),
    )
