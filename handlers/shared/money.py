"""Exact money: an amount keeps the text it was sent with, and counts in whole minor units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeAlias

from handlers.shared.exact_json import Json, JsonNumber, parse_json, render_json
from handlers.shared.refusal import invalid

MINOR_DIGITS: Final = 2
"""ISO 4217: all three currencies count in hundredths."""
MINOR_UNIT: Final = Decimal("0.01")
LARGEST: Final = Decimal("999999999.99")
_LONGEST_LITERAL: Final = 32
_DECIMAL_TEXT: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)


class Currency(StrEnum):
    """The currencies that are accepted."""

    USD = "USD"
    EUR = "EUR"
    GBP = "GBP"


Sent: TypeAlias = "JsonNumber | str"
"""An amount as JSON carried it: a number, or a decimal number in a string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A positive amount of money."""

    sent: Sent
    minor: int
    """Cents or pence."""

    @property
    def literal(self) -> str:
        """The JSON text of the amount, as it was sent."""
        return render_json(self.sent)

    @classmethod
    def from_literal(cls, literal: str) -> Amount:
        """The amount whose `literal` was kept."""
        return parse_amount(parse_json(literal))


def parse_amount(value: Json) -> Amount:
    """The amount in a body.

    Raises:
        Refusal: 400, no decimal number, not positive, too large, or not a whole number of minor units.
    """
    if isinstance(value, JsonNumber):
        return Amount(sent=value, minor=_minor(value.literal))
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        return Amount(sent=value, minor=_minor(value))
    raise invalid("amount", "amount must be a number, such as 12.50")


def parse_currency(value: Json) -> Currency:
    """The currency in a body.

    Raises:
        Refusal: 400, not one of `Currency`.
    """
    if isinstance(value, str) and value in tuple(Currency):
        return Currency(value)
    raise invalid("currency", f"currency must be one of {', '.join(Currency)}")


def _minor(literal: str) -> int:
    if len(literal) > _LONGEST_LITERAL:
        raise invalid("amount", f"amount must be written with at most {_LONGEST_LITERAL} characters")
    try:
        value = Decimal(literal)
    except InvalidOperation as error:
        raise invalid("amount", f"amount must be at most {LARGEST}") from error
    if value <= 0:
        raise invalid("amount", "amount must be greater than 0")
    if value > LARGEST:
        raise invalid("amount", f"amount must be at most {LARGEST}")
    if value != value.quantize(MINOR_UNIT):
        raise invalid("amount", f"amount must have at most {MINOR_DIGITS} decimal places")
    return int(value.scaleb(MINOR_DIGITS))
