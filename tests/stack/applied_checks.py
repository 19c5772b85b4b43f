"""What each requirement asks of an applied environment, looked up through boto3; one function a requirement."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from canary.schema import GUARD_ALARM_PREFIX, release_parameter
from stack.alarms import PERCENTILE_PERIODS
from stack.grants import CONTROLLER, FUNCTIONS, TABLES, fifo_name, fraud_secret, merchant_parameters
from stack.service import BATCHES_AT_ONCE
from tests.stack.deployed import THE_STACK
from tests.stack.house_rules import too_wide_statement

if TYPE_CHECKING:
    from tests.stack.deployed import Answer, Deployed, Look

PROCESSOR, TRANSACTIONS, FRAUD, SENDER = FUNCTIONS
ASYNCHRONOUS = (TRANSACTIONS, FRAUD, SENDER)
OTHER_ROLES: Final = (CONTROLLER, "table-backups", "rollout-abort", "api-logs")
ROUTES: Final = {PROCESSOR: 3, TRANSACTIONS: 2, FRAUD: 1, SENDER: 0}
STAGES: Final = ("live", "preview")
COMPONENTS: Final = {
    "AlarmTopic",
    "BlueGreenFunction",
    "Bucket",
    "EncryptionKey",
    "EventTopic",
    "FifoQueue",
    "Function",
    "Network",
    "Parameters",
    "PaymentsApi",
    "ReleaseHealth",
    "ReleaseParameter",
    "RolloutController",
    "SpendingCap",
    "Table",
    "TableBackups",
    "WebFirewall",
}

CHECKS: list[tuple[str, str, Look]] = []


def requirement(number: str, what: str) -> Callable[[Look], Look]:
    """Registers a look under the requirement's id."""

    def register(look: Look) -> Look:
        CHECKS.append((number, what, look))
        return look

    return register


def functions_of(seen: Deployed) -> tuple[str, ...]:
    """The purposes of all functions that are released."""
    return (*FUNCTIONS, *(each.purpose for each in seen.inventory.functions)) if seen.inventory else FUNCTIONS


def tables_of(seen: Deployed) -> tuple[str, ...]:
    """The purposes of all tables."""
    return (*TABLES, *(each.purpose for each in seen.inventory.tables)) if seen.inventory else TABLES


@requirement("T1", "every function has a published, active version behind the aliases live and preview")
def _published(seen: Deployed) -> bool:
    held = []
    for purpose in functions_of(seen):
        aliases = seen.ask("lambda", "list_aliases", FunctionName=seen.name("function", purpose))["Aliases"]
        versions = {each["Name"]: each["FunctionVersion"] for each in aliases}
        states = {seen.configuration(purpose, Qualifier=each)["State"] for each in versions.values()}
        held.append(
            versions.keys() == set(STAGES) and all(map(str.isdigit, versions.values())) and states == {"Active"}
        )
    return all(held)


@requirement("T6", "a schedule and the alarms' events may call the controller, and what they cannot deliver is kept")
def _woken(seen: Deployed) -> bool:
    function = seen.place.function_arn(seen.name("function", CONTROLLER))
    dead = seen.place.arn("sqs", seen.name("queue", f"{CONTROLLER}-dead"))
    rules = (seen.name("rule", f"rollout-{each}") for each in ("tick", "alarm"))
    tick, alarm = (seen.ask("events", "describe_rule", Name=each) for each in rules)
    targets = [
        (each["Arn"], each["DeadLetterConfig"]["Arn"])
        for rule in (tick, alarm)
        for each in seen.ask("events", "list_targets_by_rule", Rule=rule["Name"])["Targets"]
    ]
    callers = {each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in seen.permissions(CONTROLLER)}
    heard = json.loads(alarm["EventPattern"])["detail"]
    return (
        {tick["State"], alarm["State"]} == {"ENABLED"}
        and tick["ScheduleExpression"] == "rate(1 minute)"
        and {"prefix": GUARD_ALARM_PREFIX} in heard["alarmName"]
        and heard["state"] == {"value": ["ALARM"]}
        and targets == 2 * [(function, dead)]
        and callers == {tick["Arn"], alarm["Arn"]}
        and seen.concurrency(CONTROLLER) == 5
    )


@requirement("A1", "payment-processor: memory, 30 s, concurrency 100, tracing, dead letters kept 14 days")
def _processor(seen: Deployed) -> bool:
    found = seen.configuration(PROCESSOR)
    dead = seen.name("queue", f"{PROCESSOR}-dead")
    return (
        (found["MemorySize"], found["Timeout"]) == (seen.settings.memory_mb, 30)
        and seen.concurrency(PROCESSOR) == 100
        and found["TracingConfig"]["Mode"] == "Active"
        and found["DeadLetterConfig"]["TargetArn"] == seen.place.arn("sqs", dead)
        and seen.queue(dead)["MessageRetentionPeriod"] == "1209600"
    )


@requirement("A5", "payments: capacity mode, recovery, auto-scaling of table and index at 70 %")
def _payments(seen: Deployed) -> bool:
    settings, table = seen.settings, seen.table("payments")
    provisioned = settings.capacity_mode == "provisioned"
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    targets = seen.ask("application-autoscaling", "describe_scalable_targets", ServiceNamespace="dynamodb")
    bounds = {
        (each["ResourceId"], each["ScalableDimension"]): (each["MinCapacity"], each["MaxCapacity"])
        for each in targets["ScalableTargets"]
    }
    policies = seen.ask("application-autoscaling", "describe_scaling_policies", ServiceNamespace="dynamodb")
    aims = {
        (each["ResourceId"], each["ScalableDimension"]): each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        for each in policies["ScalingPolicies"]
    }
    places = [(f"table/{table['TableName']}", "table"), (f"table/{table['TableName']}/index/status-index", "index")]
    scaled = [(place, f"dynamodb:{kind}:{way}CapacityUnits") for place, kind in places for way in ("Read", "Write")]
    wanted = scaled if provisioned else []
    return (
        _recovery(seen, table["TableName"]) == ("ENABLED" if settings.point_in_time_recovery else "DISABLED")
        and mode == ("PROVISIONED" if provisioned else "PAY_PER_REQUEST")
        and bounds == dict.fromkeys(wanted, (settings.minimum_capacity, settings.maximum_capacity))
        and aims == dict.fromkeys(wanted, 70.0)
    )


def _recovery(seen: Deployed, table: str) -> str:
    described = seen.ask("dynamodb", "describe_continuous_backups", TableName=table)["ContinuousBackupsDescription"]
    status: str = described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return status


@requirement("A6", "no role has a managed policy; every right names its resources, where AWS lets it")
def _roles(seen: Deployed) -> bool:
    roles = {seen.name("role", each) for each in (*functions_of(seen), *OTHER_ROLES)}
    statements = seen.role_statements()
    attached = [seen.ask("iam", "list_attached_role_policies", RoleName=each)["AttachedPolicies"] for each in roles]
    return (
        statements.keys() == roles
        and all(each == [] for each in attached)
        and all(list(too_wide_statement(each)) == [] for each in chain.from_iterable(statements.values()))
    )


@requirement("A7", "every log is kept 7 days; errors over 1 % of a function's calls, twice, are an alarm")
def _slo(seen: Deployed) -> bool:
    functions, alarms = functions_of(seen), seen.alarms()
    logs = {f"/aws/lambda/{seen.name('function', each)}" for each in (*functions, CONTROLLER)}
    logs |= {f"/aws/apigateway/{seen.name('api', 'payments')}/{each}" for each in STAGES}
    groups = seen.ask("logs", "describe_log_groups")["logGroups"]
    return {each["logGroupName"]: each.get("retentionInDays") for each in groups} == dict.fromkeys(logs, 7) and all(
        _is_error_rate(alarms[f"{each}-error-rate"], seen.name("function", each)) for each in functions
    )


def _is_error_rate(alarm: Answer, function: str) -> bool:
    queries = {each["Id"]: each for each in alarm["Metrics"]}
    live = [{"Name": "FunctionName", "Value": function}, {"Name": "Resource", "Value": f"{function}:live"}]
    read = {
        each: (queries[each]["MetricStat"]["Metric"]["MetricName"], queries[each]["MetricStat"]["Stat"])
        for each in ("errors", "invocations")
    }
    return (
        [(each["Id"], each.get("Expression")) for each in alarm["Metrics"] if each.get("ReturnData")]
        == [("rate", "100 * errors / invocations")]
        and read == {"errors": ("Errors", "Sum"), "invocations": ("Invocations", "Sum")}
        and all(queries[each]["MetricStat"]["Metric"]["Dimensions"] == live for each in read)
        and (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1.0, 2, "notBreaching")
        and alarm["ComparisonOperator"] == "GreaterThanThreshold"
    )


@requirement("A8", "calls, latency, capacity and dead letters are watched; every alarm tells the topic")
def _watched(seen: Deployed) -> bool:
    alarms = seen.alarms()
    purposes = {f"{kind}-{stage}" for kind in ("api-p99", "api-4xx", "api-5xx") for stage in STAGES}
    purposes |= {f"{each}-{kind}" for each in functions_of(seen) for kind in ("throttles", "timeout", "dead")}
    purposes |= {f"{each}-dead" for each in (CONTROLLER, "transaction-processing", "notifications")}
    if seen.settings.capacity_mode == "provisioned":
        purposes |= {f"payments{index}-{way}s" for index in ("", "-status-index") for way in ("read", "write")}
    slow = alarms["api-p99-live"]
    composite = seen.ask("cloudwatch", "describe_alarms", AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    topic = [seen.place.arn("sns", seen.name("topic", "alarms"))]
    return (
        purposes <= alarms.keys()
        and all(each["AlarmActions"] == topic and each["ActionsEnabled"] for each in (*alarms.values(), *composite))
        and [each["AlarmName"] for each in composite] == [seen.name("alarm", "release-health")]
        and (slow["ExtendedStatistic"], slow["Threshold"]) == ("p99", 500.0)
        and slow["EvaluationPeriods"] == PERCENTILE_PERIODS
        and slow["EvaluateLowSampleCountPercentile"] == "evaluate"
    )


@requirement("A9", "stages trace, log, throttle; only production's reads are cached, encrypted, for 300 s")
def _stages(seen: Deployed) -> bool:
    live, preview = seen.stage("live"), seen.stage("preview")
    cached = [each for each in live["methodSettings"].values() if each.get("cachingEnabled")]
    size = seen.settings.cache_size_gb
    everything = [each["methodSettings"]["*/*"] for each in (live, preview)]
    limits = {(each["throttlingRateLimit"], each["throttlingBurstLimit"]) for each in everything}
    return (
        all(each["tracingEnabled"] and each["accessLogSettings"]["destinationArn"] for each in (live, preview))
        and limits == {(seen.settings.throttle_rate, seen.settings.throttle_burst)}
        and not preview.get("cacheClusterEnabled")
        and bool(live.get("cacheClusterEnabled")) is (size is not None)
        and live.get("cacheClusterSize") == size
        and len(cached) == (2 if size is not None else 0)
        and all(each["cacheTtlInSeconds"] == 300 and each["cacheDataEncrypted"] for each in cached)
    )


@requirement("A10", "cost-allocation tags; the budget of 500 USD tells at 50, 80, 100 % and by forecast")
def _money(seen: Deployed) -> bool:
    budget = {"AccountId": seen.place.account, "BudgetName": seen.name("budget", "monthly")}
    limit = seen.ask("budgets", "describe_budget", **budget)["Budget"]["BudgetLimit"]
    told = seen.ask("budgets", "describe_notifications_for_budget", **budget)["Notifications"]
    return (
        all(each.items() >= seen.place.tags(purpose).items() for purpose, each in _tags(seen))
        and (float(limit["Amount"]), limit["Unit"]) == (500.0, "USD")
        and sorted((each["NotificationType"], each["Threshold"]) for each in told)
        == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    )


def _tags(seen: Deployed) -> list[tuple[str, dict[str, str]]]:
    """The tags of functions, tables, queues and buckets, each beside the component that it belongs to."""
    found = []
    for purpose in (*FUNCTIONS, CONTROLLER):
        arn = seen.place.function_arn(seen.name("function", purpose))
        found.append((purpose, seen.ask("lambda", "list_tags", Resource=arn)["Tags"]))
    for purpose in TABLES:
        arn = seen.table(purpose)["TableArn"]
        found.append((purpose, _as_mapping(seen.ask("dynamodb", "list_tags_of_resource", ResourceArn=arn)["Tags"])))
    for purpose in ("transaction-processing", "notifications"):
        url = seen.ask("sqs", "get_queue_url", QueueName=fifo_name(seen.place, purpose))["QueueUrl"]
        found.append((purpose, seen.ask("sqs", "list_queue_tags", QueueUrl=url)["Tags"]))
    for purpose, bucket in seen.outputs["buckets"].items():
        found.append((purpose, _as_mapping(seen.ask("s3", "get_bucket_tagging", Bucket=bucket)["TagSet"])))
    return found


def _as_mapping(tags: list[dict[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tags}


@requirement("A11", "what a release needs is where it looks: targets, alarms that exist, controller, table of rollouts")
def _releasable(seen: Deployed) -> bool:
    parameter = seen.ask("ssm", "get_parameter", Name=release_parameter(seen.place.environment))["Parameter"]
    release = json.loads(parameter["Value"])
    store = seen.table("rollouts")
    alarms = {seen.name("alarm", each) for each in (f"{PROCESSOR}-error-rate", "api-p99-live", "api-5xx-live")}
    rule = seen.ask("cloudwatch", "describe_alarms", AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]["AlarmRule"]
    controller = seen.configuration(CONTROLLER)
    return (
        [(each["function"], each["alias"], each["preview_alias"]) for each in release["targets"]]
        == [(seen.name("function", each), "live", "preview") for each in FUNCTIONS]
        and set(release["alarms"]) == alarms
        and alarms <= {seen.name("alarm", each) for each in seen.alarms()}
        and all(f'ALARM("{each}")' in rule for each in alarms)
        and release["controller"] == controller["FunctionName"]
        and controller["State"] == "Active"
        and controller["Environment"]["Variables"]["CANARY_STORE"] == release["store"] == store["TableName"]
        and store["TableStatus"] == "ACTIVE"
        and release["notify"] == [f"sns:{seen.place.arn('sns', seen.name('topic', 'alarms'))}"]
    )


@requirement("A12", "no function has a URL; API Gateway may call the aliases only, each from its own stage")
def _callers(seen: Deployed) -> bool:
    held = []
    for purpose, routes in ROUTES.items():
        urls = seen.ask("lambda", "list_function_url_configs", FunctionName=seen.name("function", purpose))
        held.append(urls["FunctionUrlConfigs"] == [] == seen.permissions(purpose))
        for stage in STAGES:
            granted = seen.permissions(purpose, Qualifier=stage)
            sources = {each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in granted}
            held.append(
                len(sources) == len(granted) == routes
                and all(each["Principal"] == {"Service": "apigateway.amazonaws.com"} for each in granted)
                and all(f":{seen.api_id}/{stage}/" in each for each in sources)
            )
    return all(held)


@requirement(
    "B1", "the asynchronous endpoints and the list of payments need a key and validate; one plan, 1000/s, burst 2000"
)
def _keyed(seen: Deployed) -> bool:
    api = seen.api_id
    resources = seen.ask("apigateway", "get_resources", restApiId=api)["items"]
    methods = {
        (method, each["path"]): seen.ask(
            "apigateway", "get_method", restApiId=api, resourceId=each["id"], httpMethod=method
        )
        for each in resources
        for method in each.get("resourceMethods", {})
    }
    keyed = {key for key, each in methods.items() if each["apiKeyRequired"]}
    plans = seen.ask("apigateway", "get_usage_plans")["items"]
    (plan,) = (each for each in plans if each["name"] == seen.name("plan", "api"))
    (key,) = seen.ask("apigateway", "get_usage_plan_keys", usagePlanId=plan["id"])["items"]
    return (
        methods.keys() - keyed == {("POST", "/payments"), ("GET", "/payments/{id}")}
        and len(methods) == 6
        and all(each.get("requestValidatorId") for each in methods.values())
        and (plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"]) == (1000.0, 2000)
        and {(each["apiId"], each["stage"]) for each in plan["apiStages"]} == {(api, each) for each in STAGES}
        and key["id"] == seen.outputs["api_key_id"]
    )


@requirement("B2", "the asynchronous functions: arm64, Python, 3 GB, 5 minutes, tracing; 50 at once")
def _asynchronous(seen: Deployed) -> bool:
    found = [seen.configuration(each) for each in ASYNCHRONOUS]
    shapes = {
        (each["MemorySize"], each["Timeout"], *each["Architectures"], each["TracingConfig"]["Mode"], each["Runtime"])
        for each in found
    }
    return shapes == {(3072, 300, "arm64", "Active", "python3.13")} and seen.concurrency(TRANSACTIONS) == 50


@requirement("B3", "transactions and fraud-alerts: their keys, on demand, recovery, encrypted with our key")
def _tables(seen: Deployed) -> bool:
    tables = [seen.table(each) for each in ("transactions", "fraud-alerts")]
    recovery = {_recovery(seen, each["TableName"]) for each in tables}
    return (
        [[(key["AttributeName"], key["KeyType"]) for key in each["KeySchema"]] for each in tables]
        == [[("transaction_id", "HASH")], [("alert_id", "HASH"), ("timestamp", "RANGE")]]
        and {each["BillingModeSummary"]["BillingMode"] for each in tables} == {"PAY_PER_REQUEST"}
        and {each["SSEDescription"]["KMSMasterKeyArn"] for each in tables} == {seen.key_arn}
        and recovery == {"ENABLED" if seen.settings.point_in_time_recovery else "DISABLED"}
    )


@requirement("B4", "FIFO queues: 4 days, deduplication, FIFO dead letters after 3; sources on the aliases")
def _queues(seen: Deployed) -> bool:
    held = []
    for purpose, function in (("transaction-processing", TRANSACTIONS), ("notifications", SENDER)):
        queue, dead = (seen.queue(fifo_name(seen.place, each)) for each in (purpose, f"{purpose}-dead"))
        redrive = json.loads(queue["RedrivePolicy"])
        mappings = seen.ask("lambda", "list_event_source_mappings", EventSourceArn=queue["QueueArn"])
        live = seen.place.function_arn(seen.name("function", function), "live")
        held.append(
            (queue["FifoQueue"], queue["ContentBasedDeduplication"], queue["MessageRetentionPeriod"])
            == ("true", "true", "345600")
            and (dead["FifoQueue"], dead["MessageRetentionPeriod"]) == ("true", "1209600")
            and (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (dead["QueueArn"], 3)
            and [
                (each["FunctionArn"], each["FunctionResponseTypes"], each["State"], each["ScalingConfig"])
                for each in mappings["EventSourceMappings"]
            ]
            == [(live, ["ReportBatchItemFailures"], "Enabled", {"MaximumConcurrency": BATCHES_AT_ONCE})]
        )
    return all(held)


@requirement("B5", "a transaction is taken as pending and settled from the queue; a forged verdict is refused")
def _flow(seen: Deployed) -> bool:
    taking, judging, telling = (seen.variables(each) for each in ASYNCHRONOUS)
    urls = [
        seen.ask("sqs", "get_queue_url", QueueName=fifo_name(seen.place, each))["QueueUrl"]
        for each in ("transaction-processing", "notifications")
    ]
    return (
        [taking["TRANSACTION_QUEUE_URL"], taking["NOTIFICATION_QUEUE_URL"]] == urls
        and {judging["NOTIFICATION_QUEUE_URL"], telling["NOTIFICATION_QUEUE_URL"]} == {urls[1]}
        and {each["TRANSACTIONS_TABLE"] for each in (taking, judging)} == {seen.table("transactions")["TableName"]}
        and judging["FRAUD_ALERTS_TABLE"] == seen.table("fraud-alerts")["TableName"]
        and judging["FRAUD_SECRET_PARAMETER"] == fraud_secret(seen.place)
        and telling["MERCHANT_PARAMETERS"] == merchant_parameters(seen.place)
        and seen.ask(THE_STACK, "transaction") == {"taken": "pending", "then": "settled", "forged": 401}
    )


@requirement("B6", "the fraud service's secret is a SecureString under our key; nothing tells a secret in plain text")
def _secrets(seen: Deployed) -> bool:
    name = fraud_secret(seen.place)
    found = seen.ask("ssm", "get_parameter", Name=name, WithDecryption=True)["Parameter"]
    described = seen.ask("ssm", "describe_parameters")["Parameters"]
    keys = [each.get("KeyId") for each in described if each["Name"] == name]
    key = seen.ask("apigateway", "get_api_key", apiKey=seen.outputs["api_key_id"], includeValue=True)["value"]
    plain = [json.dumps(seen.ask(THE_STACK, each)) for each in ("state", "manifest", "outputs")]
    return (
        found["Type"] == "SecureString"
        and min(len(found["Value"]), len(key)) >= 20
        and keys == [seen.key_arn]
        and not any(secret in text for secret in (found["Value"], key) for text in plain)
    )


@requirement("B7", "outputs: the API's URLs and the ARN of every function, each of which exists")
def _outputs(seen: Deployed) -> bool:
    arns = seen.outputs["function_arns"]
    return (
        arns == {each: seen.configuration(each)["FunctionArn"] for each in FUNCTIONS}
        and all(f"/{stage}" in seen.outputs[f"{stage}_url"] for stage in STAGES)
        and all(seen.api_id in seen.outputs[f"{stage}_url"] for stage in STAGES)
    )


@requirement("C1", "the data key is ours, rotates and has its alias")
def _key(seen: Deployed) -> bool:
    key = seen.ask("kms", "describe_key", KeyId=seen.key_arn)["KeyMetadata"]
    rotates = seen.ask("kms", "get_key_rotation_status", KeyId=seen.key_arn)["KeyRotationEnabled"]
    return rotates is True and (key["KeyManager"], key["KeyState"]) == ("CUSTOMER", "Enabled")


def _is_closed(seen: Deployed, bucket: str) -> bool:
    """Whether a bucket is versioned, encrypted with our key, closed to the public and to plain HTTP."""
    (rule,) = seen.ask("s3", "get_bucket_encryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    by_default = rule["ApplyServerSideEncryptionByDefault"]
    block = seen.ask("s3", "get_public_access_block", Bucket=bucket)["PublicAccessBlockConfiguration"]
    (refused,) = json.loads(seen.ask("s3", "get_bucket_policy", Bucket=bucket)["Policy"])["Statement"]
    return (
        seen.ask("s3", "get_bucket_versioning", Bucket=bucket)["Status"] == "Enabled"
        and rule["BucketKeyEnabled"] is True
        and (by_default["SSEAlgorithm"], by_default["KMSMasterKeyID"]) == ("aws:kms", seen.key_arn)
        and sorted(block.values()) == 4 * [True]
        and (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    )


@requirement("C2", "documents: versioned, our key with bucket key, closed, to Glacier after 90 days")
def _documents(seen: Deployed) -> bool:
    bucket = seen.outputs["buckets"]["documents"]
    (age,) = seen.ask("s3", "get_bucket_lifecycle_configuration", Bucket=bucket)["Rules"]
    colder = [{"Days": 90, "StorageClass": "GLACIER"}]
    return _is_closed(seen, bucket) and (age["Status"], age["Transitions"]) == ("Enabled", colder)


@requirement("C3", "every table is backed up at 03:00 UTC, in a vault under our key, and the copy kept 30 days")
def _backups(seen: Deployed) -> bool:
    plans = seen.ask("backup", "list_backup_plans")["BackupPlansList"]
    (plan,) = (each["BackupPlanId"] for each in plans if each["BackupPlanName"] == seen.name("plan", "tables"))
    (rule,) = seen.ask("backup", "get_backup_plan", BackupPlanId=plan)["BackupPlan"]["Rules"]
    (chosen,) = seen.ask("backup", "list_backup_selections", BackupPlanId=plan)["BackupSelectionsList"]
    selection = seen.ask("backup", "get_backup_selection", BackupPlanId=plan, SelectionId=chosen["SelectionId"])
    vault = seen.ask("backup", "describe_backup_vault", BackupVaultName=rule["TargetBackupVaultName"])
    return (
        rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
        and rule["Lifecycle"]["DeleteAfterDays"] == 30
        and set(selection["BackupSelection"]["Resources"]) == {seen.table(each)["TableArn"] for each in tables_of(seen)}
        and selection["BackupSelection"]["IamRoleArn"].endswith(f":role/{seen.name('role', 'table-backups')}")
        and vault["EncryptionKeyArn"] == seen.key_arn
    )


@requirement("C4", "both stages stand behind the managed rule groups, which block")
def _firewall(seen: Deployed) -> bool:
    found = []
    for stage in STAGES:
        arn = f"arn:aws:apigateway:{seen.place.region}::/restapis/{seen.api_id}/stages/{stage}"
        rules = seen.ask("wafv2", "get_web_acl_for_resource", ResourceArn=arn)["WebACL"]["Rules"]
        found.append(
            {(each["Statement"]["ManagedRuleGroupStatement"]["Name"], *each["OverrideAction"]) for each in rules}
        )
    return found == 2 * [{("AWSManagedRulesCommonRuleSet", "None"), ("AWSManagedRulesKnownBadInputsRuleSet", "None")}]


@requirement("C5", "every role of a function, the controller's too, is denied every other region")
def _region(seen: Deployed) -> bool:
    statements = seen.role_statements()
    everywhere = [{"StringNotEquals": {"aws:RequestedRegion": seen.place.region}}]
    return all(
        [each["Condition"] for each in statements[seen.name("role", purpose)] if _is_denial_of_all(each)] == everywhere
        for purpose in (*functions_of(seen), *OTHER_ROLES)
    )


def _is_denial_of_all(statement: Answer) -> bool:
    return (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", ["*"], ["*"])


@requirement("C6", "the dashboard shows calls, errors, durations, the split by version, capacity and the API")
def _dashboard(seen: Deployed) -> bool:
    name = seen.name("dashboard", "payments")
    widgets = json.loads(seen.ask("cloudwatch", "get_dashboard", DashboardName=name)["DashboardBody"])["widgets"]
    shown = {each["properties"]["title"] for each in widgets if each["properties"]["metrics"]}
    split = {f"{seen.name('function', each)}: calls by version" for each in FUNCTIONS}
    titles = {"Invocations", "Errors", "Duration p99 (ms)", "Requests by stage", "API errors", "Table capacity used"}
    return titles | split <= shown


@requirement("C7", "what the inventory names stands here, works, is counted, and tagged with where it came from")
def _migrated(seen: Deployed) -> bool:
    if seen.inventory is None:
        return "migrated" not in seen.outputs
    inventory, found = seen.inventory, []
    for function in inventory.functions:
        arn = seen.configuration(function.purpose)["FunctionArn"]
        found.append(seen.ask("lambda", "list_tags", Resource=arn)["Tags"])
    for table in inventory.tables:
        described = seen.table(table.purpose)
        keys = [each["AttributeName"] for each in described["KeySchema"]]
        tags = seen.ask("dynamodb", "list_tags_of_resource", ResourceArn=described["TableArn"])["Tags"]
        found.append(_as_mapping(tags) if keys == [*filter(None, (table.partition_key, table.sort_key))] else {})
    for bucket in inventory.buckets:
        name = f"bucket-{bucket.purpose}-{seen.place.account}-{seen.place.environment}"
        found.append(_as_mapping(seen.ask("s3", "get_bucket_tagging", Bucket=name)["TagSet"]))
    origin = {"MigratedFrom": inventory.source, "MigrationDate": inventory.day.isoformat()}
    return (
        seen.outputs["migrated"] == {"from": inventory.source, **inventory.counts}
        and all(each.items() >= origin.items() for each in found)
        and seen.ask(THE_STACK, "statement") == {"statement_of": "c-1"}
    )


@requirement("D1", "account, region, thresholds, cost centre and data classification are the environment's own")
def _settings(seen: Deployed) -> bool:
    settings, alarms = seen.settings, seen.alarms()
    arn = seen.configuration(PROCESSOR)["FunctionArn"]
    tags = seen.ask("lambda", "list_tags", Resource=arn)["Tags"]
    limits = {(alarms[f"{each}-errors"]["Threshold"], alarms[f"{each}-throttles"]["Threshold"]) for each in FUNCTIONS}
    return (
        arn.split(":")[3:5] == [settings.region, seen.place.account]
        and limits == {(float(settings.error_threshold), float(settings.throttle_threshold))}
        and (tags["Environment"], tags["CostCentre"], tags["DataClassification"])
        == (settings.environment.value, settings.cost_centre, settings.data_classification)
        and {seen.variables(each)["ENVIRONMENT"] for each in FUNCTIONS} == {settings.environment.value}
    )


@requirement("D2", "two public and two private subnets over two zones in our own range; only the public ones reach out")
def _network(seen: Deployed) -> bool:
    vpcs = seen.ask("ec2", "describe_vpcs")["Vpcs"]
    (vpc,) = (each for each in vpcs if each["CidrBlock"] == str(seen.settings.vpc_cidr))
    inside: dict[str, Any] = {"Filters": [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]}
    subnets = {each["SubnetId"]: each for each in seen.ask("ec2", "describe_subnets", **inside)["Subnets"]}
    tables = seen.ask("ec2", "describe_route_tables", **inside)["RouteTables"]
    ways = {
        association["SubnetId"]: [each["GatewayId"] for each in table["Routes"] if _reaches_the_internet(each)]
        for table in tables
        for association in table["Associations"]
        if association.get("SubnetId")
    }
    gateways = seen.ask("ec2", "describe_internet_gateways")["InternetGateways"]
    (gateway,) = (each["InternetGatewayId"] for each in gateways if each["Attachments"][0]["VpcId"] == vpc["VpcId"])
    public = [subnets[each] for each, way in ways.items() if way == [gateway]]
    private = [subnets[each] for each, way in ways.items() if not way]
    return len(subnets) == 4 and all(
        len({each["AvailabilityZone"] for each in side}) == len(side) == 2 for side in (public, private)
    )


def _reaches_the_internet(route: Answer) -> bool:
    return route.get("DestinationCidrBlock") == "0.0.0.0/0" and "GatewayId" in route


@requirement("D3", "audit logs: versioned, encrypted, closed, to STANDARD_IA after 30 days, then gone as settings say")
def _audit(seen: Deployed) -> bool:
    bucket = seen.outputs["buckets"]["audit-logs"]
    (age,) = seen.ask("s3", "get_bucket_lifecycle_configuration", Bucket=bucket)["Rules"]
    kept = seen.settings.audit_retention_days
    colder = [{"Days": 30, "StorageClass": "STANDARD_IA"}] if kept > 30 else []
    aged = (age["Status"], age["Expiration"]["Days"], age.get("Transitions", []))
    return _is_closed(seen, bucket) and aged == ("Enabled", kept, colder)


@requirement("D4", "every component was registered with its outputs, and each is in use")
def _components(seen: Deployed) -> bool:
    components = seen.ask(THE_STACK, "components")
    kinds = {each["kind"].removeprefix("bluegreen:stack:") for each in components.values()}
    return kinds == COMPONENTS and all(each["outputs"] for each in components.values())


@requirement("D5", "the environment tells its outputs by one command, and nothing drifted from what is recorded")
def _commands(seen: Deployed) -> bool:
    return seen.ask(THE_STACK, "told") == seen.outputs and seen.ask(THE_STACK, "drift") == {"changed": []}


@requirement("D6", "the manifest names every resource with its id and the settings that matter")
def _manifest(seen: Deployed) -> bool:
    manifest = seen.ask(THE_STACK, "manifest")
    resources = manifest["resources"]
    made = seen.ask(THE_STACK, "resources")["names"]
    where = (manifest["environment"], manifest["account"], manifest["region"])
    arn = seen.configuration(PROCESSOR)["FunctionArn"]
    return (
        where == (seen.place.environment, seen.place.account, seen.place.region)
        and sorted(each["name"] for each in resources) == made
        and sum(manifest["counts"].values()) == len(resources)
        and all(each["id"] for each in resources)
        and [each["settings"]["memory_size"] for each in resources if each["arn"] == arn] == [seen.settings.memory_mb]
    )
