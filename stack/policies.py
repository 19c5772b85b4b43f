"""Every IAM policy document as a pure function of names and ARNs. Decides who may do what; touches nothing.

Actions and the resources they apply to follow the Service Authorization Reference. ``*`` stands only where AWS has no
resource-level permission for the action (X-Ray's data plane) or where a statement denies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from canary.schema import GUARD_ALARM_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stack.naming import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of an identity policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str = "Allow"
    condition: Mapping[str, Mapping[str, str]] | None = None

    def as_json(self) -> dict[str, object]:
        """The statement in IAM's grammar; lists keep their order, so that equal policies are equal texts."""
        statement: dict[str, object] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return statement if self.condition is None else {**statement, "Condition": self.condition}


def document(statements: Iterable[Statement]) -> str:
    """The policy document of these statements, as JSON text."""
    return json.dumps({"Version": "2012-10-17", "Statement": [each.as_json() for each in statements]})


def trust(service: str, account: str) -> str:
    """The trust policy that lets one AWS service, acting for this account alone, assume a role."""
    statement = {
        "Sid": "AssumedByService",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return _resource_policy(statement)


def function_trust() -> str:
    """The trust policy of an execution role. Lambda documents no source condition for it."""
    statement = {
        "Sid": "AssumedByLambda",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return _resource_policy(statement)


def one_region(place: Place) -> Statement:
    """Denies every region but the environment's (C5)."""
    return Statement(
        sid="OneRegion",
        effect="Deny",
        actions=("*",),
        resources=("*",),
        condition={"StringNotEquals": {"aws:RequestedRegion": place.region}},
    )


def function_base(place: Place, *, log_group: str, dead_letter_queue: str) -> tuple[Statement, ...]:
    """What every function may do: write its own log, send its traces, leave its failed events in its own queue."""
    return (
        Statement(
            sid="WriteOwnLog",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(place.log_group_arn(log_group),),
        ),
        Statement(
            sid="SendTraces",
            actions=("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
            resources=("*",),
        ),
        Statement(
            sid="KeepFailedEvents",
            actions=("sqs:SendMessage",),
            resources=(place.arn("sqs", dead_letter_queue),),
        ),
        one_region(place),
    )


def table_items(place: Place, table: str, *, actions: Sequence[str]) -> Statement:
    """The named item actions on one table."""
    return Statement(
        sid="Items" + "".join(word.capitalize() for word in table.split("-")),
        actions=tuple(f"dynamodb:{action}" for action in actions),
        resources=(place.arn("dynamodb", f"table/{table}"),),
    )


def query_index(place: Place, table: str, index: str) -> Statement:
    """Queries of one index."""
    return Statement(
        sid="QueryIndex",
        actions=("dynamodb:Query",),
        resources=(place.arn("dynamodb", f"table/{table}/index/{index}"),),
    )


def use_key(key_arn: str) -> Statement:
    """Reading and writing data that the environment's key encrypts."""
    return Statement(sid="UseDataKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=(key_arn,))


def send_to(place: Place, *queues: str) -> Statement:
    """Sending to these queues."""
    return Statement(
        sid="Send", actions=("sqs:SendMessage",), resources=tuple(place.arn("sqs", queue) for queue in queues)
    )


def publish_to(place: Place, topic: str) -> Statement:
    """Telling this topic."""
    return Statement(sid="Announce", actions=("sns:Publish",), resources=(place.arn("sns", topic),))


def consume(place: Place, queue: str) -> Statement:
    """What Lambda's poller needs of a function's role (Lambda guide, 'Execution role permissions' for SQS)."""
    return Statement(
        sid="Consume",
        actions=("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"),
        resources=(place.arn("sqs", queue),),
    )


def read_parameters(place: Place, *paths: str) -> Statement:
    """Reading these SSM parameters; their paths begin with a slash, which their ARNs swallow."""
    return Statement(
        sid="ReadParameters",
        actions=("ssm:GetParameter", "ssm:GetParameters"),
        resources=tuple(place.arn("ssm", f"parameter{path}") for path in paths),
    )


def table_backups(place: Place, tables: Sequence[str], *, vault: str) -> tuple[Statement, ...]:
    """What AWS Backup needs to copy these tables into that vault."""
    arns = tuple(place.arn("dynamodb", f"table/{table}") for table in tables)
    return (
        Statement(
            sid="CopyTables",
            actions=(
                "dynamodb:CreateBackup",
                "dynamodb:DescribeTable",
                "dynamodb:ListTagsOfResource",
                "dynamodb:StartAwsBackupJob",
            ),
            resources=arns,
        ),
        Statement(
            sid="AgeCopies",
            actions=("dynamodb:DescribeBackup", "dynamodb:DeleteBackup"),
            resources=tuple(f"{arn}/backup/*" for arn in arns),
        ),
        Statement(
            sid="FillVault",
            actions=("backup:DescribeBackupVault", "backup:CopyIntoBackupVault"),
            resources=(place.arn("backup", f"backup-vault:{vault}"),),
        ),
        one_region(place),
    )


def key_policy(place: Place) -> str:
    """The key's own policy: IAM policies of the account decide; services may send what has to be encrypted.

    Alarms and budgets publish to an encrypted topic, EventBridge leaves undelivered events in an encrypted queue.

    ``*`` is this key: a key policy can name no other resource (KMS guide, 'Key policies').
    """
    return _resource_policy(
        {
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{place.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "NoticesAreEncrypted",
            "Effect": "Allow",
            "Principal": {"Service": [*_NOTIFIERS, _EVENTS]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
        },
    )


def topic_policy(place: Place, topic: str) -> str:
    """Lets alarms and budgets of this account publish to the topic."""
    return _resource_policy(
        {
            "Sid": "NoticesArrive",
            "Effect": "Allow",
            "Principal": {"Service": list(_NOTIFIERS)},
            "Action": "sns:Publish",
            "Resource": place.arn("sns", topic),
            "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
        }
    )


def undelivered_events(place: Place, *, queue: str, rules: Sequence[str]) -> str:
    """Lets these rules leave in the queue what their targets did not take.

    The source is the rule's ARN (EventBridge guide, 'Using dead-letter queues to process undelivered events').
    """
    return _resource_policy(
        {
            "Sid": "UndeliveredEventsAreKept",
            "Effect": "Allow",
            "Principal": {"Service": _EVENTS},
            "Action": "sqs:SendMessage",
            "Resource": place.arn("sqs", queue),
            "Condition": {"ArnEquals": {"aws:SourceArn": [place.arn("events", f"rule/{each}") for each in rules]}},
        }
    )


def bucket_policy(bucket: str) -> str:
    """Refuses every request to the bucket that is not encrypted on its way."""
    return _resource_policy(
        {
            "Sid": "EncryptedOnTheWay",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


_EVENTS: Final = "events.amazonaws.com"
_NOTIFIERS: Final = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")


def _resource_policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def account_trust(account: str) -> str:
    """Leaves it to the account's own IAM policies who may assume a role."""
    return _resource_policy(
        {
            "Sid": "AssumedInsideAccount",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        }
    )


def invoke(*arns: str) -> Statement:
    """Calling these functions."""
    return Statement(sid="Invoke", actions=("lambda:InvokeFunction",), resources=arns)


def shift_traffic(place: Place, functions: Sequence[str]) -> tuple[Statement, Statement]:
    """Moving the aliases of these functions, and seeing whether a version can serve.

    Lambda compares function and qualifier as sent: calls with a qualifier need ``function:F:*``, the others
    ``function:F`` (Lambda guide, 'Resources and conditions for Lambda actions').
    """
    plain = tuple(place.function_arn(each) for each in functions)
    qualified = tuple(place.function_arn(each, "*") for each in functions)
    return (
        Statement(
            sid="ShiftTraffic",
            actions=("lambda:GetAlias", "lambda:UpdateAlias"),
            resources=plain,
        ),
        Statement(sid="SeeVersions", actions=("lambda:GetFunctionConfiguration",), resources=qualified),
    )


def rollout_state(place: Place, store: str) -> Statement:
    """Reading and writing rollouts, their ledger and locks."""
    return table_items(place, store, actions=("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"))


def rollout_controller(place: Place, *, functions: Sequence[str], store: str, topic: str) -> tuple[Statement, ...]:
    """What the controller needs: shift the aliases, judge, keep its state, tell people; nothing that changes code.

    It opens no release, so it makes no guards; it removes them. Webhooks' URLs are parameters of the environment.
    """
    qualified = tuple(place.function_arn(each, "*") for each in functions)
    hooks = place.function_arn(f"function-hook-*-{place.environment}")
    return (
        *shift_traffic(place, functions),
        Statement(
            sid="WarmVersions",
            actions=(
                "lambda:GetProvisionedConcurrencyConfig",
                "lambda:PutProvisionedConcurrencyConfig",
                "lambda:DeleteProvisionedConcurrencyConfig",
            ),
            resources=qualified,
        ),
        Statement(sid="RunHooks", actions=("lambda:InvokeFunction",), resources=(hooks, f"{hooks}:*")),
        Statement(sid="ReadMetrics", actions=("cloudwatch:GetMetricData",), resources=("*",)),
        Statement(sid="ReadAlarms", actions=("cloudwatch:DescribeAlarms",), resources=("*",)),
        Statement(
            sid="RemoveGuards",
            actions=("cloudwatch:DeleteAlarms",),
            resources=(place.arn("cloudwatch", f"alarm:{GUARD_ALARM_PREFIX}*"),),
        ),
        rollout_state(place, store),
        read_parameters(place, f"/bluegreen/{place.environment}/*"),
        Statement(sid="TellPeople", actions=("sns:Publish",), resources=(place.arn("sns", topic),)),
        Statement(
            sid="TellSystems", actions=("events:PutEvents",), resources=(place.arn("events", "event-bus/default"),)
        ),
    )


def api_logs(place: Place) -> tuple[Statement, ...]:
    """What API Gateway needs to write access logs of this region's APIs."""
    return (
        Statement(
            sid="WriteAccessLogs",
            actions=(
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:FilterLogEvents",
                "logs:GetLogEvents",
                "logs:PutLogEvents",
            ),
            resources=(place.log_group_arn("/aws/apigateway/*"), place.log_group_arn("API-Gateway-Execution-Logs*")),
        ),
        Statement(sid="FindLogGroups", actions=("logs:DescribeLogGroups",), resources=("*",)),
        one_region(place),
    )
