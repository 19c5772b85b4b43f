"""What the load tests take from the service's OpenAPI document: its operations, their shares, and what it accepts.

The document is read as data: the load tests know no code of the service.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

PATH: Final = Path(__file__).parent.parent / "handlers" / "openapi.json"
METHODS: Final = ("get", "post")
VERSION_HEADER: Final = "X-Version"
"""In every answer of the service itself: the version that gave it."""


class Api(StrEnum):
    """The part of the service that is loaded: a tag of the document."""

    PAYMENTS = "payments"
    TRANSACTIONS = "transactions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the document."""

    operation_id: str
    method: str
    template: str
    weight: int
    """Its share of the requests to its part of the service."""
    success: int
    """The status of an answer that carried it out."""

    def path(self, **values: str) -> str:
        """The path with its parameters filled in."""
        return self.template.format(**values)


def operations(api: Api) -> dict[str, Operation]:
    """The operations of one part of the service, by id."""
    found = [
        _operation(method, template, described)
        for template, methods in read()["paths"].items()
        for method, described in methods.items()
        if method in METHODS and api.value in described["tags"]
    ]
    return {operation.operation_id: operation for operation in found}


def currencies() -> tuple[str, ...]:
    """The currencies that an order may have."""
    return tuple(read()["components"]["schemas"]["PaymentOrder"]["properties"]["currency"]["enum"])


def read() -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = json.loads(PATH.read_text())
    return document


def _operation(method: str, template: str, described: dict[str, Any]) -> Operation:
    return Operation(
        operation_id=described["operationId"],
        method=method.upper(),
        template=template,
        weight=described["x-load-weight"],
        success=min(int(status) for status in described["responses"]),
    )
