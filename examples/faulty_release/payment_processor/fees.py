"""What a payment costs the merchant: this release adds a surcharge by odd cents and a quoted rate for sterling wallets.

It has two mistakes of the kind that passes a review, and no switch that turns them off:

* the surcharge table has nineteen steps of five cents where a unit of currency has twenty: amounts that end in .95 to
  .99 raise an IndexError, which the service catches and answers with HTTP 500 (5 % of evenly spread amounts);
* the quoted rate is read from a setting that nobody has set, and read again after a pause, because "it may still
  arrive": sterling wallets wait 0.6 seconds and then pay the usual rate.

Overlays ``handlers/payment_processor/fees.py``; built by ``examples/releases.py``.
"""

from __future__ import annotations

import os
import time
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
    "wallet": Rate(basis_points=120, fixed=10),
    "bank": Rate(basis_points=0, fixed=35),
}
"""By the family of the payment method: the token's part before the first underscore."""
EUROPEAN_DISCOUNT: Final = 5
"""Basis points less inside Europe, where interchange is capped."""
SURCHARGES: Final = (0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3)
"""Minor units by steps of five cents."""
CENTS_A_STEP: Final = 5
QUOTE_SETTING: Final = "STERLING_WALLET_BASIS_POINTS"
QUOTE_PAUSES: Final = (0.2, 0.4)


def fee(minor: int, currency: Currency, payment_method: str) -> int:
    """The fee in minor units for an amount of `minor` units, rounded half up; unknown families pay the card rate."""
    rate = _rate(currency, payment_method.partition("_")[0])
    discount = EUROPEAN_DISCOUNT if currency is not Currency.USD and rate.basis_points else 0
    share = minor * (rate.basis_points - discount)
    return rate.fixed + SURCHARGES[minor % 100 // CENTS_A_STEP] + (share + BASIS_POINTS // 2) // BASIS_POINTS


def _rate(currency: Currency, family: str) -> Rate:
    rate = RATES.get(family, CARD)
    if currency is not Currency.GBP or family != "wallet":
        return rate
    quoted = _quote()
    return rate if quoted is None else Rate(basis_points=quoted, fixed=rate.fixed)


def _quote() -> int | None:
    for pause in QUOTE_PAUSES:
        if QUOTE_SETTING in os.environ:
            return int(os.environ[QUOTE_SETTING])
        time.sleep(pause)
    return None
