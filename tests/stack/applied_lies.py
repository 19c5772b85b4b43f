"""Wrong answers, at least one for every check of an applied environment: a check that believes one checks nothing."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.stack.deployed import Answer, Ask, Deployed

GONE: Final = object()
"""The value of what is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """In the answers to one question, another value at a path.

    Steps are joined by dots; ``*`` stands for every member, and what follows ``!`` lies in a JSON text.
    """

    number: str
    """The requirement whose check must not be held under this lie."""
    service: str
    operation: str
    path: str
    value: Any

    def __str__(self) -> str:
        told = "nothing" if self.value is GONE else repr(self.value)
        return f"{self.number}: {self.service} {self.operation} says {told} at {self.path}"


@dataclass(slots=True)
class Lying:
    """Asks, and alters the answers that the lie is about, as far as they have its path."""

    ask: Ask
    lie: Lie
    told: bool = False
    """Whether any answer was altered."""

    def __call__(self, service: str, operation: str, **arguments: object) -> Answer:
        answer = self.ask(service, operation, **arguments)
        if (service, operation) != (self.lie.service, self.lie.operation):
            return answer
        altered = deepcopy(answer)
        try:
            put(altered, self.lie.path.split("."), self.lie.value)
        except (LookupError, TypeError):
            return answer
        self.told = self.told or altered != answer
        return altered


def put(inside: Any, path: list[str], value: object) -> None:  # noqa: ANN401 - any JSON
    """Alters the value at a path; only its last step may be new."""
    step, rest = path[0], path[1:]
    for key in _members(inside, step.removesuffix("!")):
        if not rest and value is GONE:
            del inside[key]
        elif not rest:
            inside[key] = value
        elif step.endswith("!"):
            text = json.loads(inside[key])
            put(text, rest, value)
            inside[key] = json.dumps(text)
        else:
            put(inside[key], rest, value)


def _members(inside: Any, step: str) -> Iterable[Any]:  # noqa: ANN401 - any JSON
    if step != "*":
        return [int(step) if isinstance(inside, list) else step]
    members = range(len(inside)) if isinstance(inside, list) else inside
    return [*reversed([*members])]


_STATEMENT: Final = {"Sid": "S", "Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": ["*"]}
_ELSEWHERE: Final = {"StringNotEquals": {"aws:RequestedRegion": "mars-north-1"}}

_Told = tuple[tuple[str, str, str, str, Any], ...]

_TOLD: Final[_Told] = (
    ("T1", "lambda", "list_aliases", "Aliases.0", GONE),
    ("T1", "lambda", "list_aliases", "Aliases.*.FunctionVersion", "$LATEST"),
    ("T1", "lambda", "get_function_configuration", "State", "Pending"),
    ("T6", "events", "describe_rule", "State", "DISABLED"),
    ("T6", "events", "describe_rule", "ScheduleExpression", "rate(1 day)"),
    ("T6", "events", "describe_rule", "Arn", "arn:aws:events:us-east-1:000000000000:rule/another"),
    ("T6", "events", "list_targets_by_rule", "Targets.*", GONE),
    ("T6", "events", "list_targets_by_rule", "Targets.*.Arn", "arn:aws:lambda:us-east-1:000000000000:function:other"),
    ("T6", "events", "list_targets_by_rule", "Targets.*.DeadLetterConfig", GONE),
    ("T6", "lambda", "get_policy", "Policy!.Statement.0", GONE),
    ("T6", "lambda", "get_function_concurrency", "ReservedConcurrentExecutions", GONE),
    ("A1", "lambda", "get_function_configuration", "MemorySize", 128),
    ("A1", "lambda", "get_function_configuration", "Timeout", 3),
    ("A1", "lambda", "get_function_configuration", "TracingConfig.Mode", "PassThrough"),
    ("A1", "lambda", "get_function_configuration", "DeadLetterConfig.TargetArn", "arn:aws:sqs:::another"),
    ("A1", "lambda", "get_function_concurrency", "ReservedConcurrentExecutions", 10),
    ("A1", "sqs", "get_queue_attributes", "Attributes.MessageRetentionPeriod", "345600"),
    ("A5", "dynamodb", "describe_table", "Table.BillingModeSummary", {"BillingMode": "OTHER"}),
    ("A6", "iam", "list_attached_role_policies", "AttachedPolicies", [{"PolicyName": "AdministratorAccess"}]),
    ("A6", "iam", "list_roles", "Roles.0", GONE),
    ("A6", "iam", "list_role_policies", "PolicyNames", ["one", "two"]),
    ("A6", "iam", "get_role_policy", "PolicyDocument.Statement.0", _STATEMENT),
    ("A6", "iam", "get_role_policy", "PolicyDocument.Statement.0", _STATEMENT | {"Action": ["*"]}),
    ("A7", "logs", "describe_log_groups", "logGroups.0", GONE),
    ("A7", "logs", "describe_log_groups", "logGroups.0.retentionInDays", GONE),
    ("A7", "logs", "describe_log_groups", "logGroups.0.retentionInDays", 365),
    ("A7", "cloudwatch", "describe_alarms", "MetricAlarms.*.Threshold", 5.0),
    ("A7", "cloudwatch", "describe_alarms", "MetricAlarms.*.EvaluationPeriods", 1),
    ("A7", "cloudwatch", "describe_alarms", "MetricAlarms.*.TreatMissingData", "breaching"),
    ("A7", "cloudwatch", "describe_alarms", "MetricAlarms.*.ComparisonOperator", "LessThanThreshold"),
    ("A7", "cloudwatch", "describe_alarms", "MetricAlarms.*.Metrics", []),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.0", GONE),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.0.AlarmActions", []),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.0.ActionsEnabled", False),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.*.ExtendedStatistic", "p50"),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.*.EvaluateLowSampleCountPercentile", "ignore"),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.*.EvaluationPeriods", 30),
    ("A8", "cloudwatch", "describe_alarms", "MetricAlarms.*.Threshold", 5000.0),
    ("A9", "apigateway", "get_stage", "tracingEnabled", False),
    ("A9", "apigateway", "get_stage", "accessLogSettings", {}),
    ("A9", "apigateway", "get_stage", "cacheClusterEnabled", True),
    ("A9", "apigateway", "get_stage", "methodSettings.*.cachingEnabled", True),
    ("A9", "apigateway", "get_stage", "methodSettings.*.throttlingBurstLimit", 5000),
    ("A9", "apigateway", "get_stage", "methodSettings.*/*", GONE),
    ("A10", "lambda", "list_tags", "Tags.CostCentre", GONE),
    ("A10", "dynamodb", "list_tags_of_resource", "Tags.0", GONE),
    ("A10", "sqs", "list_queue_tags", "Tags.Component", "another"),
    ("A10", "s3", "get_bucket_tagging", "TagSet", []),
    ("A10", "budgets", "describe_budget", "Budget.BudgetLimit.Amount", "5000"),
    ("A10", "budgets", "describe_notifications_for_budget", "Notifications.0", GONE),
    ("A11", "ssm", "get_parameter", "Parameter.Value!.targets.0", GONE),
    ("A11", "ssm", "get_parameter", "Parameter.Value!.alarms", []),
    ("A11", "ssm", "get_parameter", "Parameter.Value!.notify", []),
    ("A11", "ssm", "get_parameter", "Parameter.Value!.controller", "another"),
    ("A11", "ssm", "get_parameter", "Parameter.Value!.store", "another"),
    ("A11", "cloudwatch", "describe_alarms", "MetricAlarms", []),
    ("A11", "cloudwatch", "describe_alarms", "CompositeAlarms.*.AlarmRule", "FALSE"),
    ("A11", "lambda", "get_function_configuration", "State", "Failed"),
    ("A11", "dynamodb", "describe_table", "Table.TableStatus", "CREATING"),
    ("A12", "lambda", "list_function_url_configs", "FunctionUrlConfigs", [{"AuthType": "NONE"}]),
    ("A12", "lambda", "get_policy", "Policy!.Statement.0", GONE),
    ("A12", "lambda", "get_policy", "Policy!.Statement.0.Principal", "*"),
    ("A12", "lambda", "get_policy", "Policy!.Statement.0.Condition", {}),
    ("A12", "lambda", "get_policy", "Policy!.Statement.0.Condition.ArnLike.AWS:SourceArn", "arn:aws:execute-api:*"),
    ("B1", "apigateway", "get_method", "apiKeyRequired", False),
    ("B1", "apigateway", "get_method", "apiKeyRequired", True),
    ("B1", "apigateway", "get_method", "requestValidatorId", ""),
    ("B1", "apigateway", "get_resources", "items.*.resourceMethods", {}),
    ("B1", "apigateway", "get_usage_plans", "items.*.throttle.rateLimit", 10.0),
    ("B1", "apigateway", "get_usage_plans", "items.*.throttle.burstLimit", 10),
    ("B1", "apigateway", "get_usage_plans", "items.*.apiStages.0", GONE),
    ("B1", "apigateway", "get_usage_plan_keys", "items.*", GONE),
    ("B2", "lambda", "get_function_configuration", "Architectures", ["x86_64"]),
    ("B2", "lambda", "get_function_configuration", "MemorySize", 512),
    ("B2", "lambda", "get_function_configuration", "Timeout", 30),
    ("B2", "lambda", "get_function_configuration", "TracingConfig.Mode", "PassThrough"),
    ("B2", "lambda", "get_function_configuration", "Runtime", "python3.9"),
    ("B2", "lambda", "get_function_concurrency", "ReservedConcurrentExecutions", GONE),
    ("B3", "dynamodb", "describe_table", "Table.KeySchema.0.AttributeName", "id"),
    ("B3", "dynamodb", "describe_table", "Table.KeySchema.0.KeyType", "RANGE"),
    ("B3", "dynamodb", "describe_table", "Table.BillingModeSummary", GONE),
    ("B3", "dynamodb", "describe_table", "Table.SSEDescription", GONE),
    ("B3", "dynamodb", "describe_table", "Table.SSEDescription.KMSMasterKeyArn", "arn:aws:kms:::key/another"),
    ("B4", "sqs", "get_queue_attributes", "Attributes.FifoQueue", "false"),
    ("B4", "sqs", "get_queue_attributes", "Attributes.ContentBasedDeduplication", "false"),
    ("B4", "sqs", "get_queue_attributes", "Attributes.MessageRetentionPeriod", "345600"),
    ("B4", "sqs", "get_queue_attributes", "Attributes.RedrivePolicy", "{}"),
    ("B4", "sqs", "get_queue_attributes", "Attributes.QueueArn", "arn:aws:sqs:us-east-1:000000000000:another"),
    ("B4", "lambda", "list_event_source_mappings", "EventSourceMappings.0", GONE),
    ("B4", "lambda", "list_event_source_mappings", "EventSourceMappings.0.State", "Disabled"),
    ("B4", "lambda", "list_event_source_mappings", "EventSourceMappings.0.ScalingConfig", {}),
    ("B4", "lambda", "list_event_source_mappings", "EventSourceMappings.0.FunctionResponseTypes", []),
    ("B4", "lambda", "list_event_source_mappings", "EventSourceMappings.0.FunctionArn", "arn:aws:lambda:::function:f"),
    ("B5", "lambda", "get_function_configuration", "Environment.Variables.TRANSACTION_QUEUE_URL", "http://another"),
    ("B5", "lambda", "get_function_configuration", "Environment.Variables.NOTIFICATION_QUEUE_URL", "http://another"),
    ("B5", "lambda", "get_function_configuration", "Environment.Variables.TRANSACTIONS_TABLE", "another"),
    ("B5", "lambda", "get_function_configuration", "Environment.Variables.FRAUD_ALERTS_TABLE", "another"),
    ("B5", "lambda", "get_function_configuration", "Environment.Variables.FRAUD_SECRET_PARAMETER", "/another"),
    ("B5", "lambda", "get_function_configuration", "Environment.Variables.MERCHANT_PARAMETERS", "/another"),
    ("B5", "stack", "transaction", "taken", "settled"),
    ("B5", "stack", "transaction", "then", "pending"),
    ("B5", "stack", "transaction", "forged", 200),
    ("B6", "ssm", "get_parameter", "Parameter.Type", "String"),
    ("B6", "ssm", "get_parameter", "Parameter.Value", "secret"),
    ("B6", "ssm", "get_parameter", "Parameter.Value", "function-payment-processor"),
    ("B6", "apigateway", "get_api_key", "value", "function-payment-processor"),
    ("B6", "apigateway", "get_api_key", "value", "key"),
    ("B6", "ssm", "describe_parameters", "Parameters.*.KeyId", "alias/aws/ssm"),
    ("B7", "lambda", "get_function_configuration", "FunctionArn", "arn:aws:lambda:::function:another"),
    ("B7", "stack", "outputs", "function_arns", {}),
    ("B7", "stack", "outputs", "live_url", ""),
    ("B7", "stack", "outputs", "preview_url", "http://127.0.0.1/preview"),
    ("C1", "kms", "describe_key", "KeyMetadata.KeyManager", "AWS"),
    ("C1", "kms", "describe_key", "KeyMetadata.KeyState", "PendingDeletion"),
    ("C1", "kms", "get_key_rotation_status", "KeyRotationEnabled", False),
    ("C1", "kms", "list_aliases", "Aliases.*.AliasName", "alias/another"),
    ("C2", "s3", "get_bucket_lifecycle_configuration", "Rules.0.Status", "Disabled"),
    ("C2", "s3", "get_bucket_lifecycle_configuration", "Rules.0.Transitions", []),
    *(
        (number, "s3", operation, path, value)
        for number in ("C2", "D3")
        for operation, path, value in (
            ("get_bucket_versioning", "Status", "Suspended"),
            ("get_bucket_policy", "Policy!.Statement.0.Effect", "Allow"),
            ("get_bucket_policy", "Policy!.Statement.0.Condition", {}),
            ("get_bucket_encryption", "ServerSideEncryptionConfiguration.Rules.0.BucketKeyEnabled", False),
            (
                "get_bucket_encryption",
                "ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.SSEAlgorithm",
                "AES256",
            ),
            (
                "get_bucket_encryption",
                "ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
                "arn:aws:kms:::key/another",
            ),
            ("get_public_access_block", "PublicAccessBlockConfiguration.BlockPublicPolicy", False),
            ("get_public_access_block", "PublicAccessBlockConfiguration.BlockPublicPolicy", GONE),
        )
    ),
    ("C3", "backup", "list_backup_plans", "BackupPlansList.0", GONE),
    ("C3", "backup", "get_backup_plan", "BackupPlan.Rules.0.ScheduleExpression", "cron(0 5 * * ? *)"),
    ("C3", "backup", "get_backup_plan", "BackupPlan.Rules.0.Lifecycle.DeleteAfterDays", 7),
    ("C3", "backup", "get_backup_selection", "BackupSelection.Resources.0", GONE),
    ("C3", "backup", "get_backup_selection", "BackupSelection.IamRoleArn", "arn:aws:iam:::role/another"),
    ("C3", "backup", "describe_backup_vault", "EncryptionKeyArn", "arn:aws:kms:::key/another"),
    ("C4", "wafv2", "get_web_acl_for_resource", "WebACL", GONE),
    ("C4", "wafv2", "get_web_acl_for_resource", "WebACL.Rules.0", GONE),
    ("C4", "wafv2", "get_web_acl_for_resource", "WebACL.Rules.0.OverrideAction", {"Count": {}}),
    ("C5", "iam", "get_role_policy", "PolicyDocument.Statement.*.Effect", "Allow"),
    ("C5", "iam", "get_role_policy", "PolicyDocument.Statement.*.Condition", _ELSEWHERE),
    ("C6", "cloudwatch", "get_dashboard", "DashboardBody!.widgets.0", GONE),
    ("C6", "cloudwatch", "get_dashboard", "DashboardBody!.widgets.*.properties.metrics", []),
    ("C7", "stack", "outputs", "migrated", {"from": "nowhere"}),
    (
        "D1",
        "lambda",
        "get_function_configuration",
        "FunctionArn",
        "arn:aws:lambda:mars-north-1:0:function:f",
    ),
    ("D1", "lambda", "get_function_configuration", "Environment.Variables.ENVIRONMENT", "another"),
    ("D1", "lambda", "list_tags", "Tags.DataClassification", "public"),
    ("D1", "lambda", "list_tags", "Tags.CostCentre", "another"),
    ("D1", "cloudwatch", "describe_alarms", "MetricAlarms.*.Threshold", 77.0),
    ("D2", "ec2", "describe_vpcs", "Vpcs.*.CidrBlock", "10.99.0.0/16"),
    ("D2", "ec2", "describe_subnets", "Subnets.0", GONE),
    ("D2", "ec2", "describe_subnets", "Subnets.*.AvailabilityZone", "us-east-1a"),
    ("D2", "ec2", "describe_route_tables", "RouteTables.*.Routes", []),
    ("D2", "ec2", "describe_route_tables", "RouteTables.*.Associations", []),
    ("D2", "ec2", "describe_internet_gateways", "InternetGateways.*.Attachments.0.VpcId", "vpc-another"),
    ("D3", "s3", "get_bucket_lifecycle_configuration", "Rules.0.Status", "Disabled"),
    ("D3", "s3", "get_bucket_lifecycle_configuration", "Rules.0.Expiration.Days", 7),
    (
        "D3",
        "s3",
        "get_bucket_lifecycle_configuration",
        "Rules.0.Transitions",
        [{"Days": 30, "StorageClass": "GLACIER"}],
    ),
    ("D4", "stack", "components", "*.outputs", {}),
    ("D4", "stack", "components", "*.kind", "bluegreen:stack:Another"),
    ("D5", "stack", "told", "live_url", ""),
    ("D5", "stack", "drift", "changed", ["table-payments"]),
    ("D6", "stack", "manifest", "resources", []),
    ("D6", "stack", "manifest", "resources.0", GONE),
    ("D6", "stack", "manifest", "resources.0.id", ""),
    ("D6", "stack", "manifest", "resources.*.arn", None),
    ("D6", "stack", "manifest", "counts.aws:dynamodb/table:Table", 1),
    ("D6", "stack", "manifest", "account", "111111111111"),
)

_TOLD_OF_PROVISIONED: Final[_Told] = (
    ("A5", "application-autoscaling", "describe_scalable_targets", "ScalableTargets.0", GONE),
    ("A5", "application-autoscaling", "describe_scalable_targets", "ScalableTargets.0.MaxCapacity", 10),
    ("A5", "application-autoscaling", "describe_scaling_policies", "ScalingPolicies.0", GONE),
    (
        "A5",
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies.0.TargetTrackingScalingPolicyConfiguration.TargetValue",
        90.0,
    ),
)


_TOLD_OF_MIGRATED: Final[_Told] = (
    ("C7", "stack", "outputs", "migrated.tables", 1),
    ("C7", "stack", "statement", "statement_of", "nobody"),
    ("C7", "lambda", "list_tags", "Tags.MigratedFrom", GONE),
    ("C7", "lambda", "list_tags", "Tags.MigrationDate", "1999-12-31"),
    ("C7", "dynamodb", "list_tags_of_resource", "Tags", []),
    ("C7", "dynamodb", "describe_table", "Table.KeySchema.0.AttributeName", "another"),
    ("C7", "s3", "get_bucket_tagging", "TagSet", []),
)


def lies_about(seen: Deployed) -> list[Lie]:
    """All that can be told of an environment."""
    told = [*_TOLD]
    told += _TOLD_OF_PROVISIONED if seen.settings.capacity_mode == "provisioned" else ()
    told += _TOLD_OF_MIGRATED if seen.inventory else ()
    return [
        Lie(number=number, service=service, operation=operation, path=path, value=value)
        for number, service, operation, path, value in told
    ]
