import json
from typing import Any

import pytest

from canary.schema import RELEASE_SCHEMA
from tests.stack.recording import Graph

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
    for permission in graph.of(PERMISSION):
        inputs = permission.inputs
        assert inputs["qualifier"] in {"live", "preview"}
        assert f"/{inputs['qualifier']}/" in inputs["sourceArn"]
        assert inputs["principal"] == "apigateway.amazonaws.com"


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
        "targets": [{"function": "function-payment-processor-dev", "alias": "live", "preview_alias": "preview"}],
        "alarms": ["alarm-payment-processor-error-rate-dev", "alarm-api-p99-live-dev", "alarm-api-5xx-live-dev"],
        "live_url": dev.outputs["live_url"],
        "preview_url": dev.outputs["preview_url"],
    }


def test_every_component_registers_what_it_made(graph: Graph) -> None:
    components = [each for each in graph.resources if each.kind.startswith("bluegreen:")]
    assert components
    assert [each.name for each in components if not graph.component_outputs.get(each.urn)] == []
