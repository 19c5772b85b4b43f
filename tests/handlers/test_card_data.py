"""The screening: what it finds in every encoding, what it leaves alone, what is left of a masked text."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.shared.card_data import MASK, holds_card_data, masked, passes_luhn
from handlers.shared.identity import derived_id, random_id

VISA = "4242424242424242"
TEST_CARDS = [VISA, "5555555555554444", "378282246310005", "6011111111111117", "30569309025904", "3530111333300000"]
ISSUED = {
    "4": [13, 16, 18, 19],
    "51": [16],
    "55": [16],
    "2221": [16],
    "2720": [16],
    "34": [15],
    "37": [15],
    "300": [14, 16],
    "36": [14, 19],
    "3528": [16, 19],
    "50": [13, 16, 19],
    "6011": [16, 19],
    "62": [16, 17, 18, 19],
    "65": [16],
    "67": [13, 19],
    "2200": [16, 19],
    "81": [16],
    "9792": [16],
}
"""First digits of the networks, and lengths that they issue."""


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(list(ISSUED)))
    length = draw(st.sampled_from(ISSUED[prefix]))
    digits = prefix + draw(st.text("0123456789", min_size=length - len(prefix) - 1, max_size=length - len(prefix) - 1))
    return with_check_digit(digits)


def with_check_digit(digits: str) -> str:
    return next(digits + check for check in "0123456789" if passes_luhn(digits + check))


SEPARATORS = [" ", "-", ".", "_"] + [
    chr(code) for code in range(0x80, sys.maxunicode) if unicodedata.category(chr(code)) in {"Zs", "Pd"}
]
"""Every space and dash of Unicode."""


def written(digits: str, separator: str) -> str:
    return separator.join(digits[start : start + 4] for start in range(0, len(digits), 4))


def parts(digits: str) -> list[str]:
    return written(digits, " ").split()


def batched_pairs(texts: list[str]) -> list[tuple[str, str]]:
    return list(zip(texts[::2], [*texts[1::2], ""], strict=False))


@pytest.mark.parametrize("number", TEST_CARDS)
def test_the_test_cards_pass_the_luhn_check(number: str) -> None:
    assert passes_luhn(number)
    assert not passes_luhn(number[:-1] + str((int(number[-1]) + 1) % 10))


@given(
    number=card_numbers(),
    separator=st.sampled_from(["", " - ", "/", "\n", ", ", "\u200b", *SEPARATORS]),
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
    "percent thrice": lambda text: quote(quote("".join(f"%{ord(letter):02X}" for letter in text))),
    "references in percent": lambda text: quote("".join(f"&#x{ord(letter):x};" for letter in text)),
    "long references": lambda text: "".join(f"&#000000000{ord(letter)}" for letter in text),
    "named spaces": "&nbsp;".join,
    "json in json in json": lambda text: json.dumps(json.dumps(json.dumps({"\n".join(text): "\u0663"}))),
    "javascript": lambda text: "".join(f"\\x{ord(letter):x}" for letter in text),
    "code points": lambda text: "".join(f"\\u{{{ord(letter):x}}}" for letter in text),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 behind a word": lambda text: f"token/{base64.b64encode(text.encode()).decode()}",
    "hexadecimal behind a digit": lambda text: "f" + text.encode().hex(),
    "circled": lambda text: "".join(chr(0x2460 + int(digit) - 1) if digit != "0" else "\u24ea" for digit in text),
    "keycaps": lambda text: "".join(f"{digit}\ufe0f\u20e3" for digit in text),
    "struck through": lambda text: "".join(f"{digit}\u0336" for digit in text),
    "float": lambda text: f"{text}.0",
    "exponent": lambda text: f"{text[0]}.{text[1:]}e{len(text) - 1}",
    "exponent with zeros": lambda text: f'{{"n":{text[0]}.{text[1:]}0000000E+{len(text) - 1:02}}}',
    "negative exponent": lambda text: f"{text}00000000e-8",
    "short exponent": lambda text: f"{text.rstrip('0')}e{len(text) - len(text.rstrip('0'))}",
    "array of texts": lambda text: json.dumps(parts(text), indent=8),
    "arrays in arrays": lambda text: json.dumps([[[[digit]]] for digit in text]),
    "names": lambda text: "{" + ",".join(f'{" " * 9}"{part}"{" " * 9}: null' for part in parts(text)) + "}",
    "names and values": lambda text: (
        "{" + ",".join(f'"{name}":{" " * 9}"{value}"\n{" " * 9}' for name, value in batched_pairs(parts(text))) + "}"
    ),
    "array in a text": lambda text: json.dumps({"note": json.dumps(parts(text), indent=8)}),
    "utf-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("number", TEST_CARDS)
def test_a_card_number_is_found_in_every_encoding(number: str, encoding: str) -> None:
    assert holds_card_data(ENCODINGS[encoding](number))


@pytest.mark.parametrize("widths", [(4, 4, 4, 4), (8, 8), (1,) * 16])
def test_a_card_number_in_fields_of_a_form_is_found(widths: tuple[int, ...]) -> None:
    starts = [sum(widths[:index]) for index in range(len(widths))]
    fields = {
        f"part-{chr(97 + n)}": VISA[at : at + width] for n, (at, width) in enumerate(zip(starts, widths, strict=True))
    }
    assert holds_card_data(json.dumps({"currency": "USD", **fields, "amount": 12}))


def test_any_industry_s_sixteen_digits_are_found_and_no_time() -> None:
    """A fuel card is 70...; microseconds since 1970 begin with 1 until 2033."""
    found = [digit for digit in "0123456789" if holds_card_data(f"no. {with_check_digit(digit + '0' * 14)}")]
    assert found == list("23456789")


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
        '{"cvv2":"123"}',
        '{"CVC2": 123}',
        '{"cardCvv": "123"}',
        '{"userCvc": "123"}',
        '{"cvvCode": "123"}',
        '{"cvc_number": 123}',
        '{"card_verification": "1234"}',
        '{"card-verification-data": "1234"}',
        '{"security-code": 123}',
        '{"securityCode": 123}',
        '{"cardSecurityCode": 123}',
        '{"verification_value": "123"}',
        '{"csc": "123"}',
        '{"csc_code": 123}',
        "my pin is 1234",
        '{"cid": "1234"}',
        '{"CAV2": "123"}',
        '{"\uff43\uff56\uff56": "\uff11\uff12\uff13"}',
        '{"cvv":          "123"}',
        '{"cvv": {"value": {"digits": "123"}}}',
        '{"cvv": ["1", "2", "3"]}',
        '{"cvv": "1 2 3"}',
        '{"name": "cvv", "value": "123"}',
        '{"note": "{\\"cvv\\":\\"123\\"}"}',
        '{"cvv": "123", "cvv": null}',
        '{"pin_block": "1234567890123456"}',
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
        "424242424242424299999",
        '{"cvv": null}',
        '{"cvv_result": "M", "cvc_check": "pass"}',
        '{"verification_code": "123456", "pincode": "560001", "cid": "70012345"}',
        '{"recvd": 1234, "csv": 2026, "track": "1234567890"}',
        '{"customer_id": "cid-1234", "merchant_id": "csc-1001", "payment_method": "pin_0042"}',
        '{"amount": "44.10", "customer_id": "100000000000"}',
        '{"year": 2026, "month": 11, "day": 28, "hour": 14, "minute": 30, "second": 59, "code": 4711}',
        "&#38;&#x26;&amp;&;&#;&#x;%zz\\q\\u12",
        "1e5 1.5e-3 9e99",
        "127.0.0.1, 10.20.30.40",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert not holds_card_data(text)
    assert masked(text) == text


@given(st.integers(1_600_000_000, 1_999_999_999), st.sampled_from([1, 10**3, 10**6, 10**9]), st.integers(0))
def test_a_time_is_no_card_number(seconds: int, unit: int, fraction: int) -> None:
    """Since 1970, in seconds, milliseconds, microseconds or nanoseconds."""
    assert not holds_card_data(str(seconds * unit + fraction % unit))


@given(st.integers(1, 99_999_999_999), st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)))  # noqa: DTZ001 - digits only
def test_an_amount_and_a_date_are_no_card_number(cents: int, at: datetime) -> None:
    assert not holds_card_data(f'{{"amount":{cents / 100:.2f},"customer_id":"c-{cents}","at":"{at.isoformat()}Z"}}')


@given(st.uuids(version=4))
@example(UUID("1434cbe9-b158-4cc2-a9e2-5585087433e5"))
@example(UUID("c758e95a-bb3e-4b20-afc3-6990666133e3"))
def test_a_uuid_is_no_card_number(value: UUID) -> None:
    """One in hundreds has a run of digits that passes the Luhn check, one in thousands ends as a float does."""
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


def test_a_number_in_the_form_of_a_uuid_is_found() -> None:
    assert holds_card_data("42424242-4242-4242-0000-00000000000a")


HOSTILE = """
from handlers.shared.card_data import holds_card_data
for part in ("\\\\", "&#", "1-", '{"cvv":', "[", "cvv card", " ", "QUFB"):
    assert not holds_card_data("cvv" + part * (100_000 // len(part)) + "x"), part
"""


def test_no_text_takes_time_by_the_square_of_its_length() -> None:
    """A row of so many backslashes took half a minute, where now all of these together take about a second."""
    subprocess.run([sys.executable, "-c", HOSTILE], check=True, timeout=20)


@pytest.mark.parametrize("text", ["&#" + "9" * 5_000, "&#x" + "f" * 5_000, "&#1114112;", "\\u{fffffff}", "9" * 5_000])
def test_a_number_beyond_all_characters_is_no_fault(text: str) -> None:
    """Python refuses to read more than 4,300 digits; what raises here would be answered with 500."""
    assert not holds_card_data(text)


def test_what_surrounds_a_card_number_stays_readable() -> None:
    assert masked(f"order 7 with {VISA} failed") == f"order 7 with {MASK} failed"


def test_a_text_that_hides_a_card_number_is_masked_whole() -> None:
    assert masked(f"body: {base64.b64encode(VISA.encode()).decode()}") == MASK
