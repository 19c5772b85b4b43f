"""What each requirement asks of an applied environment, looked up through boto3; one function a requirement."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stack.grants import FUNCTIONS, TABLES, fifo_name

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.running import RunningCloud
    from stack.naming import Place
    from stack.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One environment on the embedded cloud."""

    cloud: RunningCloud
    settings: Settings
    place: Place
    outputs: dict[str, Any]
    build: Path

    def ask(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        return self.cloud.client(service)

    def name(self, kind: str, purpose: str) -> str:
        return self.place.name(kind, purpose)

    @property
    def api_id(self) -> str:
        apis = self.ask("apigateway").get_rest_apis()["items"]
        return next(str(each["id"]) for each in apis if each["name"] == self.name("api", "payments"))

    def stage(self, name: str) -> dict[str, Any]:
        stage: dict[str, Any] = self.ask("apigateway").get_stage(restApiId=self.api_id, stageName=name)
        return stage

    def alarms(self) -> dict[str, dict[str, Any]]:
        pages = self.ask("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
        ending = f"-{self.place.environment}"
        found = (each for page in pages for each in page["MetricAlarms"])
        return {each["AlarmName"]: each for each in found if each["AlarmName"].endswith(ending)}

    def log_groups(self) -> list[dict[str, Any]]:
        pages = self.ask("logs").get_paginator("describe_log_groups").paginate()
        ending = f"-{self.place.environment}"
        return [each for page in pages for each in page["logGroups"] if ending in each["logGroupName"]]

    def queue(self, name: str) -> dict[str, str]:
        sqs = self.ask("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return attributes


Look = Callable[[Deployed], bool]
CHECKS: list[tuple[str, str, Look]] = []


def requirement(number: str, what: str) -> Callable[[Look], Look]:
    """Registers a look under the requirement's id."""

    def register(look: Look) -> Look:
        CHECKS.append((number, what, look))
        return look

    return register


@requirement("T1", "every function has a published version behind the aliases live and preview")
def _published(seen: Deployed) -> bool:
    aliases = {
        (each, alias["Name"]): alias["FunctionVersion"]
        for each in FUNCTIONS
        for alias in seen.ask("lambda").list_aliases(FunctionName=seen.name("function", each))["Aliases"]
    }
    return len(aliases) == 2 * len(FUNCTIONS) and all(version.isdigit() for version in aliases.values())


@requirement("T6", "a schedule and the alarms' events call the controller")
def _woken(seen: Deployed) -> bool:
    events = seen.ask("events")
    targets = [
        events.list_targets_by_rule(Rule=seen.name("rule", f"rollout-{each}"))["Targets"][0]["Arn"]
        for each in ("tick", "alarm")
    ]
    return targets == 2 * [seen.place.function_arn(seen.name("function", "rollout-controller"))]


@requirement("A1", "payment-processor: memory, 30 s, concurrency 100, tracing, dead letters kept 14 days")
def _processor(seen: Deployed) -> bool:
    name = seen.name("function", "payment-processor")
    found = seen.ask("lambda").get_function_configuration(FunctionName=name)
    concurrency = seen.ask("lambda").get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    dead = seen.name("queue", "payment-processor-dead")
    return (
        (found["MemorySize"], found["Timeout"], concurrency) == (seen.settings.memory_mb, 30, 100)
        and found["TracingConfig"]["Mode"] == "Active"
        and found["DeadLetterConfig"]["TargetArn"].endswith(f":{dead}")
        and seen.queue(dead)["MessageRetentionPeriod"] == "1209600"
    )


@requirement("A5", "payments: capacity mode, recovery, auto-scaling of table and index at 70 %")
def _payments(seen: Deployed) -> bool:
    name, settings = seen.name("table", "payments"), seen.settings
    table = seen.ask("dynamodb").describe_table(TableName=name)["Table"]
    backups = seen.ask("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovers = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    scaling = seen.ask("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    bounds = [(each["MinCapacity"], each["MaxCapacity"]) for each in targets if f"/{name}" in each["ResourceId"]]
    provisioned = settings.capacity_mode == "provisioned"
    wanted = 4 * [(settings.minimum_capacity, settings.maximum_capacity)] if provisioned else []
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    return (
        recovers is settings.point_in_time_recovery
        and bounds == wanted
        and mode == ("PROVISIONED" if provisioned else "PAY_PER_REQUEST")
    )


@requirement("A6", "no role has a managed policy; every right names its resources")
def _roles(seen: Deployed) -> bool:
    iam = seen.ask("iam")
    return all(
        iam.list_attached_role_policies(RoleName=seen.name("role", each))["AttachedPolicies"] == []
        and len(iam.list_role_policies(RoleName=seen.name("role", each))["PolicyNames"]) == 1
        for each in (*FUNCTIONS, "rollout-controller", "table-backups", "rollout-abort", "api-logs")
    )


@requirement("A7", "logs are kept 7 days; errors over 1 % of calls, twice, are an alarm")
def _slo(seen: Deployed) -> bool:
    kept = {each.get("retentionInDays") for each in seen.log_groups()}
    alarm = seen.alarms()[seen.name("alarm", "payment-processor-error-rate")]
    (watched,) = (each for each in alarm["Metrics"] if each.get("ReturnData"))
    return (
        kept == {7}
        and watched["Expression"] == "100 * errors / invocations"
        and (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1.0, 2, "notBreaching")
    )


@requirement("A8", "throttles, timeouts, p99, 4xx, 5xx and capacity are watched; every alarm tells the topic")
def _watched(seen: Deployed) -> bool:
    alarms = seen.alarms()
    purposes = [
        "payment-processor-throttles",
        "payment-processor-timeout",
        "api-p99-live",
        "api-4xx-live",
        "api-5xx-live",
    ]
    if seen.settings.capacity_mode == "provisioned":
        purposes += ["payments-reads", "payments-status-index-writes"]
    topic = seen.place.arn("sns", seen.name("topic", "alarms"))
    told = all(each["AlarmActions"] == [topic] for each in alarms.values())
    return told and {seen.name("alarm", each) for each in purposes} <= alarms.keys()


@requirement("A9", "stages trace, log, throttle; only production's reads are cached, encrypted, for 300 s")
def _stages(seen: Deployed) -> bool:
    live, preview = seen.stage("live"), seen.stage("preview")
    everything = live["methodSettings"]["*/*"]
    cached = [each for each in live["methodSettings"].values() if each.get("cachingEnabled")]
    wants_cache = seen.settings.cache_size_gb is not None
    return (
        all(each["tracingEnabled"] and each["accessLogSettings"]["destinationArn"] for each in (live, preview))
        and (everything["throttlingRateLimit"], everything["throttlingBurstLimit"]) == (1000.0, 2000)
        and not preview.get("cacheClusterEnabled")
        and bool(live.get("cacheClusterEnabled")) is wants_cache
        and len(cached) == (2 if wants_cache else 0)
        and all(each["cacheTtlInSeconds"] == 300 and each["cacheDataEncrypted"] for each in cached)
    )


@requirement("A10", "cost-allocation tags; the budget tells at 50, 80, 100 % and by forecast")
def _money(seen: Deployed) -> bool:
    arn = seen.place.function_arn(seen.name("function", "payment-processor"))
    tags = seen.ask("lambda").list_tags(Resource=arn)["Tags"]
    told = seen.ask("budgets").describe_notifications_for_budget(
        AccountId=seen.place.account, BudgetName=seen.name("budget", "monthly")
    )["Notifications"]
    alerts = sorted((each["NotificationType"], each["Threshold"]) for each in told)
    return tags.items() >= seen.place.tags("payment-processor").items() and alerts == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]


@requirement("A12", "no function URL; API Gateway may call the aliases only, from its own API")
def _callers(seen: Deployed) -> bool:
    functions, name = seen.ask("lambda"), seen.name("function", "payment-processor")
    granted = json.loads(functions.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
    try:
        plain = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    except functions.exceptions.ResourceNotFoundException:
        plain = []
    sources = [each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in granted]
    urls = functions.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    return urls == [] == plain and len(sources) == 3 and all(f":{seen.api_id}/live/" in each for each in sources)


@requirement("B1", "the asynchronous endpoints need a key and validate; one plan, 1000/s, burst 2000")
def _keyed(seen: Deployed) -> bool:
    gateway, api = seen.ask("apigateway"), seen.api_id
    resources = gateway.get_resources(restApiId=api, limit=100, embed=["methods"])["items"]
    methods = {
        (method, each["path"]): gateway.get_method(restApiId=api, resourceId=each["id"], httpMethod=method)
        for each in resources
        for method in each.get("resourceMethods", {})
    }
    keyed = {key for key, each in methods.items() if each["apiKeyRequired"] and each.get("requestValidatorId")}
    plans = gateway.get_usage_plans()["items"]
    (plan,) = (each for each in plans if each["name"] == seen.name("plan", "api"))
    return (
        keyed == {("POST", "/transactions"), ("GET", "/transaction/{id}"), ("POST", "/fraud-webhook")}
        and len(methods) == 6
        and (plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"]) == (1000.0, 2000)
        and {each["stage"] for each in plan["apiStages"]} == {"live", "preview"}
    )


@requirement("B2", "the asynchronous functions: arm64, 3 GB, 5 minutes, tracing; 50 at once")
def _asynchronous(seen: Deployed) -> bool:
    functions = seen.ask("lambda")
    found = [functions.get_function_configuration(FunctionName=seen.name("function", each)) for each in FUNCTIONS[1:]]
    shapes = {(each["MemorySize"], each["Timeout"], tuple(each["Architectures"])) for each in found}
    reserved = functions.get_function_concurrency(FunctionName=seen.name("function", "transaction-processor"))
    return shapes == {(3072, 300, ("arm64",))} and reserved["ReservedConcurrentExecutions"] == 50


@requirement("B3", "transactions and fraud-alerts: their keys, on demand, encrypted with our key")
def _tables(seen: Deployed) -> bool:
    tables = [
        seen.ask("dynamodb").describe_table(TableName=seen.name("table", each))["Table"]
        for each in ("transactions", "fraud-alerts")
    ]
    keys = [[key["AttributeName"] for key in each["KeySchema"]] for each in tables]
    modes = {each["BillingModeSummary"]["BillingMode"] for each in tables}
    return (
        keys == [["transaction_id"], ["alert_id", "timestamp"]]
        and modes == {"PAY_PER_REQUEST"}
        and all(":key/" in each["SSEDescription"]["KMSMasterKeyArn"] for each in tables)
    )


@requirement("B4", "FIFO queues: 4 days, deduplication, FIFO dead letters after 3; sources on the aliases")
def _queues(seen: Deployed) -> bool:
    held = []
    for purpose, function in (("transaction-processing", FUNCTIONS[1]), ("notifications", FUNCTIONS[3])):
        queue = seen.queue(fifo_name(seen.place, purpose))
        redrive = json.loads(queue["RedrivePolicy"])
        mappings = seen.ask("lambda").list_event_source_mappings(EventSourceArn=queue["QueueArn"])[
            "EventSourceMappings"
        ]
        live = seen.place.function_arn(seen.name("function", function), "live")
        held.append(
            (queue["FifoQueue"], queue["ContentBasedDeduplication"], queue["MessageRetentionPeriod"])
            == ("true", "true", "345600")
            and int(redrive["maxReceiveCount"]) == 3
            and redrive["deadLetterTargetArn"].endswith("-dead-" + seen.place.environment + ".fifo")
            and [(each["FunctionArn"], each["FunctionResponseTypes"]) for each in mappings]
            == [(live, ["ReportBatchItemFailures"])]
        )
    return all(held)


@requirement("B6", "the fraud service's secret is a SecureString under our key")
def _secrets(seen: Deployed) -> bool:
    name = f"/bluegreen/{seen.place.environment}/fraud/secret"
    found = seen.ask("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return bool(found["Type"] == "SecureString" and len(found["Value"]) >= 32)


@requirement("B7", "outputs: the API's URLs and every function's ARN")
def _outputs(seen: Deployed) -> bool:
    arns = {each: seen.place.function_arn(seen.name("function", each)) for each in FUNCTIONS}
    return seen.outputs["function_arns"] == arns and all(seen.outputs[each] for each in ("live_url", "preview_url"))


@requirement("C1", "the data key rotates and has its alias")
def _key(seen: Deployed) -> bool:
    kms = seen.ask("kms")
    aliases = kms.list_aliases()["Aliases"]
    (key,) = (each["TargetKeyId"] for each in aliases if each["AliasName"] == f"alias/{seen.name('key', 'data')}")
    return bool(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"])


@requirement("C2", "documents: versioned, our key with bucket key, closed, to Glacier after 90 days")
def _documents(seen: Deployed) -> bool:
    s3, name = seen.ask("s3"), seen.outputs["buckets"]["documents"]
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    (age,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    return (
        s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        and rule["BucketKeyEnabled"]
        and rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        and all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
        and age["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]
    )


@requirement("C3", "every table is backed up at 03:00 UTC and the copy kept 30 days")
def _backups(seen: Deployed) -> bool:
    backup = seen.ask("backup")
    plans = backup.list_backup_plans()["BackupPlansList"]
    (plan,) = (each["BackupPlanId"] for each in plans if each["BackupPlanName"] == seen.name("plan", "tables"))
    (rule,) = backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"]
    (chosen,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    selection = backup.get_backup_selection(BackupPlanId=plan, SelectionId=chosen["SelectionId"])["BackupSelection"]
    tables = {seen.place.arn("dynamodb", f"table/{seen.name('table', each)}") for each in TABLES}
    return (
        rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
        and rule["Lifecycle"]["DeleteAfterDays"] == 30
        and set(selection["Resources"]) == tables
    )


@requirement("C4", "both stages stand behind the managed rule groups")
def _firewall(seen: Deployed) -> bool:
    waf, found = seen.ask("wafv2"), []
    for stage in ("live", "preview"):
        arn = f"arn:aws:apigateway:{seen.place.region}::/restapis/{seen.api_id}/stages/{stage}"
        acl = waf.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
        found.append({each["Statement"]["ManagedRuleGroupStatement"]["Name"] for each in acl["Rules"]})
    return found == 2 * [{"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"}]


@requirement("C5", "every function's role is denied every other region")
def _region(seen: Deployed) -> bool:
    policies = [
        seen.ask("iam").get_role_policy(RoleName=seen.name("role", each), PolicyName=seen.name("policy", each))
        for each in FUNCTIONS
    ]
    documents = [each["PolicyDocument"] for each in policies]
    loaded = [json.loads(each) if isinstance(each, str) else each for each in documents]
    denied = [[each["Condition"] for each in one["Statement"] if each["Effect"] == "Deny"] for one in loaded]
    return denied == len(FUNCTIONS) * [[{"StringNotEquals": {"aws:RequestedRegion": seen.place.region}}]]


@requirement("C6", "the dashboard shows calls, errors, durations, the split by version, capacity and the API")
def _dashboard(seen: Deployed) -> bool:
    body = seen.ask("cloudwatch").get_dashboard(DashboardName=seen.name("dashboard", "payments"))["DashboardBody"]
    titles = {each["properties"]["title"] for each in json.loads(body)["widgets"]}
    split = {f"{seen.name('function', each)}: calls by version" for each in FUNCTIONS}
    return {"Invocations", "Errors", "Duration p99 (ms)", "Table capacity used", "API errors"} | split <= titles


@requirement("D2", "two public and two private subnets over two zones, in the environment's own range")
def _network(seen: Deployed) -> bool:
    ec2 = seen.ask("ec2")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    (vpc,) = (each for each in vpcs if each["CidrBlock"] == str(seen.settings.vpc_cidr))
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    return (len(subnets), len({each["AvailabilityZone"] for each in subnets})) == (4, 2)


@requirement("D3", "audit logs: to STANDARD_IA after 30 days, gone when the environment says")
def _audit(seen: Deployed) -> bool:
    (age,) = seen.ask("s3").get_bucket_lifecycle_configuration(Bucket=seen.outputs["buckets"]["audit-logs"])["Rules"]
    kept = seen.settings.audit_retention_days
    colder = [{"Days": 30, "StorageClass": "STANDARD_IA"}] if kept > 30 else []
    return bool(age["Expiration"]["Days"] == kept and age.get("Transitions", []) == colder)


@requirement("D6", "the manifest names every resource with its id")
def _manifest(seen: Deployed) -> bool:
    manifest = json.loads((seen.build / "manifests" / str(seen.outputs["manifest"])).read_text(encoding="utf-8"))
    return manifest["environment"] == seen.place.environment and all(each["id"] for each in manifest["resources"])
