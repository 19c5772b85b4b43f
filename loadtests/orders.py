"""The orders that customers place: what is bought, in which currency, how it is paid. Pure for a given generator."""

from __future__ import annotations

import json
from random import Random
from typing import Final

PRICE_RANGES: Final = ((1, 20), (20, 200), (200, 2_000), (10_000, 20_000))
PRICE_WEIGHTS: Final = (50, 35, 13, 2)
"""Most orders are small; one in fifty is large enough to wait for a person."""
CURRENCY_WEIGHTS: Final = {"USD": 55, "EUR": 25, "GBP": 20}
"""By the currencies of the OpenAPI document; a test keeps them equal."""
METHODS: Final = ("card", "wallet", "bank")
METHOD_WEIGHTS: Final = (70, 15, 15)
CUSTOMERS: Final = 500
MERCHANTS: Final = 20


def amount(random: Random) -> str:
    """A price with evenly spread cents, as JSON text."""
    lowest, highest = random.choices(PRICE_RANGES, PRICE_WEIGHTS)[0]
    return f"{random.randrange(lowest, highest)}.{random.randrange(100):02}"


def payment(random: Random, amount: str) -> str:
    """The body of a payment of `amount`; its digits stand in the text as given."""
    return _order(random, amount, customer_id=f"customer-{random.randrange(CUSTOMERS)}")


def transaction(random: Random, amount: str) -> str:
    """The body of a transaction of `amount`."""
    return _order(random, amount, merchant_id=f"merchant-{random.randrange(MERCHANTS)}")


def _order(random: Random, amount: str, **whose: str) -> str:
    method = random.choices(METHODS, METHOD_WEIGHTS)[0]
    currency = random.choices(list(CURRENCY_WEIGHTS), list(CURRENCY_WEIGHTS.values()))[0]
    rest = json.dumps({"currency": currency, "payment_method": f"{method}_tok", **whose})
    return f'{{"amount": {amount}, {rest[1:]}'
