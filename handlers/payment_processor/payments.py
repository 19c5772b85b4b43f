"""A payment: what is decided about an order, and how it is shown. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from handlers.payment_processor.fees import fee
from handlers.shared.exact_json import Json
from handlers.shared.instants import instant
from handlers.shared.order import Order
from handlers.shared.refusal import invalid

REVIEW_FROM_MINOR: Final = 1_000_000
"""Payments of 10,000.00 and more wait for a person."""


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    PENDING = "pending"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An order and what was decided about it."""

    payment_id: str
    order: Order
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


def decide(order: Order, *, payment_id: str, at: datetime, version: str) -> Payment:
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
