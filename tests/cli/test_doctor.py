"""`canary doctor` and `adopt` on the embedded cloud: every rule seen on a real resource (issue 4, coexistence)."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from canary.aws.alarms import CloudWatchAlarms
from canary.core.model import AliasName, FunctionName, Metric, MetricSpec, Target, Version
from canary.schema import METRIC_DIMENSIONS, METRIC_NAMESPACE, REQUESTS
from localcloud.running import RunningCloud
from tests.cli.conftest import Answer, Canary
from tests.localcloud.functions_under_test import Deployed, behind_alias

ACCOUNT = "000000000000"


@pytest.fixture
def function(cloud: RunningCloud) -> Deployed:
    """A function with two versions whose alias serves the first; $LATEST is the second."""
    return behind_alias(cloud)


def rules(answer: Answer) -> set[tuple[str, str]]:
    """The rules that found something on an object of this test."""
    return {(finding["rule"], finding["object"]) for finding in answer.data["findings"]}


def test_a_function_as_it_should_be_is_clean(canary: Canary, cloud: RunningCloud, function: Deployed) -> None:
    function.invoke(qualifier="live")
    report(cloud, function)

    answer = canary("doctor", "--function", function.name)

    assert (answer.code, answer.stdout) == (0, "looked at 1 function: no findings\n")


def report(cloud: RunningCloud, function: Deployed) -> None:
    """What the function's own metrics would show of a call."""
    values = (function.name, f"{function.name}:live", "1")
    dimensions: Any = [{"Name": name, "Value": value} for name, value in zip(METRIC_DIMENSIONS, values, strict=True)]
    cloud.client("cloudwatch").put_metric_data(
        Namespace=METRIC_NAMESPACE,
        MetricData=[{"MetricName": REQUESTS, "Dimensions": dimensions, "Value": 1.0, "StorageResolution": 1}],
    )


def test_a_split_alias_is_found_and_the_command_that_is_named_mends_it(
    canary: Canary, cloud: RunningCloud, table: str
) -> None:
    function = behind_alias(cloud, weight=0.3)
    resource = f"{function.name}:live"

    found = canary("doctor", "-f", function.name, "--json")
    (finding,) = [each for each in found.data["findings"] if each["rule"] == "alias-split"]
    assert (found.code, finding["command"]) == (1, f"canary adopt {resource} --to stable --store {table}")
    mended = canary(*finding["command"].split()[1:-2], "--why", "left by CodeDeploy")

    assert (mended.code, mended.stdout) == (0, f"alias {resource} serves version 1 100 % now\n")
    assert ("alias-split", resource) not in rules(canary("doctor", "-f", function.name, "--json"))
    assert "left by CodeDeploy" in canary("audit").stdout
    assert canary("adopt", resource, "--to", "stable").stdout == f"alias {resource} serves one version already\n"


def test_a_phantom_weight_is_found(canary: Canary, cloud: RunningCloud) -> None:
    function = behind_alias(cloud, weight=0.0)

    found = canary("doctor", "-f", function.name, "--json")

    assert ("phantom-weight", f"{function.name}:live") in rules(found)


def test_everything_that_goes_past_the_alias_is_found(canary: Canary, cloud: RunningCloud, function: Deployed) -> None:
    resource = f"{function.name}:live"
    queue = cloud.client("sqs").create_queue(QueueName=f"doctor-{uuid4().hex[:8]}")["QueueUrl"].rsplit("/", 1)[-1]
    functions = cloud.client("lambda")
    for name in (function.name, resource):
        functions.create_event_source_mapping(
            FunctionName=name, EventSourceArn=f"arn:aws:sqs:{cloud.region}:{ACCOUNT}:{queue}", Enabled=False
        )
    for sid, name in (("bare", function.name), ("numbered", f"{function.name}:2"), ("named", resource)):
        functions.add_permission(
            FunctionName=name, StatementId=sid, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )
    api = an_api(cloud, f"{function.arn}:2", f"{function.arn}:${{stageVariables.alias}}")

    found = canary("doctor", "-f", function.name, "--json")

    told = {finding["what"]: finding["command"] for finding in found.data["findings"] if "bypass" in finding["rule"]}
    assert set(told) == {
        f"event source {queue} names the function itself, not the alias",
        "permission bare of s3.amazonaws.com names the function itself, not the alias",
        "permission numbered of s3.amazonaws.com names version 2, not the alias",
        f"API integration {api} GET /0 names version 2, not the alias",
        f"API integration {api} GET /1 on stage old names version 1, not the alias",
    }
    assert told[f"event source {queue} names the function itself, not the alias"].endswith(
        f"--function-name {resource}"
    )
    assert f"{function.arn}:live/invocations" in told[f"API integration {api} GET /0 names version 2, not the alias"]


def an_api(cloud: RunningCloud, *functions: str) -> str:
    """The name of an API with one GET a function; on stage `live` ${stageVariables.alias} is live, on `old` it is 1."""
    client, name = cloud.client("apigateway"), f"api-{uuid4().hex[:8]}"
    api = client.create_rest_api(name=name)["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    for index, function in enumerate(functions):
        resource = client.create_resource(restApiId=api, parentId=root, pathPart=str(index))["id"]
        client.put_method(restApiId=api, resourceId=resource, httpMethod="GET", authorizationType="NONE")
        client.put_integration(
            restApiId=api,
            resourceId=resource,
            httpMethod="GET",
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{function}/invocations",
        )
    for stage, alias in (("live", "live"), ("old", "1")):
        client.create_deployment(restApiId=api, stageName=stage, variables={"alias": alias})
    return name


def test_code_and_settings_that_were_not_published_are_found(
    canary: Canary, cloud: RunningCloud, function: Deployed
) -> None:
    cloud.client("lambda").update_function_configuration(
        FunctionName=function.name, MemorySize=512, Environment={"Variables": {"TOKEN": "s3cret"}}
    )

    found = canary("doctor", "-f", function.name, "--json")

    (finding,) = [each for each in found.data["findings"] if each["rule"] == "unpublished"]
    assert finding["what"] == "$LATEST differs from version 2 in MemorySize, Environment"
    assert "s3cret" not in found.stdout
    function.publish()
    assert ("unpublished", function.name) not in rules(canary("doctor", "-f", function.name, "--json"))


def test_capacity_that_serves_nobody_is_found(canary: Canary, cloud: RunningCloud, function: Deployed) -> None:
    cloud.client("lambda").put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier="2", ProvisionedConcurrentExecutions=1
    )

    found = canary("doctor", "-f", function.name, "--json")

    assert ("provisioned-idle", f"{function.name}:2") in rules(found)
    cloud.client("lambda").delete_provisioned_concurrency_config(FunctionName=function.name, Qualifier="2")


def test_a_function_that_reports_nothing_itself_is_found_once_it_is_called(canary: Canary, function: Deployed) -> None:
    function.invoke(qualifier="live")

    found = canary("doctor", "-f", function.name, "--json")

    assert ("no-own-metrics", f"{function.name}:live") in rules(found)


def test_guards_that_nobody_s_rollout_owns_are_found(canary: Canary, cloud: RunningCloud, function: Deployed) -> None:
    alarms = CloudWatchAlarms(cloud.client("cloudwatch"))
    target = Target(
        function=FunctionName(function.name), alias=AliasName("live"), stable=Version("1"), canary=Version("2")
    )
    names = alarms.put_guards(target, [MetricSpec(metric=Metric.ERRORS)])

    found = canary("doctor", "-f", function.name, "--json")

    assert {("guard-left", name) for name in names} <= rules(found)
    alarms.remove_guards(names)


def test_rights_that_the_caller_lacks_are_found(
    canary: Canary, cloud: RunningCloud, function: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = f"amy-{uuid4().hex[:8]}"
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=cloud.region)
    iam = session.client("iam", endpoint_url=cloud.endpoint)
    iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": ["lambda:*", "cloudwatch:*", "dynamodb:*Item"], "Resource": "*"}
    forbidden = {"Effect": "Deny", "Action": "lambda:UpdateAlias", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed, forbidden]})
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

    found = canary("doctor", "-f", function.name, "--json")
    config = tmp_path / "rollout.toml"
    config.write_text('notify = {to = ["events:default"]}\n')
    more = canary("doctor", "-f", function.name, "--config", str(config), "--json")

    assert missing_rights(found) == {"lambda:UpdateAlias", "dynamodb:Query"}
    assert missing_rights(more) == missing_rights(found) | {"events:PutEvents"}


def missing_rights(found: Answer) -> set[str]:
    return {name for rule, name in rules(found) if rule == "right-missing"}


def test_a_function_that_is_not_there_is_found(canary: Canary) -> None:
    found = canary("doctor", "-f", "nobody:live", "--json")

    assert (found.code, rules(found)) == (1, {("alias-missing", "nobody:live")})


def test_nothing_to_look_at_is_bad_input(canary: Canary) -> None:
    answer = canary("doctor")

    assert (answer.code, answer.stderr.startswith("canary: what shall be looked at?")) == (2, True)


def test_what_an_alias_cannot_be_adopted_to_is_refused(canary: Canary, function: Deployed) -> None:
    assert canary("adopt", f"{function.name}:nowhere", "--to", "stable").code == 2
    assert canary("adopt", function.name, "--to", "sideways").code == 2
