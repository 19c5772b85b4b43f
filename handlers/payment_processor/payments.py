"""A payment: what is accepted, what is decided about it, and how it is shown. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from handlers.payment_processor.fees import fee
from handlers.shared.exact_json import Json, render_json
from handlers.shared.fields import parse_line, parse_token, require
from handlers.shared.instants import instant
from handlers.shared.money import Amount, Currency, parse_amount, parse_currency
from handlers.shared.refusal import invalid

REQUIRED: Final = ("amount", "currency", "payment_method", "customer_id")
REVIEW_FROM_MINOR: Final = 1_000_000
"""Payments of 10,000.00 and more wait for a person."""


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    PENDING = "pending"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """A valid wish to pay, before anything was decided."""

    amount: Amount
    currency: Currency
    payment_method: str
    """A token of the payment provider, never a card number."""
    customer_id: str
    description: str | None = None

    def members(self) -> dict[str, Json]:
        """What was ordered, as it is shown and kept."""
        shown: dict[str, Json] = {
            "amount": self.amount.sent,
            "currency": self.currency.value,
            "payment_method": self.payment_method,
            "customer_id": self.customer_id,
        }
        return shown | ({} if self.description is None else {"description": self.description})

    def fingerprint(self) -> str:
        """Equal for two orders exactly when every digit and letter of them is."""
        return hashlib.sha256(render_json(self.members()).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An order and what was decided about it."""

    payment_id: str
    order: PaymentOrder
    status: PaymentStatus
    fee_minor: int
    created_at: str
    """ISO 8601, UTC, microseconds: sorts as text."""
    version: str
    """The version of the code that decided."""

    def members(self) -> dict[str, Json]:
        """The payment as the API shows it."""
        return {
            "payment_id": self.payment_id,
            **self.order.members(),
            "status": self.status.value,
            "fee_minor": self.fee_minor,
            "created_at": self.created_at,
            "version": self.version,
        }


def parse_order(body: Mapping[str, Json]) -> PaymentOrder:
    """The order in a body; members that it does not know are ignored and not kept.

    Raises:
        Refusal: 400, a member is missing or invalid.
    """
    require(body, REQUIRED)
    return PaymentOrder(
        amount=parse_amount(body["amount"]),
        currency=parse_currency(body["currency"]),
        payment_method=parse_token("payment_method", body["payment_method"]),
        customer_id=parse_token("customer_id", body["customer_id"]),
        description=parse_line("description", body.get("description")),
    )


def decide(order: PaymentOrder, *, payment_id: str, at: datetime, version: str) -> Payment:
    """The payment that an order becomes."""
    return Payment(
        payment_id=payment_id,
        order=order,
        status=PaymentStatus.PENDING if order.amount.minor >= REVIEW_FROM_MINOR else PaymentStatus.COMPLETED,
        fee_minor=fee(order.amount.minor, order.currency, order.payment_method),
        created_at=instant(at),
        version=version,
    )


def parse_status(text: str) -> PaymentStatus:
    """The status in a query.

    Raises:
        Refusal: 400, there is no such status.
    """
    try:
        return PaymentStatus(text)
    except ValueError as error:
        raise invalid("status", f"status must be one of {', '.join(PaymentStatus)}") from error
