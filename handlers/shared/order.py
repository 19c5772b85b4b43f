"""A wish to move money, as a body, a record and an answer hold it. Pure.

Payments and transactions differ in whose it is: an order of a customer, or an order for a merchant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from handlers.shared.exact_json import Json, render_json
from handlers.shared.fields import parse_line, parse_name, parse_token, require
from handlers.shared.identity import digest
from handlers.shared.money import Amount, Currency, parse_amount, parse_currency
from handlers.shared.records import Record, number, text
from handlers.shared.refusal import Refusal

COMMON: Final = ("amount", "currency", "payment_method")


class Party(StrEnum):
    """The member that says whose an order is."""

    CUSTOMER = "customer_id"
    MERCHANT = "merchant_id"


_PARSERS: Final = {Party.CUSTOMER: parse_token, Party.MERCHANT: parse_name}
"""A merchant's webhook is found in SSM by the merchant's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A valid order, before anything was decided about it."""

    amount: Amount
    currency: Currency
    payment_method: str
    """A token of the payment provider, never a card number."""
    party: Party
    party_id: str
    description: str | None = None
    others: str | None = field(default=None, compare=False)
    """A digest of the body's other members, of which nothing else is kept; None in what an older version wrote."""

    def members(self) -> dict[str, Json]:
        """What was ordered, as it is shown and sent."""
        shown: dict[str, Json] = {
            "amount": self.amount.sent,
            "currency": self.currency.value,
            "payment_method": self.payment_method,
            self.party.value: self.party_id,
        }
        return shown | ({} if self.description is None else {"description": self.description})

    def fingerprint(self) -> str:
        """Equal for two orders exactly when every digit and letter of their bodies' values is."""
        return hashlib.sha256(f"{render_json(self.members())}{self.others or ''}".encode()).hexdigest()

    def repeats(self, earlier: Order) -> bool:
        """Whether an idempotency key may stand for both: the same body, as far as it was recorded."""
        knows_others = self.others is not None and earlier.others is not None
        return self.members() == earlier.members() and (not knows_others or self.others == earlier.others)

    def attributes(self) -> dict[str, dict[str, str]]:
        """What a record keeps; `amount` is the JSON text as sent, `amount_minor` is what sums are made of."""
        kept = {
            "amount": text(self.amount.literal),
            "amount_minor": number(self.amount.minor),
            "currency": text(self.currency.value),
            "payment_method": text(self.payment_method),
            self.party.value: text(self.party_id),
        }
        optional = {"description": self.description, "others": self.others}
        return kept | {name: text(value) for name, value in optional.items() if value is not None}


def required_members(party: Party) -> tuple[str, ...]:
    """The members that an order's body must have."""
    return (*COMMON, party.value)


def parse_order(body: Mapping[str, Json], party: Party) -> Order:
    """The order in a body; members that it does not know are ignored, and only a digest of them is kept.

    Raises:
        Refusal: 400, a member is missing or invalid, or another one nests too deeply.
    """
    require(body, required_members(party))
    known = {*required_members(party), "description"}
    return Order(
        amount=parse_amount(body["amount"]),
        currency=parse_currency(body["currency"]),
        payment_method=parse_token("payment_method", body["payment_method"]),
        party=party,
        party_id=_PARSERS[party](party.value, body[party.value]),
        description=parse_line("description", body.get("description")),
        others=_members_digest({name: value for name, value in body.items() if name not in known}),
    )


def order_in(record: Record, party: Party) -> Order:
    """The order that a record keeps."""
    description, others = record.get("description"), record.get("others")
    return Order(
        amount=Amount.from_literal(record["amount"]["S"]),
        currency=Currency(record["currency"]["S"]),
        payment_method=record["payment_method"]["S"],
        party=party,
        party_id=record[party.value]["S"],
        description=None if description is None else description["S"],
        others=None if others is None else others["S"],
    )


def _members_digest(members: Mapping[str, Json]) -> str:
    """The same for the same members in any order."""
    try:
        canonical = render_json(_sorted(members))
    except RecursionError as deep:
        raise Refusal(400, "invalid_json", "the body nests too deeply") from deep
    return digest(canonical)


def _sorted(value: Json) -> Json:
    """A value with the members of its objects in the order of their names."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_sorted(item) for item in value]
    return value
