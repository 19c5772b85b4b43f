import json
from typing import Any

import pytest

from canary.schema import RELEASE_SCHEMA
from localcloud.resources.catalog import CATALOG
from stack.errors import SettingsError
from stack.grants import resource_documents
from stack.program import place_of
from stack.settings import CHECKOUT, parse_settings
from tests.stack.recording import Graph, record, recorded

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
PERMISSION = "aws:lambda/permission:Permission"
TABLE = "aws:dynamodb/table:Table"


def urn_of(dev: Graph, kind: str, name: str) -> str:
    return dev.one(kind, name).urn


def test_a_function_is_published_from_a_bundle_with_everything_that_a1_asks(dev: Graph) -> None:
    inputs = dev.one(FUNCTION, "function-payment-processor-dev").inputs
    assert inputs["publish"] is True
    assert (inputs["memorySize"], inputs["timeout"], inputs["reservedConcurrentExecutions"]) == (512, 30, 100)
    assert (inputs["runtime"], inputs["architectures"]) == ("python3.13", ["arm64"])
    assert inputs["tracingConfig"] == {"mode": "Active"}
    assert "queue-payment-processor-dead-dev" in inputs["deadLetterConfig"]["targetArn"]


def test_every_function_that_is_released_has_the_layer_of_what_lambda_lacks() -> None:
    graph = recorded("prod", ("inventory", str(CHECKOUT / "examples" / "inventory.json")))
    (layer,) = graph.of("aws:lambda/layerVersion:LayerVersion")
    released = [each for each in graph.of(FUNCTION) if each.inputs["publish"]]
    assert (layer.name, layer.inputs["layerName"]) == 2 * ("layer-dependencies-prod",)
    assert len(released) == 5
    assert [len(each.inputs["layers"]) for each in released] == 5 * [1]


def test_the_log_group_and_the_rights_exist_before_the_function_does(dev: Graph) -> None:
    function = dev.one(FUNCTION, "function-payment-processor-dev")
    assert urn_of(dev, "aws:cloudwatch/logGroup:LogGroup", "logs-payment-processor-dev") in function.depends_on
    assert urn_of(dev, "aws:iam/rolePolicy:RolePolicy", "policy-payment-processor-dev") in function.depends_on


def test_every_alias_ignores_its_routing_and_is_otherwise_constant(graph: Graph) -> None:
    """An update of one input would send the recorded routing along, so no other input may ever change."""
    for alias in graph.of(ALIAS):
        assert set(alias.ignored) == {"functionVersion", "routingConfig"}
        assert set(alias.inputs) == {"name", "description", "functionName", "functionVersion"}


def test_the_error_rate_is_computed_by_metric_math_on_the_live_alias(dev: Graph) -> None:
    alarm = dev.one(ALARM, "alarm-payment-processor-error-rate-dev").inputs
    watched = {query["id"]: query for query in alarm["metricQueries"]}
    live = {"FunctionName": "function-payment-processor-dev", "Resource": "function-payment-processor-dev:live"}
    assert watched["rate"]["expression"] == "100 * errors / invocations"
    assert [query["id"] for query in alarm["metricQueries"] if query.get("returnData")] == ["rate"]
    assert watched["errors"]["metric"]["dimensions"] == watched["invocations"]["metric"]["dimensions"] == live
    assert (alarm["threshold"], alarm["evaluationPeriods"], alarm["treatMissingData"]) == (1.0, 2, "notBreaching")


@pytest.mark.parametrize(
    ("purpose", "metric", "threshold"),
    [
        ("payment-processor-errors", "Errors", 5),
        ("payment-processor-throttles", "Throttles", 10),
        ("payment-processor-timeout", "Duration", 24_000),
        ("payment-processor-p99", "Duration", 500),
        ("api-p99-live", "Latency", 500),
        ("api-5xx-live", "5XXError", 0.01),
        ("api-4xx-preview", "4XXError", 0.2),
    ],
)
def test_an_alarm_watches_each_limit(dev: Graph, purpose: str, metric: str, threshold: float) -> None:
    alarm = dev.one(ALARM, f"alarm-{purpose}-dev").inputs
    assert (alarm["metricName"], alarm["threshold"], alarm["treatMissingData"]) == (metric, threshold, "notBreaching")


def test_percentiles_are_evaluated_at_any_traffic_and_only_three_minutes_running_are_a_breach(graph: Graph) -> None:
    """With ``ignore`` a p99 alarm kept its state below 1,000 calls a minute: at the stated load it was blind."""
    percentiles = [each.inputs for each in graph.of(ALARM) if each.inputs.get("extendedStatistic")]
    environment = graph.outputs["environment"]
    assert {each["name"] for each in percentiles} == {
        f"alarm-{purpose}-{environment}" for purpose in ("payment-processor-p99", "api-p99-live", "api-p99-preview")
    }
    chosen = {(each["evaluateLowSampleCountPercentiles"], each["evaluationPeriods"]) for each in percentiles}
    assert chosen == {("evaluate", 3)}


def test_both_stages_share_one_deployment_and_pick_the_alias_by_a_variable(dev: Graph) -> None:
    stages = {stage.inputs["stageName"]: stage.inputs for stage in dev.of("aws:apigateway/stage:Stage")}
    assert {name: inputs["variables"] for name, inputs in stages.items()} == {
        "live": {"alias": "live"},
        "preview": {"alias": "preview"},
    }
    assert len({inputs["deployment"] for inputs in stages.values()}) == 1
    uris = {each.inputs["uri"] for each in dev.of("aws:apigateway/integration:Integration")}
    assert all("${stageVariables.alias}/invocations" in uri for uri in uris)


def test_the_api_may_call_the_aliases_only_each_from_its_own_stage(graph: Graph) -> None:
    """A12: no permission on the function itself, none beyond the route that needs it."""
    permissions = [each.inputs for each in graph.of(PERMISSION)]
    of_the_api = [each for each in permissions if each["principal"] == "apigateway.amazonaws.com"]
    assert len(of_the_api) == 12
    for inputs in of_the_api:
        assert inputs["qualifier"] in {"live", "preview"}
        assert f"/{inputs['qualifier']}/" in inputs["sourceArn"]


def test_only_the_api_the_queues_and_the_clock_call_functions(graph: Graph) -> None:
    principals = {each.inputs["principal"] for each in graph.of(PERMISSION)}
    assert principals == {"apigateway.amazonaws.com", "events.amazonaws.com"}


def test_the_controller_is_woken_each_minute_and_by_every_guard_that_goes_off(dev: Graph) -> None:
    rules = {each.name: each.inputs for each in dev.of("aws:cloudwatch/eventRule:EventRule")}
    assert rules["rule-rollout-tick-dev"]["scheduleExpression"] == "rate(1 minute)"
    pattern = json.loads(rules["rule-rollout-alarm-dev"]["eventPattern"])
    guards = json.loads(dev.one("aws:ssm/parameter:Parameter", "parameter-release-dev").inputs["value"])["alarms"]
    assert pattern["detail"] == {"alarmName": [{"prefix": "bg-guard-"}, *guards], "state": {"value": ["ALARM"]}}


def test_an_event_that_the_controller_does_not_take_is_kept_where_its_rule_may_leave_it(dev: Graph) -> None:
    targets = [each.inputs for each in dev.of("aws:cloudwatch/eventTarget:EventTarget")]
    (policy,) = dev.of("aws:sqs/queuePolicy:QueuePolicy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    queue = "arn:aws:sqs:us-east-1:123456789012:queue-rollout-controller-dead-dev"
    rules = [f"arn:aws:events:us-east-1:123456789012:rule/{each['rule']}" for each in targets]
    assert [each["deadLetterConfig"]["arn"] for each in targets] == [queue, queue]
    assert (statement["Resource"], sorted(statement["Condition"]["ArnEquals"]["aws:SourceArn"])) == (
        queue,
        sorted(rules),
    )
    assert (statement["Principal"], statement["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")


def test_the_policies_on_resources_are_those_that_linters_are_shown(dev: Graph) -> None:
    place = place_of(parse_settings("dev", "us-east-1", {}), "123456789012")
    kinds = {
        "kms/key:Key",
        "sns/topicPolicy:TopicPolicy",
        "sqs/queuePolicy:QueuePolicy",
        "s3/bucketPolicy:BucketPolicy",
    }
    declared = {each.inputs["policy"] for kind in kinds for each in dev.of(f"aws:{kind}")}
    shown = set(resource_documents(place).values())
    assert shown <= declared
    assert {each.replace("audit-logs", "documents") for each in declared} == shown


def test_queues_feed_the_live_alias_and_give_back_what_failed(dev: Graph) -> None:
    """B4: a release shifts the processing of messages too."""
    for mapping in dev.of("aws:lambda/eventSourceMapping:EventSourceMapping"):
        assert mapping.inputs["functionName"] == "arn:aws:lambda:us-east-1:123456789012:live"
        assert mapping.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_backlog_leaves_concurrency_for_the_callers_of_the_api(dev: Graph) -> None:
    """The processor's 50 are shared: a full queue would have had POST /transactions throttled."""
    reserved = dev.one(FUNCTION, "function-transaction-processor-dev").inputs["reservedConcurrentExecutions"]
    mappings = dev.of("aws:lambda/eventSourceMapping:EventSourceMapping")
    assert len(mappings) == 2
    assert {each.inputs["scalingConfig"]["maximumConcurrency"] for each in mappings} == {reserved - 10}


def test_a_message_stays_hidden_for_six_timeouts_and_is_tried_three_times(dev: Graph) -> None:
    queue = dev.one("aws:sqs/queue:Queue", "queue-notifications-dev").inputs
    assert (queue["visibilityTimeoutSeconds"], queue["messageRetentionSeconds"]) == (1800, 345_600)
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == 3
    assert queue["contentBasedDeduplication"]


def test_only_production_caches_and_only_what_all_callers_get_alike(graph: Graph) -> None:
    """A9: cached answers hide the split between versions, so the preview has none."""
    cached = [
        each.inputs["methodPath"]
        for each in graph.of("aws:apigateway/methodSettings:MethodSettings")
        if each.inputs["settings"]["cachingEnabled"]
    ]
    is_prod = graph.outputs["environment"] == "prod"
    assert sorted(cached) == (["payments/GET", "payments/{id}/GET"] if is_prod else [])
    clusters = {each.name: each.inputs["cacheClusterEnabled"] for each in graph.of("aws:apigateway/stage:Stage")}
    assert [name for name, enabled in clusters.items() if enabled] == (["stage-live-prod"] if is_prod else [])


def test_payments_are_announced_on_an_encrypted_topic_that_only_their_function_may_tell(dev: Graph) -> None:
    """A1. The function could, and no environment ever told it where."""
    topic = dev.one("aws:sns/topic:Topic", "topic-payment-events-dev").inputs
    function = dev.one("aws:lambda/function:Function", "function-payment-processor-dev").inputs
    assert topic["kmsMasterKeyId"]
    assert function["environment"]["variables"]["PAYMENT_EVENTS_TOPIC_ARN"].endswith(":topic-payment-events-dev")
    may_tell = [
        each.name
        for each in dev.of("aws:iam/rolePolicy:RolePolicy")
        if "topic-payment-events-dev" in str(each.inputs["policy"])
    ]
    assert may_tell == ["policy-payment-processor-dev"]


def test_keys_are_asked_for_on_the_list_and_every_endpoint_of_the_asynchronous_flow(dev: Graph) -> None:
    keyed = [each.name for each in dev.of("aws:apigateway/method:Method") if each.inputs["apiKeyRequired"]]
    assert sorted(keyed) == [
        "method-get-payments-dev",
        "method-get-transaction-id-dev",
        "method-post-fraud-webhook-dev",
        "method-post-transactions-dev",
    ]
    plan = dev.one("aws:apigateway/usagePlan:UsagePlan", "plan-api-dev").inputs
    assert plan["throttleSettings"] == {"rateLimit": 1000, "burstLimit": 2000}


def test_capacity_follows_the_load_between_its_bounds_for_the_table_and_its_index() -> None:
    graph = recorded("prod")
    targets = [each.inputs for each in graph.of("aws:appautoscaling/target:Target")]
    assert {(each["resourceId"], each["scalableDimension"]) for each in targets} == {
        ("table/table-payments-prod", "dynamodb:table:ReadCapacityUnits"),
        ("table/table-payments-prod", "dynamodb:table:WriteCapacityUnits"),
        ("table/table-payments-prod/index/status-index", "dynamodb:index:ReadCapacityUnits"),
        ("table/table-payments-prod/index/status-index", "dynamodb:index:WriteCapacityUnits"),
    }
    assert {(each["minCapacity"], each["maxCapacity"]) for each in targets} == {(20, 50)}


@pytest.fixture
def unusual() -> Graph:
    """Production with what it does not ask for by default."""
    return recorded("prod", ("startingCapacity", "40"), ("natGateway", "true"), ("unprotected", "table-payments-prod"))


def test_an_apply_leaves_capacity_to_auto_scaling_unless_it_is_told_where_to_start(unusual: Graph) -> None:
    kept = recorded("prod").one(TABLE, "table-payments-prod")
    switched = unusual.one(TABLE, "table-payments-prod")
    assert "readCapacity" in kept.ignored
    assert (switched.ignored, switched.inputs["readCapacity"]) == ((), 40)


def test_data_is_let_go_by_name_only(unusual: Graph) -> None:
    protected = {each.name for each in unusual.of(TABLE) if each.protected}
    assert protected == {"table-transactions-prod", "table-fraud-alerts-prod", "table-rollouts-prod"}
    assert not unusual.one(TABLE, "table-payments-prod").inputs["deletionProtectionEnabled"]


def test_audit_logs_that_expire_before_they_would_get_colder_never_get_colder(graph: Graph) -> None:
    """S3 refuses a transition that is not before the expiry; dev keeps audit logs for 30 days."""
    environment = graph.outputs["environment"]
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = graph.one(kind, f"lifecycle-audit-logs-{environment}").inputs["rules"]
    assert rule["expiration"]["days"] == {"dev": 30, "staging": 90, "prod": 365}[environment]
    assert ("transitions" in rule) is (environment != "dev")


def test_secrets_are_drawn_once_and_left_alone_afterwards(graph: Graph) -> None:
    secrets = [each for each in graph.of("aws:ssm/parameter:Parameter") if each.inputs["type"] == "SecureString"]
    assert secrets
    assert all(each.ignored == ("value",) for each in secrets)


def test_a_nat_gateway_is_there_only_where_it_was_asked_for(graph: Graph, unusual: Graph) -> None:
    assert graph.of("aws:ec2/natGateway:NatGateway") == []
    assert len(unusual.of("aws:ec2/natGateway:NatGateway")) == 1


def test_the_nat_gateway_and_its_address_wait_for_the_internet_gateway(unusual: Graph) -> None:
    """EC2 refuses a NAT gateway in a VPC that has none, and detaches none while an address is mapped."""
    (internet,) = unusual.of("aws:ec2/internetGateway:InternetGateway")
    waiting = [*unusual.of("aws:ec2/natGateway:NatGateway"), *unusual.of("aws:ec2/eip:Eip")]
    assert [internet.urn in each.depends_on for each in waiting] == [True, True]


def test_spending_is_told_at_three_shares_and_by_forecast(graph: Graph) -> None:
    (budget,) = graph.of("aws:budgets/budget:Budget")
    alerts = [(each["threshold"], each["notificationType"]) for each in budget.inputs["notifications"]]
    assert alerts == [(50, "ACTUAL"), (80, "ACTUAL"), (100, "ACTUAL"), (100, "FORECASTED")]
    assert budget.inputs["limitAmount"] == "500"


@pytest.mark.parametrize(
    ("config", "refusal"),
    [
        ({"vpcCidr": "10.0.0.0/33"}, "vpcCidr of stack dev is '10.0.0.0/33', wanted a network"),
        ({"inventory": "examples/releases.py"}, "releases.py is no JSON"),
        ({"architecture": "x86_64"}, "no function can do without its layer on AWS; type python -m stack.layer --arch"),
        ({"bundle": "examples/recordings"}, "examples/recordings holds no Python module"),
    ],
)
def test_a_program_that_refuses_a_setting_ends_with_one_line_before_it_declares_anything(
    config: dict[str, str], refusal: str
) -> None:
    """The Pulumi CLI shows a `RunError` as its text; of any other exception it shows the traceback."""
    graph = record("dev", config)
    assert refusal in graph.refusal
    assert "\n" not in graph.refusal
    assert graph.resources == []


def test_an_account_that_is_not_the_environments_own_is_refused() -> None:
    settings = parse_settings("dev", "us-east-1", {"account": "999999999999"})
    with pytest.raises(SettingsError, match="the credentials belong to 123456789012"):
        place_of(settings, "123456789012")


def test_the_local_engine_can_make_every_type_that_the_program_declares(graph: Graph) -> None:
    kinds = {each.kind for each in graph.resources if each.kind.startswith("aws:")}
    assert sorted(kinds - CATALOG.keys()) == []


def test_no_function_has_a_public_url(graph: Graph) -> None:
    assert graph.of("aws:lambda/functionUrl:FunctionUrl") == []


def test_the_tables_follow_the_environment(graph: Graph) -> None:
    environment = graph.outputs["environment"]
    payments = graph.one(TABLE, f"table-payments-{environment}")
    expected: dict[str, tuple[str, float | None, bool]] = {
        "dev": ("PAY_PER_REQUEST", None, False),
        "staging": ("PROVISIONED", 5, False),
        "prod": ("PROVISIONED", 20, True),
    }
    inputs = payments.inputs
    seen = (inputs["billingMode"], inputs.get("readCapacity"), inputs["pointInTimeRecovery"]["enabled"])
    assert seen == expected[environment]
    assert payments.protected
    assert inputs["deletionProtectionEnabled"] is (environment != "dev")


def test_the_store_of_rollouts_has_the_keys_that_the_controller_uses(dev: Graph) -> None:
    store = dev.one(TABLE, "table-rollouts-dev").inputs
    assert (store["hashKey"], store["rangeKey"], store["billingMode"]) == ("pk", "sk", "PAY_PER_REQUEST")
    assert store["ttl"] == {"attributeName": "expires_at", "enabled": True}


def test_the_release_parameter_holds_what_a_release_needs(dev: Graph) -> None:
    parameter = dev.one("aws:ssm/parameter:Parameter", "parameter-release-dev").inputs
    value: dict[str, Any] = json.loads(parameter["value"])
    assert parameter["name"] == "/bluegreen/dev/release"
    assert value == {
        "schema": RELEASE_SCHEMA,
        "environment": "dev",
        "region": "us-east-1",
        "store": "table-rollouts-dev",
        "targets": [
            {"function": "function-payment-processor-dev", "alias": "live", "preview_alias": "preview"},
            *(
                {"function": f"function-{name}-dev", "alias": "live", "preview_alias": "preview", "min_requests": 0}
                for name in ("transaction-processor", "fraud-handler", "notification-sender")
            ),
        ],
        "alarms": ["alarm-payment-processor-error-rate-dev", "alarm-api-p99-live-dev", "alarm-api-5xx-live-dev"],
        "live_url": dev.outputs["live_url"],
        "preview_url": dev.outputs["preview_url"],
        "controller": "function-rollout-controller-dev",
        "notify": ["sns:arn:aws:sns:us-east-1:123456789012:topic-alarms-dev"],
    }


def test_every_component_registers_what_it_made(graph: Graph) -> None:
    components = [each for each in graph.resources if each.kind.startswith("bluegreen:")]
    assert components
    assert [each.name for each in components if not graph.component_outputs.get(each.urn)] == []
