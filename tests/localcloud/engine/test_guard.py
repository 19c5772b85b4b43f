from typing import Any

import botocore.session
import pytest

from localcloud.resources.errors import ForbiddenInput, UnhonouredProperty
from localcloud.resources.guard import check_input
from localcloud.resources.rules import RULES
from localcloud.resources.shapes import shaped

SESSION = botocore.session.Session()


def check(service: str, operation: str, **params: object) -> None:
    check_input(params, SESSION.get_service_model(service).operation_model(operation))


TRUST = '{"Version": "2012-10-17", "Statement": []}'
ALARM = {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0}
ON_METRIC = {"MetricName": "Errors", "Namespace": "AWS/Lambda", "Period": 60, "Statistic": "Sum"}
FUNCTION = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": b""}}
KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
DEFINED = [{"AttributeName": "id", "AttributeType": "S"}]
TABLE = {"TableName": "tab", "KeySchema": KEY, "AttributeDefinitions": DEFINED, "BillingMode": "PAY_PER_REQUEST"}
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


@pytest.mark.parametrize(
    ("service", "operation", "params", "fault"),
    [
        ("lambda", "CreateFunction", FUNCTION | {"MemorySize": 64}, "MemorySize = 64, wanted 128 to"),
        ("lambda", "CreateFunction", FUNCTION | {"Runtime": "python2"}, "Runtime = 'python2', wanted one of"),
        ("lambda", "CreateFunction", FUNCTION | {"FunctionName": "a b"}, "FunctionName = 'a b', wanted"),
        ("lambda", "CreateFunction", FUNCTION | {"Timeout": 1000}, "Timeout = 1000, wanted at most 900"),
        ("lambda", "CreateFunction", FUNCTION | {"Layers": ["not-an-arn"]}, r"Layers\[0\] = 'not-an-arn'"),
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "reserved AWS_REGION",
        ),
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"Environment": {"Variables": {"AB": "x" * 5000}}},
            "5002 bytes, wanted at most 4096",
        ),
        (
            "lambda",
            "UpdateAlias",
            {
                "FunctionName": "f",
                "Name": "live",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.2}},
            },
            r"AdditionalVersionWeights\['2'\] = 1.2, wanted 0.0 to 1.0",
        ),
        (
            "lambda",
            "UpdateAlias",
            {
                "FunctionName": "f",
                "Name": "live",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}},
            },
            "which is the alias's own",
        ),
        (
            "lambda",
            "CreateEventSourceMapping",
            {"FunctionName": "f", "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:q.fifo", "BatchSize": 11},
            "BatchSize = 11 on a FIFO queue",
        ),
        ("logs", "PutRetentionPolicy", {"logGroupName": "g", "retentionInDays": 8}, "retentionInDays = 8"),
        ("sqs", "CreateQueue", {"QueueName": "with spaces"}, "QueueName = 'with spaces'"),
        ("sqs", "CreateQueue", {"QueueName": "q", "Attributes": {"FifoQueue": "true"}}, "ending in .fifo"),
        (
            "sqs",
            "CreateQueue",
            {"QueueName": "q", "Attributes": {"VisibilityTimeout": "43201"}},
            "VisibilityTimeout = 43201",
        ),
        (
            "sqs",
            "CreateQueue",
            {
                "QueueName": "q.fifo",
                "Attributes": {
                    "FifoQueue": "true",
                    "RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:r:a:dead", "maxReceiveCount": 3}',
                },
            },
            "both must be FIFO",
        ),
        ("sns", "CreateTopic", {"Name": "a.b"}, "Name = 'a.b'"),
        ("dynamodb", "CreateTable", TABLE | {"TableName": "t"}, "TableName = 't'"),
        (
            "dynamodb",
            "CreateTable",
            TABLE | {"AttributeDefinitions": [*DEFINED, {"AttributeName": "x", "AttributeType": "S"}]},
            "unused x",
        ),
        ("dynamodb", "CreateTable", TABLE | {"AttributeDefinitions": []}, "lacks id"),
        ("dynamodb", "CreateTable", TABLE | {"BillingMode": "PROVISIONED"}, "of the table is missing"),
        ("dynamodb", "CreateTable", TABLE | {"ProvisionedThroughput": UNITS}, "wanted none"),
        ("cloudwatch", "PutMetricAlarm", ALARM, "either MetricName or Metrics"),
        ("cloudwatch", "PutMetricAlarm", ALARM | ON_METRIC | {"Period": 45}, "Period = 45"),
        ("cloudwatch", "PutMetricAlarm", ALARM | ON_METRIC | {"DatapointsToAlarm": 2}, "DatapointsToAlarm = 2 of 1"),
        ("cloudwatch", "PutMetricAlarm", ALARM | ON_METRIC | {"EvaluationPeriods": 1441}, "wanted at most 86400 s"),
        ("s3", "CreateBucket", {"Bucket": "Upper"}, "Bucket = 'Upper'"),
        ("s3", "CreateBucket", {"Bucket": "10.0.0.1"}, "looks like an address"),
        ("apigateway", "CreateStage", {"restApiId": "a", "deploymentId": "d", "stageName": "a/b"}, "stageName = 'a/b'"),
        (
            "apigateway",
            "CreateStage",
            {"restApiId": "a", "deploymentId": "d", "stageName": "s", "variables": {"a-b": "x"}},
            "stage variable 'a-b'",
        ),
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{"}, "is not JSON"),
        ("iam", "CreateRole", {"RoleName": "a/b", "AssumeRolePolicyDocument": TRUST}, "RoleName = 'a/b'"),
    ],
)
def test_what_aws_refuses_is_refused_here(service: str, operation: str, params: dict[str, Any], fault: str) -> None:
    with pytest.raises(ForbiddenInput, match=f"{service}:{operation} would be refused by AWS: .*{fault}"):
        check(service, operation, **params)


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("lambda", "CreateFunction", FUNCTION | {"Timeout": 900, "MemorySize": 10240, "Runtime": "python3.13"}),
        ("sqs", "CreateQueue", {"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}}),
        ("dynamodb", "CreateTable", TABLE | {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}),
        ("cloudwatch", "PutMetricAlarm", ALARM | ON_METRIC),
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Description": "naïve text"}),
        ("ssm", "PutParameter", {"Name": "/a/b", "Value": "line\nline", "Type": "String"}),
    ],
)
def test_what_aws_takes_is_taken_here(service: str, operation: str, params: dict[str, Any]) -> None:
    check(service, operation, **params)


def test_a_sensitive_value_is_not_repeated() -> None:
    with pytest.raises(ForbiddenInput) as raised:
        check(
            "kms", "CreateGrant", KeyId="k", GranteePrincipal="p", Operations=["Decrypt"], GrantTokens=["s3cr3t" * 9999]
        )

    assert "s3cr3t" not in str(raised.value)


def test_every_rule_names_its_source_and_belongs_to_an_operation() -> None:
    for call, rules in RULES.items():
        service, operation = call.split(":")
        assert SESSION.get_service_model(service).operation_model(operation)
        assert all(rule.__doc__ for rule in rules)


def client(service: str) -> Any:  # noqa: ANN401 - botocore is untyped
    return SESSION.create_client(
        service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b", endpoint_url="http://127.0.0.1:1"
    )


def test_inputs_become_what_the_model_wants() -> None:
    inputs = {
        "memorySize": "512",
        "tracingConfig": {"mode": "Active"},
        "layers": "arn:one",
        "environment": {"variables": {"keepThisKey": 1}},
        "other": 1,
    }

    sent = shaped(client("lambda"), "create_function", inputs, "memorySize tracingConfig layers environment")

    assert sent == {
        "MemorySize": 512,
        "TracingConfig": {"Mode": "Active"},
        "Layers": ["arn:one"],
        "Environment": {"Variables": {"keepThisKey": "1"}},
    }


def test_a_nested_property_that_aws_does_not_know_is_an_error() -> None:
    with pytest.raises(UnhonouredProperty, match=r"property tracingConfig.level has no counterpart"):
        shaped(client("lambda"), "create_function", {"tracingConfig": {"level": 1}}, "tracingConfig")
