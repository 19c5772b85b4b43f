"""Everything that an embedded cloud holds, of every service that the program uses, as names to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.running import RunningCloud

LISTS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("apigateway", "get_api_keys", "items", {}),
    ("apigateway", "get_rest_apis", "items", {}),
    ("apigateway", "get_usage_plans", "items", {}),
    ("application-autoscaling", "describe_scalable_targets", "ScalableTargets", {"ServiceNamespace": "dynamodb"}),
    ("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", {"ServiceNamespace": "dynamodb"}),
    ("backup", "list_backup_plans", "BackupPlansList", {}),
    ("backup", "list_backup_vaults", "BackupVaultList", {}),
    ("budgets", "describe_budgets", "Budgets", {"AccountId": "000000000000"}),
    ("cloudwatch", "describe_alarms", "MetricAlarms", {}),
    ("cloudwatch", "describe_alarms", "CompositeAlarms", {"AlarmTypes": ["CompositeAlarm"]}),
    ("cloudwatch", "list_dashboards", "DashboardEntries", {}),
    ("dynamodb", "list_tables", "TableNames", {}),
    ("ec2", "describe_addresses", "Addresses", {}),
    ("ec2", "describe_internet_gateways", "InternetGateways", {}),
    ("ec2", "describe_nat_gateways", "NatGateways", {}),
    ("ec2", "describe_route_tables", "RouteTables", {}),
    ("ec2", "describe_subnets", "Subnets", {}),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", {}),
    ("ec2", "describe_vpcs", "Vpcs", {}),
    ("events", "list_rules", "Rules", {}),
    ("iam", "list_roles", "Roles", {}),
    ("kms", "list_aliases", "Aliases", {}),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", {}),
    ("lambda", "list_functions", "Functions", {}),
    ("lambda", "list_layers", "Layers", {}),
    ("logs", "describe_log_groups", "logGroups", {}),
    ("s3", "list_buckets", "Buckets", {}),
    ("sns", "list_topics", "Topics", {}),
    ("sqs", "list_queues", "QueueUrls", {}),
    ("ssm", "describe_parameters", "Parameters", {}),
    ("wafv2", "list_web_acls", "WebACLs", {"Scope": "REGIONAL"}),
)


NOT_BY_DEFAULT: Final = {
    "application-autoscaling describe_scalable_targets",
    "application-autoscaling describe_scaling_policies",
    "ec2 describe_addresses",
    "ec2 describe_nat_gateways",
    "lambda list_layers",
}
"""Lists that the program fills only where settings ask for it."""


def lists_without(found: set[str]) -> set[str]:
    """The lists, as ``service operation``, of which nothing was found: they would not tell of what is left either."""
    return {f"{service} {operation}" for service, operation, *_ in LISTS} - {each.split(":")[0] for each in found}


def everything_in(cloud: RunningCloud) -> set[str]:
    """``service operation: what``, for all that is there; of the keys, those that nobody deleted."""
    return {
        f"{service} {operation}: {each}"
        for service, operation, member, arguments in LISTS
        for each in getattr(cloud.client(service), operation)(**arguments).get(member, [])
    } | {f"kms key: {key}" for key in _living_keys(cloud)}


def _living_keys(cloud: RunningCloud) -> Iterator[str]:
    """A deleted key can be brought back for seven days (C1)."""
    kms = cloud.client("kms")
    for key in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            yield key["KeyId"]
