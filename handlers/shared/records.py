"""DynamoDB's typed attributes, writes on a condition, and what two versions owe each other's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from handlers.shared.aws_call import AwsError, Service

Record: TypeAlias = Mapping[str, Mapping[str, Any]]
"""An item: attribute -> {type: value}."""


CONDITION_FAILED: Final = "ConditionalCheckFailedException"
"""The error code of a conditional write whose condition did not hold."""


class UnknownFormat(Exception):
    """A record in a format that this version cannot read; it is not guessed at."""

    def __init__(self, kind: str, *, found: str, known: int) -> None:
        super().__init__(f"a {kind} has record format {found}, this version reads {known}")


def text(value: str) -> dict[str, str]:
    """A string attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """A number attribute; DynamoDB carries numbers as text."""
    return {"N": str(value)}


def write_if(dynamodb: Service, operation: str, **parameters: Any) -> Record | None:  # noqa: ANN401 - as AWS documents it
    """None after a conditional write; the item that stands in its way when the condition does not hold.

    A write that had its effect before its answer was lost is tried again, so the item in its way may be its own.
    """
    try:
        dynamodb.call(operation, **parameters, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    except AwsError as refused:
        if refused.code != CONDITION_FAILED:
            raise
        standing: Record = refused.details["Item"]
        return standing
    return None


def require_format(record: Record, known: int, *, kind: str) -> None:
    """Lets a record pass that this version can read.

    Raises:
        UnknownFormat: its format is another one.
    """
    if record["format"] != number(known):
        raise UnknownFormat(kind, found=record["format"]["N"], known=known)
