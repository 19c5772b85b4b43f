from __future__ import annotations

import pytest

from handlers.payment_processor.fees import fee
from handlers.shared.money import Currency


@pytest.mark.parametrize(
    ("minor", "currency", "method", "expected"),
    [
        (10_000, Currency.USD, "card_tok", 160),
        (10_000, Currency.EUR, "card_tok", 155),
        (10_000, Currency.GBP, "wallet_tok", 125),
        (10_000, Currency.GBP, "bank_tok", 35),
        (10_000, Currency.USD, "unheard-of", 160),
        (1, Currency.USD, "card", 20),
        (36, Currency.USD, "card", 21),
    ],
)
def test_a_fee_is_a_rounded_share_and_a_fixed_part(minor: int, currency: Currency, method: str, expected: int) -> None:
    assert fee(minor, currency, method) == expected
