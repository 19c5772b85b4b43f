"""What a payment costs the merchant: this release lowers the wallet rate and names a rate for vouchers.

Overlays ``handlers/payment_processor/fees.py``; built by ``examples/releases.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handlers.shared.money import Currency

BASIS_POINTS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of the amount and a fixed part in minor units."""

    basis_points: int
    fixed: int


CARD: Final = Rate(basis_points=140, fixed=20)
RATES: Final = {
    "card": CARD,
    "wallet": Rate(basis_points=110, fixed=10),
    "bank": Rate(basis_points=0, fixed=35),
    "voucher": Rate(basis_points=250, fixed=0),
}
"""By the family of the payment method: the token's part before the first underscore."""
EUROPEAN_DISCOUNT: Final = 5
"""Basis points less inside Europe, where interchange is capped."""


def fee(minor: int, currency: Currency, payment_method: str) -> int:
    """The fee in minor units for an amount of `minor` units, rounded half up; unknown families pay the card rate."""
    rate = RATES.get(payment_method.partition("_")[0], CARD)
    discount = EUROPEAN_DISCOUNT if currency is not Currency.USD and rate.basis_points else 0
    share = minor * (rate.basis_points - discount)
    return rate.fixed + (share + BASIS_POINTS // 2) // BASIS_POINTS
