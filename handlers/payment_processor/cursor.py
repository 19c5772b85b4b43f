"""Where a page of payments ended, as an opaque text for the caller."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from handlers.shared.exact_json import parse_json, render_json
from handlers.shared.identity import is_id
from handlers.shared.records import Record, text
from handlers.shared.refusal import invalid

TABLE_KEY: Final = ("payment_id",)
INDEX_KEY: Final = ("created_at", "payment_id", "status")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
LONGEST: Final = 512


@dataclass(frozen=True, slots=True)
class Cursor:
    """The key of the last payment of a page, as sorted (attribute, value) pairs."""

    parts: tuple[tuple[str, str], ...]

    def key(self) -> Record:
        """The key as DynamoDB's ExclusiveStartKey."""
        return {name: text(value) for name, value in self.parts}

    def encoded(self) -> str:
        """The cursor for a URL."""
        return base64.urlsafe_b64encode(render_json(dict(self.parts)).encode()).decode().rstrip("=")

    @classmethod
    def from_key(cls, key: Record | None) -> Self | None:
        """The cursor after DynamoDB's LastEvaluatedKey; None after the last page."""
        return cls(tuple(sorted((name, value["S"]) for name, value in key.items()))) if key else None


def parse_cursor(sent: str, *, status: str | None) -> Cursor:
    """The cursor that an earlier page of the same listing returned.

    Raises:
        Refusal: 400, it is none, or it belongs to another listing.
    """
    refusal = invalid("cursor", "cursor must be the next_cursor of an earlier page of the same listing")
    if len(sent) > LONGEST:
        raise refusal
    try:
        parts = parse_json(base64.b64decode(sent + "=" * (-len(sent) % 4), altchars=b"-_", validate=True).decode())
    except (ValueError, binascii.Error) as error:
        raise refusal from error
    if not isinstance(parts, Mapping) or tuple(sorted(parts)) != (TABLE_KEY if status is None else INDEX_KEY):
        raise refusal
    values = tuple(sorted((name, value) for name, value in parts.items() if isinstance(value, str)))
    if len(values) != len(parts) or not all(_is_possible(name, value, status) for name, value in values):
        raise refusal
    return Cursor(values)


def _is_possible(name: str, value: str, status: str | None) -> bool:
    """Whether a key of the listing may have this part; what else DynamoDB would say of it is a fault."""
    match name:
        case "payment_id":
            return is_id(value)
        case "created_at":
            return _INSTANT.fullmatch(value) is not None
    return value == status
