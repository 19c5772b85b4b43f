"""The payments that customers make: what is bought, in which currency, how it is paid. Pure for a given generator."""

from __future__ import annotations

import json
from random import Random
from typing import Final

PRICE_RANGES: Final = ((1, 20), (20, 200), (200, 2_000), (10_000, 20_000))
PRICE_WEIGHTS: Final = (50, 35, 13, 2)
"""Most payments are small; one in fifty is large enough to wait for a person."""
CURRENCIES: Final = ("USD", "EUR", "GBP")
CURRENCY_WEIGHTS: Final = (55, 25, 20)
METHODS: Final = ("card", "wallet", "bank")
METHOD_WEIGHTS: Final = (70, 15, 15)
CUSTOMERS: Final = 500


def amount(random: Random) -> str:
    """A price with evenly spread cents, as JSON text."""
    lowest, highest = random.choices(PRICE_RANGES, PRICE_WEIGHTS)[0]
    return f"{random.randrange(lowest, highest)}.{random.randrange(100):02}"


def order(random: Random, amount: str) -> str:
    """The body of POST /payments for `amount`; its digits stand in the text as given."""
    method = random.choices(METHODS, METHOD_WEIGHTS)[0]
    rest = json.dumps(
        {
            "currency": random.choices(CURRENCIES, CURRENCY_WEIGHTS)[0],
            "payment_method": f"{method}_tok",
            "customer_id": f"customer-{random.randrange(CUSTOMERS)}",
        }
    )
    return f'{{"amount": {amount}, {rest[1:]}'
