"""(account, region, functions, table) -> the IAM rights without which a release by this caller would stop. Pure.

Lambda compares function and qualifier as sent (Lambda guide, "Resources and conditions for Lambda actions"): calls that
name a version need the qualified ARN, the others the plain one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from canary import schema
from canary.core.facts import Right
from canary.core.model import FunctionName

_ON_FUNCTION = (
    "lambda:GetAlias",
    "lambda:UpdateAlias",
    "lambda:ListVersionsByFunction",
    "lambda:GetFunctionConcurrency",
)
_ON_VERSION = ("lambda:GetFunctionConfiguration",)
_ON_TABLE = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query")
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


def needed_rights(account: Account, functions: Sequence[FunctionName], table: str) -> tuple[Right, ...]:
    """Every right that `canary release` uses on these functions and this table of rollouts."""
    return tuple(_rights(account, functions, table))


def _rights(account: Account, functions: Sequence[FunctionName], table: str) -> Iterator[Right]:
    for function in functions:
        plain = account.arn("lambda", f"function:{function}")
        yield from _each(_ON_FUNCTION, plain)
        yield from _each(_ON_VERSION, f"{plain}:1")
    yield from _each(_ON_TABLE, account.arn("dynamodb", f"table/{table}"))
    yield from _each(_ON_GUARD, account.arn("cloudwatch", f"alarm:{schema.GUARD_ALARM_PREFIX}any"))
    yield from _each(_ON_ANYTHING, "*")


def _each(actions: Sequence[str], resource: str) -> Iterator[Right]:
    return (Right(action=action, resource=resource) for action in actions)
