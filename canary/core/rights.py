"""(account, release, table) -> the IAM rights without which this release by this caller would stop. Pure.

Lambda compares function and qualifier as sent (Lambda guide, "Resources and conditions for Lambda actions"): calls that
name a version need the qualified ARN, the others the plain one. Keys of encrypted tables and topics are not looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from canary import schema
from canary.core.destination import Destination, Medium
from canary.core.facts import Right
from canary.core.hooks import HookKind
from canary.core.request import ReleaseRequest

_ON_FUNCTION = (
    "lambda:GetAlias",
    "lambda:UpdateAlias",
    "lambda:ListVersionsByFunction",
    "lambda:GetFunctionConcurrency",
)
_ON_VERSION = ("lambda:GetFunctionConfiguration", "lambda:GetProvisionedConcurrencyConfig")
_ON_WARM_VERSION = ("lambda:PutProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig")
_ON_TABLE = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query")
_ON_TABLE_OF_HOOKS = ("dynamodb:UpdateItem",)
_ON_GUARD = ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms")
_ON_ANYTHING = ("cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms", "lambda:GetAccountSettings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the caller works."""

    partition: str
    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def named(self, service: str, kind: str, name: str) -> str:
        """The ARN of what may be named by its ARN too."""
        return name if name.startswith("arn:") else self.arn(service, f"{kind}{name}")


def needed_rights(account: Account, request: ReleaseRequest, table: str) -> tuple[Right, ...]:
    """Every right that `canary release` uses for this request and this table of rollouts."""
    return tuple(dict.fromkeys(_rights(account, request, table)))


def _rights(account: Account, request: ReleaseRequest, table: str) -> Iterator[Right]:
    for target in request.targets:
        plain = account.arn("lambda", f"function:{target.function}")
        yield from _each(_ON_FUNCTION, plain)
        yield from _each(_ON_VERSION, f"{plain}:1")
        if request.capacity is not None:
            yield from _each(_ON_WARM_VERSION, f"{plain}:1")
    kept = account.arn("dynamodb", f"table/{table}")
    yield from _each(_ON_TABLE, kept)
    yield from _each(_ON_GUARD, account.arn("cloudwatch", f"alarm:{schema.GUARD_ALARM_PREFIX}any"))
    yield from _each(_ON_ANYTHING, "*")
    for hook in request.hooks:
        if hook.kind in (HookKind.FUNCTION, HookKind.CODEDEPLOY):
            function = account.named("lambda", "function:", hook.function)
            yield Right(action="lambda:InvokeFunction", resource=function)
        if hook.kind is HookKind.CODEDEPLOY:
            yield from _each(_ON_TABLE_OF_HOOKS, kept)
    yield from (_right_to_tell(account, destination) for destination in request.notify)


def _right_to_tell(account: Account, destination: Destination) -> Right:
    name = destination.name
    match destination.medium:
        case Medium.SNS:
            return Right(action="sns:Publish", resource=name)
        case Medium.EVENTS:
            return Right(action="events:PutEvents", resource=account.named("events", "event-bus/", name))
        case Medium.WEBHOOK:
            return Right(action="ssm:GetParameter", resource=account.arn("ssm", f"parameter/{name.lstrip('/')}"))
    assert_never(destination.medium)


def _each(actions: Sequence[str], resource: str) -> Iterator[Right]:
    return (Right(action=action, resource=resource) for action in actions)
