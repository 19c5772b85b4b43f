import json
from pathlib import Path

import pytest

from stack import grants
from stack.naming import Place
from tests.stack import house_rules

PLACE = Place(
    environment="dev", account="123456789012", region="eu-west-1", cost_centre="c", data_classification="internal"
)
KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"


def allowed(purpose: str) -> dict[str, list[str]]:
    """Action -> resources, over all statements that allow."""
    found: dict[str, list[str]] = {}
    for statement in json.loads(grants.documents(PLACE, KEY)[purpose])["Statement"]:
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                found.setdefault(action, []).extend(statement["Resource"])
    return found


def test_a_function_writes_its_own_log_and_nobody_elses() -> None:
    expected = ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/function-fraud-handler-dev:*"]
    assert allowed("fraud-handler")["logs:PutLogEvents"] == expected


def test_the_fraud_handler_cannot_create_transactions() -> None:
    assert "dynamodb:PutItem" not in allowed("fraud-handler")


def test_the_notification_sender_reads_no_table() -> None:
    assert [action for action in allowed("notification-sender") if action.startswith("dynamodb:")] == []


def test_the_controller_may_do_what_carrying_a_release_on_takes_and_nothing_else() -> None:
    """A closed list: nothing that changes code, opens a release or reads a payment."""
    can = allowed("rollout-controller")
    functions = [f"arn:aws:lambda:eu-west-1:123456789012:function:function-{each}-dev" for each in grants.FUNCTIONS]
    base = set(allowed("notification-sender")) - {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert can["lambda:UpdateAlias"] == functions
    assert set(can) - base == {
        "lambda:GetAlias",
        "lambda:UpdateAlias",
        "lambda:GetFunctionConfiguration",
        "lambda:GetProvisionedConcurrencyConfig",
        "lambda:PutProvisionedConcurrencyConfig",
        "lambda:DeleteProvisionedConcurrencyConfig",
        "lambda:InvokeFunction",
        "cloudwatch:GetMetricData",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:DeleteAlarms",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:Query",
        "sns:Publish",
        "events:PutEvents",
    }


def test_a_watchdog_may_ask_the_controller_to_go_back_and_nothing_else() -> None:
    assert allowed("rollout-abort") == {
        "lambda:InvokeFunction": ["arn:aws:lambda:eu-west-1:123456789012:function:function-rollout-controller-dev"]
    }


def test_every_role_that_acts_on_data_is_denied_every_other_region() -> None:
    for purpose, document in grants.documents(PLACE, KEY).items():
        denials = [each for each in json.loads(document)["Statement"] if each["Effect"] == "Deny"]
        assert [each["Condition"] for each in denials] == [{"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}], (
            purpose
        )


def test_a_star_stands_only_where_aws_knows_no_resource() -> None:
    starred = {
        action
        for purpose in grants.documents(PLACE, KEY)
        for action, resources in allowed(purpose).items()
        if "*" in resources
    }
    assert starred == house_rules.NEEDS_A_STAR | {
        "cloudwatch:GetMetricData",
        "logs:DescribeLogGroups",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert all(house_rules.resource_types()[action] == [] for action in starred - house_rules.NEEDS_A_STAR)


def test_the_command_writes_a_document_for_every_role_and_every_policy_on_a_resource(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert grants.main(["--env", "dev", "--folder", str(tmp_path)]) == 0
    written = {each.stem for each in tmp_path.iterdir()}
    assert written == {Path(line).stem for line in capsys.readouterr().out.splitlines()}
    assert written == grants.documents(PLACE, KEY).keys() | grants.resource_documents(PLACE).keys()


def test_the_command_refuses_an_unknown_environment_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert grants.main(["--env", "test", "--folder", str(tmp_path)]) == 2
    assert "unknown environment 'test'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_knows_the_long_names_of_environments(tmp_path: Path) -> None:
    assert grants.main(["--env", "production", "--folder", str(tmp_path)]) == 0
    assert "table-payments-prod" in (tmp_path / "payment-processor.json").read_text()
