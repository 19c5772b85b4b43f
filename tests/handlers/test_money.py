from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.exact_json import Json, JsonNumber
from handlers.shared.money import LARGEST, Amount, Currency, parse_amount, parse_currency
from handlers.shared.refusal import Refusal

CENTS = st.integers(min_value=1, max_value=int(LARGEST * 100))


@given(CENTS)
def test_every_whole_number_of_cents_is_counted_exactly(cents: int) -> None:
    """A3: exact amounts."""
    literal = f"{cents // 100}.{cents % 100:02}"
    assert parse_amount(JsonNumber(literal)) == Amount(sent=JsonNumber(literal), minor=cents)


@given(CENTS)
def test_an_amount_is_kept_by_its_literal(cents: int) -> None:
    amount = parse_amount(str(Decimal(cents) / 100))
    assert Amount.from_literal(amount.literal) == amount


@pytest.mark.parametrize(
    ("literal", "minor"), [("1e2", 10_000), ("10.100", 1010), ("5", 500), ("0.01", 1), ("12E-1", 120)]
)
def test_the_writing_of_a_number_does_not_change_its_value(literal: str, minor: int) -> None:
    assert parse_amount(JsonNumber(literal)).minor == minor


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (JsonNumber("0"), "greater than 0"),
        (JsonNumber("-1"), "greater than 0"),
        (JsonNumber("0.001"), "2 decimal places"),
        (JsonNumber("1e-99999999"), "2 decimal places"),
        (JsonNumber("1000000000"), "at most 999999999.99"),
        (JsonNumber("1e99999999"), "at most 999999999.99"),
        (JsonNumber("1e99999999999999999999999"), "at most 999999999.99"),
        (JsonNumber("1." + "0" * 40), "at most 32 characters"),
        ("ten", "must be a number"),
        (" 1", "must be a number"),
        ("-1", "must be a number"),
        ("\u0661", "must be a number"),
        (True, "must be a number"),
        (None, "must be a number"),
        ([], "must be a number"),
    ],
)
def test_what_is_no_payable_amount_is_refused_with_a_reason(value: Json, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_amount(value)
    assert (refused.value.status, refused.value.field) == (400, "amount")
    assert message in refused.value.message


@pytest.mark.parametrize("currency", list(Currency))
def test_each_currency_is_known_by_its_code(currency: Currency) -> None:
    assert parse_currency(currency.value) is currency


@pytest.mark.parametrize("value", ["usd", "JPY", "", None, JsonNumber("1"), [], {}])
def test_another_currency_is_refused_and_the_known_ones_named(value: Json) -> None:
    with pytest.raises(Refusal, match="USD, EUR, GBP"):
        parse_currency(value)
