"""The screening: what it finds in every encoding, what it leaves alone, what is left of a masked text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.card_data import MASK, holds_card_data, masked, passes_luhn
from handlers.shared.identity import derived_id, random_id

VISA = "4242424242424242"
TEST_CARDS = [VISA, "5555555555554444", "378282246310005", "6011111111111117", "30569309025904", "3530111333300000"]
PREFIXES = ["4", "51", "55", "2221", "34", "37", "6011", "65", "3528", "36", "62", "50", "67"]


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(PREFIXES))
    length = draw(st.sampled_from([13, 14, 15, 16, 19]))
    digits = prefix + draw(st.text("0123456789", min_size=length - len(prefix) - 1, max_size=length - len(prefix) - 1))
    return next(digits + check for check in "0123456789" if passes_luhn(digits + check))


def written(digits: str, separator: str) -> str:
    return separator.join(digits[start : start + 4] for start in range(0, len(digits), 4))


@pytest.mark.parametrize("number", TEST_CARDS)
def test_the_test_cards_pass_the_luhn_check(number: str) -> None:
    assert passes_luhn(number)
    assert not passes_luhn(number[:-1] + str((int(number[-1]) + 1) % 10))


@given(
    number=card_numbers(),
    separator=st.sampled_from(["", " ", "-", ".", "_", " - ", "\u00a0", "\u2013", "/", "\n", ", ", "\u200b"]),
    before=st.sampled_from(["", "card", "no. ", '{"a":"', "x"]),
    after=st.sampled_from(["", "!", " exp 12/29", '"}', "x"]),
)
def test_a_card_number_is_found_in_any_writing(number: str, separator: str, before: str, after: str) -> None:
    assert holds_card_data(f"{before}{written(number, separator)}{after}")


ENCODINGS: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps({"note": text}),
    "json escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "json lines": lambda text: json.dumps("\n".join(text)),
    "percent": lambda text: "".join(f"%{ord(letter):02X}" for letter in text),
    "percent twice": lambda text: quote("".join(f"%{ord(letter):02X}" for letter in text)),
    "references": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in text": lambda text: f"id={base64.urlsafe_b64encode(('pan:' + text).encode()).decode()}&x=1",
    "hexadecimal": lambda text: text.encode().hex(),
    "full width": lambda text: "".join(chr(ord(letter) + 0xFEE0) for letter in text),
    "arabic": lambda text: "".join(chr(ord(letter) - 48 + 0x660) for letter in text),
    "mathematical": lambda text: "".join(chr(ord(letter) - 48 + 0x1D7CE) for letter in text),
    "surrogates": lambda text: json.dumps("".join(chr(ord(letter) - 48 + 0x1D7CE) for letter in text)),
    "array": lambda text: json.dumps([int(digit) for digit in text]),
    "utf-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("number", TEST_CARDS)
def test_a_card_number_is_found_in_every_encoding(number: str, encoding: str) -> None:
    assert holds_card_data(ENCODINGS[encoding](number))


@pytest.mark.parametrize("behind", ["123", "1229", "12291234567", "=2912101"])
def test_a_card_number_is_found_with_other_digits_behind_it(behind: str) -> None:
    assert holds_card_data(VISA + behind)


@pytest.mark.parametrize(
    "text",
    [
        '{"cvv": "123"}',
        '{"cvc":1234}',
        '{"card":{"security_code":"1234"}}',
        '{"cardVerificationValue": "999"}',
        "CVV2 123",
        "my cvv is 123",
        "cvv=123&x",
        '{"track_2": ";123456789"}',
        '{"pin":"1234"}',
        "%22cvv%22%3A%22123%22",
        '{"\\u0063vv": "123"}',
    ],
)
def test_a_verification_value_is_found_by_its_name(text: str) -> None:
    assert holds_card_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21T12:00:00.123456Z",
        "2026-11-21 12:00:00",
        "shipping 12345",
        '{"amount": 999999999.99, "currency": "USD"}',
        '{"opinion": 1234, "activity": 555, "success": 201}',
        "+44 20 7946 0958",
        "4242424242424241",
        '{"cvv": null}',
        "127.0.0.1, 10.20.30.40",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert not holds_card_data(text)
    assert masked(text) == text


@given(st.uuids(version=4))
def test_a_uuid_is_no_card_number(value: UUID) -> None:
    """One in hundreds has a run of digits that passes the Luhn check; clients use them as idempotency keys."""
    assert not holds_card_data(str(value))
    assert not holds_card_data(f'{{"key": "{value.hex}"}}')


@given(st.text())
def test_an_id_of_ours_is_no_card_number(key: str) -> None:
    assert not holds_card_data(derived_id("pay", caller="", key=key))
    assert not holds_card_data(random_id("txn"))


@given(card_numbers(), st.sampled_from(["", " ", "-"]), st.text(max_size=20))
def test_nothing_of_a_card_number_is_left_in_a_masked_text(number: str, separator: str, around: str) -> None:
    left = masked(f"{around} {written(number, separator)} {around}")
    assert not holds_card_data(left)
    assert number not in re.sub(r"\D", "", left)


def test_what_surrounds_a_card_number_stays_readable() -> None:
    assert masked(f"order 7 with {VISA} failed") == f"order 7 with {MASK} failed"


def test_a_text_that_hides_a_card_number_is_masked_whole() -> None:
    assert masked(f"body: {base64.b64encode(VISA.encode()).decode()}") == MASK
