"""What the enforcement of IAM policies is told of a call, where ministack's own answer differs from AWS's."""

import json

import pytest

from localcloud import authorization, seams

PLACE = ("eu-west-1", "123456789012")
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:pay"
JSON = {"content-type": "application/x-amz-json-1.0"}


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/2015-03-31/functions/pay/aliases", "ListAliases"),
        ("GET", "/2015-03-31/functions/pay/aliases/", "ListAliases"),
        ("GET", "/2015-03-31/functions/pay/aliases/live", "GetAlias"),
        ("PUT", "/2015-03-31/functions/pay/aliases/live", "UpdateAlias"),
        ("POST", "/2015-03-31/functions/pay/invocations", "InvokeFunction"),
        ("GET", "/2015-03-31/functions/pay/configuration", "GetFunctionConfiguration"),
        ("GET", "/2019-09-30/functions/pay/provisioned-concurrency", "GetProvisionedConcurrencyConfig"),
        ("GET", "/nothing", None),
    ],
)
def test_a_call_of_lambda_is_the_action_of_its_operation(method: str, path: str, action: str | None) -> None:
    assert authorization.action_of(method, path) == action


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two wraps, taken back at the end of the test."""
    for seam in (seams.lambda_action, seams.resource_arn):
        monkeypatch.setattr(f"{seam.module}.{seam.name}", seam.value)
    authorization.install()


@pytest.mark.usefixtures("installed")
def test_a_call_on_a_version_is_a_call_on_the_qualified_function() -> None:
    bare, path = "/2015-03-31/functions/pay/configuration", "GET"
    assert seams.resource_arn("lambda", path, bare, {}, b"", {"Qualifier": "7"}, *PLACE) == f"{FUNCTION}:7"
    assert seams.resource_arn("lambda", path, bare, {}, b"", {"Qualifier": ["live"]}, *PLACE) == f"{FUNCTION}:live"
    assert seams.resource_arn("lambda", path, bare, {}, b"", {}, *PLACE) == FUNCTION


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("DeleteAlarms", {"AlarmNames": ["bg-a", "bg-b"]}, "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:bg-a"),
        ("PutMetricAlarm", {"AlarmName": "bg-a"}, "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:bg-a"),
        ("DescribeAlarms", {}, "*"),
        ("Nothing", {}, "*"),
    ],
)
def test_a_call_on_alarms_names_them_in_every_protocol(
    operation: str, request_: dict[str, object], resource: str
) -> None:
    headers = JSON | {"x-amz-target": f"GraniteServiceVersion20100801.{operation}"}
    body = json.dumps(request_).encode()
    assert seams.resource_arn("monitoring", "POST", "/", headers, body, {}, *PLACE) == resource


@pytest.mark.usefixtures("installed")
def test_other_services_are_left_to_ministack() -> None:
    headers = {"content-type": "application/x-amz-json-1.0"}
    body = json.dumps({"TableName": "t"}).encode()
    found = seams.resource_arn("dynamodb", "POST", "/", headers, body, {}, *PLACE)
    assert found == "arn:aws:dynamodb:eu-west-1:123456789012:table/t"
