"""How API Gateway reaches a function and what its client sees, over HTTP."""

import json
from typing import Any

import pytest

from localcloud.running import RunningCloud
from tests.localcloud.apis_under_test import ACCOUNT, PROXY_ECHO, REGION, Api, api_before
from tests.localcloud.functions_under_test import Deployed, deployed

pytestmark = pytest.mark.localcloud


def published(cloud: RunningCloud, *aliases: str) -> Deployed:
    function = deployed(cloud, PROXY_ECHO)
    for number, alias in enumerate(aliases):
        version = function.publish(f"{PROXY_ECHO}# {number}\n")
        cloud.client("lambda").create_alias(FunctionName=function.name, Name=alias, FunctionVersion=version)
    return function


@pytest.fixture(scope="module")
def api(cloud: RunningCloud) -> Api:
    function = published(cloud, "live")
    api = api_before(function)
    api.permit(function, "live")
    return api


def test_a_function_sees_the_alias_that_the_integration_names(api: Api) -> None:
    answer = api.get_once()
    assert answer.status == 200
    assert answer.body["arn"].endswith(":live")


@pytest.mark.parametrize("query", ["fail=1", "raw=1"])
def test_what_went_wrong_in_a_function_is_hidden_from_the_client(api: Api, query: str) -> None:
    answer = api.get_once(path=f"/items/7?{query}")
    assert (answer.status, answer.body["message"].strip()) == (502, "Internal server error")
    assert "secret" not in answer.text


def test_the_client_and_the_function_know_the_request_by_one_id(api: Api) -> None:
    answer = api.get_once()
    assert answer.headers["x-amzn-requestid"] == answer.body["request"]


@pytest.mark.parametrize("permitted", [None, "live"])
def test_a_permission_for_another_qualifier_does_not_let_the_api_in(cloud: RunningCloud, permitted: str | None) -> None:
    function = published(cloud, "live", "preview")
    api = api_before(function, "preview")
    api.permit(function, permitted)
    refused = api.get_once()
    assert (refused.status, refused.body["message"].strip()) == (500, "Internal server error")
    api.permit(function, "preview")
    assert api.get_once().status == 200


def test_a_permission_for_another_stage_does_not_let_the_api_in(cloud: RunningCloud) -> None:
    function = published(cloud, "live")
    api = api_before(function, live={}, preview={})
    api.permit(function, "live", "preview/GET/items/*")
    assert [api.get_once("live").status, api.get_once("preview").status] == [500, 200]


def test_a_stage_variable_picks_the_alias(cloud: RunningCloud) -> None:
    function = published(cloud, "live", "preview")
    api = api_before(
        function,
        "${stageVariables.alias}",
        live={"variables": {"alias": "live"}},
        preview={"variables": {"alias": "preview"}},
    )
    api.permit(function, "live")
    api.permit(function, "preview")
    seen = {stage: api.get_once(stage).body for stage in ("live", "preview")}
    assert {stage: (body["version"], body["arn"].rpartition(":")[2]) for stage, body in seen.items()} == {
        "live": ("1", "live"),
        "preview": ("2", "preview"),
    }


def test_a_throttled_function_is_a_server_error_to_the_client(cloud: RunningCloud) -> None:
    function = published(cloud, "live")
    api = api_before(function)
    api.permit(function, "live")
    cloud.client("lambda").put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    answer = api.get_once()
    assert (answer.status, answer.body["message"].strip()) == (500, "Internal server error")


def test_the_access_log_has_one_line_a_request_in_the_stage_s_format(cloud: RunningCloud) -> None:
    function, group = published(cloud, "live"), "/aws/apigateway/access-log-test"
    cloud.client("logs").create_log_group(logGroupName=group)
    cloud.client("logs").put_retention_policy(logGroupName=group, retentionInDays=7)
    wanted = ("requestId", "status", "httpMethod", "resourcePath", "stage", "error.message", "integration.status")
    layout = json.dumps({name: f"$context.{name}" for name in wanted})
    destination = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    api = api_before(function, live={})
    cloud.client("apigateway").update_stage(
        restApiId=api.id,
        stageName="live",
        patchOperations=[
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": destination},
            {"op": "replace", "path": "/accessLogSettings/format", "value": layout},
        ],
    )
    api.permit(function, "live")
    good, bad = api.get_once(), api.get_once(path="/items/7?fail=1")
    lines = [json.loads(line["message"]) for line in log_events(cloud, group)]
    common = {"httpMethod": "GET", "resourcePath": "/items/{id}", "stage": "live", "integration.status": "200"}
    assert lines == [
        {**common, "requestId": good.headers["x-amzn-requestid"], "status": "200", "error.message": "-"},
        {
            **common,
            "requestId": bad.headers["x-amzn-requestid"],
            "status": "502",
            "error.message": "The function failed",
        },
    ]
    (described,) = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 7


def log_events(cloud: RunningCloud, group: str) -> list[Any]:
    return list(cloud.client("logs").filter_log_events(logGroupName=group)["events"])


def test_a_policy_that_has_changed_since_is_not_changed_by_its_old_revision(cloud: RunningCloud) -> None:
    """AddPermission and RemovePermission took any RevisionId (API reference, both operations)."""
    functions, name = cloud.client("lambda"), published(cloud, "live").name
    stale = functions.exceptions.PreconditionFailedException

    def permit(statement: str, **guard: Any) -> None:  # noqa: ANN401 - passes a parameter on
        functions.add_permission(
            FunctionName=name,
            Qualifier="live",
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            **guard,
        )

    def revision() -> str:
        return functions.get_policy(FunctionName=name, Qualifier="live")["RevisionId"]

    permit("first")
    old = revision()
    permit("second", RevisionId=old)

    with pytest.raises(stale, match="Call the GetPolicy API"):
        permit("third", RevisionId=old)
    with pytest.raises(stale):
        functions.remove_permission(FunctionName=name, Qualifier="live", StatementId="first", RevisionId=old)
    functions.remove_permission(FunctionName=name, Qualifier="live", StatementId="first", RevisionId=revision())
    (left,) = json.loads(functions.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
    assert left["Sid"] == "second"
