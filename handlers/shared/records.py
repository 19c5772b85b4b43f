"""DynamoDB's typed attributes, and what two versions of the code owe each other's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

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
