"""Documented AWS rules that the service models do not hold; each returns what is wrong, or None.

Every rule names its source: the AWS documentation page, by service and title.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

Rule = Callable[[Mapping[str, Any]], str | None]

_RETENTION_DAYS: Final = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
_QUEUE_RANGES: Final = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_RESERVED_VARIABLES: Final = frozenset(
    (
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    )
)
_ALARM_PERIODS: Final = frozenset((10, 20, 30))
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_HOUR: Final = 3_600
_MINUTE: Final = 60
_TIMEOUT_SECONDS: Final = 900
_MEMORY_MB: Final = 10_240
_ENVIRONMENT_BYTES: Final = 4_096
_FIFO_BATCH: Final = 10
_UNWINDOWED_BATCH: Final = 10
_ITEMS_SHOWN: Final = 3


def _function_limits(params: Mapping[str, Any]) -> str | None:
    """Lambda quotas: 900 s and 10,240 MB; the model also admits managed instances (5,400 s, 32,768 MB)."""
    if params.get("Timeout", 0) > _TIMEOUT_SECONDS:
        return f"Timeout = {params['Timeout']}, wanted at most {_TIMEOUT_SECONDS} seconds"
    if params.get("MemorySize", 0) > _MEMORY_MB:
        return f"MemorySize = {params['MemorySize']}, wanted at most {_MEMORY_MB} MB"
    return None


def _function_environment(params: Mapping[str, Any]) -> str | None:
    """Lambda, Defined runtime environment variables: 4 KB for all, reserved keys cannot be set."""
    variables = (params.get("Environment") or {}).get("Variables") or {}
    if reserved := sorted(_RESERVED_VARIABLES & variables.keys()):
        return f"Environment sets the reserved {', '.join(reserved[:_ITEMS_SHOWN])}"
    size = sum(len(text.encode()) for pair in variables.items() for text in pair)
    return f"Environment has {size} bytes, wanted at most {_ENVIRONMENT_BYTES}" if size > _ENVIRONMENT_BYTES else None


def _alias_routing(params: Mapping[str, Any]) -> str | None:
    """Lambda, Implement canary deployments: at most one more version, both published, and not the same."""
    weights = (params.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    version = params.get("FunctionVersion")
    if len(weights) > 1:
        return f"RoutingConfig names {len(weights)} additional versions, wanted at most 1"
    if weights and version == "$LATEST":
        return "RoutingConfig on $LATEST: an alias with weights needs published versions"
    if version in weights:
        return f"RoutingConfig gives a weight to version {version}, which is the alias's own"
    return None


def _mapping_batch(params: Mapping[str, Any]) -> str | None:
    """Lambda, SQS event source mappings: FIFO batches of at most 10, no window; more than 10 need a window of 1 s."""
    batch, window = params.get("BatchSize") or 0, params.get("MaximumBatchingWindowInSeconds") or 0
    source = str(params.get("EventSourceArn", ""))
    if source.endswith(".fifo") and batch > _FIFO_BATCH:
        return f"BatchSize = {batch} on a FIFO queue, wanted at most {_FIFO_BATCH}"
    if source.endswith(".fifo") and window:
        return "MaximumBatchingWindowInSeconds on a FIFO queue, wanted none"
    if ":sqs:" in source and batch > _UNWINDOWED_BATCH and not window:
        return f"BatchSize = {batch} without MaximumBatchingWindowInSeconds, wanted a window of at least 1"
    return None


def _retention_days(params: Mapping[str, Any]) -> str | None:
    """CloudWatch Logs, PutRetentionPolicy: a closed list of days."""
    days = params.get("retentionInDays")
    if days in _RETENTION_DAYS:
        return None
    return f"retentionInDays = {days}, wanted one of {', '.join(map(str, sorted(_RETENTION_DAYS)))}"


def _queue_name(params: Mapping[str, Any]) -> str | None:
    """SQS, CreateQueue: up to 80 of letters, digits, hyphen and underscore; a FIFO queue's name ends in .fifo."""
    name, fifo = str(params.get("QueueName")), (params.get("Attributes") or {}).get("FifoQueue") == "true"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,75}\.fifo" if fifo else r"[A-Za-z0-9_-]{1,80}", name):
        return f"QueueName = {name!r}, wanted up to 80 letters, digits, - and _" + (", ending in .fifo" if fifo else "")
    return None


def _queue_attributes(params: Mapping[str, Any]) -> str | None:
    """SQS, SetQueueAttributes: ranges of the numeric attributes; a redrive policy names its queue and count."""
    attributes = params.get("Attributes") or {}
    for name, (low, high) in _QUEUE_RANGES.items():
        if name in attributes and not low <= int(attributes[name]) <= high:
            return f"{name} = {attributes[name]}, wanted {low} to {high}"
    if redrive := attributes.get("RedrivePolicy"):
        return _redrive_fault(json.loads(redrive), str(params.get("QueueName") or params.get("QueueUrl")))
    return None


def _redrive_fault(policy: Mapping[str, Any], queue: str) -> str | None:
    """SQS, Using dead-letter queues: 1 to 1,000 receives, and the dead-letter queue of a FIFO queue is FIFO."""
    if not 1 <= int(policy.get("maxReceiveCount", 0)) <= 1_000:  # noqa: PLR2004 - the range is in the docstring
        return f"maxReceiveCount = {policy.get('maxReceiveCount')}, wanted 1 to 1000"
    target = str(policy.get("deadLetterTargetArn", ""))
    if queue.endswith(".fifo") != target.endswith(".fifo"):
        return f"dead-letter queue {target} of {queue}: both must be FIFO, or neither"
    return None


def _topic_name(params: Mapping[str, Any]) -> str | None:
    """SNS, CreateTopic: up to 256 of letters, digits, hyphen and underscore; a FIFO topic's name ends in .fifo."""
    name, fifo = str(params.get("Name")), (params.get("Attributes") or {}).get("FifoTopic") == "true"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,251}\.fifo" if fifo else r"[A-Za-z0-9_-]{1,256}", name):
        return f"Name = {name!r}, wanted letters, digits, - and _" + (", ending in .fifo" if fifo else "")
    return None


def _table_name(params: Mapping[str, Any]) -> str | None:
    """DynamoDB, Naming rules: 3 to 255 letters, digits, hyphens, underscores and dots; the model also admits ARNs."""
    name = str(params.get("TableName"))
    if re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
        return None
    return f"TableName = {name!r}, wanted 3 to 255 letters, digits, -, _ and ."


def _table_keys(params: Mapping[str, Any]) -> str | None:
    """DynamoDB, CreateTable: attribute definitions are exactly the attributes that the keys use."""
    schemas: list[Sequence[Mapping[str, str]]] = [params.get("KeySchema") or []]
    indexes = chain(params.get("GlobalSecondaryIndexes") or [], params.get("LocalSecondaryIndexes") or [])
    schemas.extend(index.get("KeySchema") or [] for index in indexes)
    used = {key["AttributeName"] for schema in schemas for key in schema}
    defined = {item["AttributeName"] for item in params.get("AttributeDefinitions") or []}
    if missing := used - defined:
        return f"AttributeDefinitions lacks {', '.join(sorted(missing))}"
    return f"AttributeDefinitions has the unused {', '.join(sorted(extra))}" if (extra := defined - used) else None


def _table_capacity(params: Mapping[str, Any]) -> str | None:
    """DynamoDB, CreateTable: provisioned tables and their indexes need throughput, on-demand ones must not have it."""
    provisioned = params.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    owners = [("the table", params), *((i["IndexName"], i) for i in params.get("GlobalSecondaryIndexes") or [])]
    for name, owner in owners:
        if provisioned and not owner.get("ProvisionedThroughput"):
            return f"ProvisionedThroughput of {name} is missing: PROVISIONED billing needs read and write capacity"
        if not provisioned and owner.get("ProvisionedThroughput"):
            return f"ProvisionedThroughput of {name} with PAY_PER_REQUEST billing, wanted none"
    return None


def _alarm_shape(params: Mapping[str, Any]) -> str | None:
    """CloudWatch, PutMetricAlarm: one metric or queries, periods, M of N, and the length of the evaluation."""
    queries = params.get("Metrics") or []
    if bool(queries) == bool(params.get("MetricName")):
        return "wanted either MetricName or Metrics, not both and not neither"
    returned = [query for query in queries if query.get("ReturnData", True)]
    if queries and len(returned) != 1:
        return f"{len(returned)} of Metrics return data, wanted exactly 1"
    if params.get("DatapointsToAlarm", 1) > params.get("EvaluationPeriods", 1):
        return f"DatapointsToAlarm = {params['DatapointsToAlarm']} of {params['EvaluationPeriods']} periods"
    return _alarm_periods(params, queries)


def _alarm_periods(params: Mapping[str, Any], queries: Sequence[Mapping[str, Any]]) -> str | None:
    stats = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query]
    periods = [*stats, *(query["Period"] for query in queries if "Period" in query), params.get("Period")]
    known = [int(period) for period in periods if period is not None]
    for period in known:
        if period % _MINUTE and period not in _ALARM_PERIODS:
            return f"Period = {period}, wanted 10, 20, 30 or a multiple of 60"
    longest = max(known, default=_MINUTE)
    limit = _WEEK if longest >= _HOUR else _DAY
    if longest * int(params.get("EvaluationPeriods", 1)) > limit:
        return f"{params['EvaluationPeriods']} periods of {longest} s, wanted at most {limit} s in sum"
    return None


def _bucket_name(params: Mapping[str, Any]) -> str | None:
    """S3, Bucket naming rules: 3-63 of lower-case letters, digits, dots and hyphens, no two dots, not an address."""
    name = str(params.get("Bucket"))
    if not re.fullmatch(r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        return f"Bucket = {name!r}, wanted 3 to 63 lower-case letters, digits, dots and hyphens"
    return f"Bucket = {name!r} looks like an address" if re.fullmatch(r"(\d+\.){3}\d+", name) else None


def _stage_name(params: Mapping[str, Any]) -> str | None:
    """API Gateway, CreateStage: letters, digits, hyphen and underscore, at most 128."""
    name = str(params.get("stageName"))
    if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name):
        return None
    return f"stageName = {name!r}, wanted up to 128 letters, digits, - and _"


def _variables(params: Mapping[str, Any]) -> str | None:
    """API Gateway, Stage variables: names of letters, digits and _; values of a small alphabet."""
    for name, value in (params.get("variables") or {}).items():
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            return f"stage variable {name!r}, wanted letters, digits and _"
        if not re.fullmatch(r"[A-Za-z0-9\-._~:/?#&=,]*", value):
            return f"stage variable {name}: its value has characters outside A-Za-z0-9-._~:/?#&=,"
    return None


def _policy_document(name: str) -> Rule:
    def rule(params: Mapping[str, Any]) -> str | None:
        text = params.get(name)
        if text is None:
            return None
        try:
            document = json.loads(text)
        except ValueError:
            return f"{name} is not JSON"
        if not isinstance(document, Mapping) or "Statement" not in document:
            return f"{name} has no Statement"
        return None

    rule.__doc__ = "IAM, Grammar of the IAM JSON policy language: a JSON object with statements."
    return rule


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "lambda:CreateFunction": (_function_limits, _function_environment),
    "lambda:UpdateFunctionConfiguration": (_function_limits, _function_environment),
    "lambda:CreateAlias": (_alias_routing,),
    "lambda:UpdateAlias": (_alias_routing,),
    "lambda:CreateEventSourceMapping": (_mapping_batch,),
    "lambda:UpdateEventSourceMapping": (_mapping_batch,),
    "logs:PutRetentionPolicy": (_retention_days,),
    "sqs:CreateQueue": (_queue_name, _queue_attributes),
    "sqs:SetQueueAttributes": (_queue_attributes,),
    "sns:CreateTopic": (_topic_name,),
    "dynamodb:CreateTable": (_table_name, _table_keys, _table_capacity),
    "cloudwatch:PutMetricAlarm": (_alarm_shape,),
    "s3:CreateBucket": (_bucket_name,),
    "apigateway:CreateStage": (_stage_name, _variables),
    "iam:CreateRole": (_policy_document("AssumeRolePolicyDocument"),),
    "iam:PutRolePolicy": (_policy_document("PolicyDocument"),),
    "iam:CreatePolicy": (_policy_document("PolicyDocument"),),
    "s3:PutBucketPolicy": (_policy_document("Policy"),),
}
