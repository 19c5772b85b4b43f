"""Finds card numbers and card verification values in whatever a caller sends, and masks them in whatever is logged.

The service takes tokens only. PCI DSS 4.0.1 forbids keeping a verification value at all (3.3.1) and a card number in
readable form (3.5.1), logs included; a plain hash is not allowed either (3.5.1.1). So a request that holds one is
refused as a whole, before anything of it is kept, hashed, queued or logged. Pure.

A card number is 13 to 19 digits that pass the Luhn check (ISO/IEC 7812-1). Searched is the text itself, and what it
becomes when JSON escapes, percent encoding, character references, Base64 or hexadecimal are undone; the digits of all
scripts count. To tell numbers from dates and counters, anything but the plain form (groups joined by single spaces,
dashes, dots or underscores) must also begin as the numbers of a card network do.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

SHORTEST: Final = 13
LONGEST: Final = 19
SHORTEST_WITH_MORE: Final = 18
"""An American Express number and a verification value of three digits."""
MASK: Final = "[card data]"

_UUID: Final = re.compile(
    r"\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9a-f]*[a-f])[0-9a-f]{32})\b",
    re.IGNORECASE | re.ASCII,
)
"""Common as idempotency keys; one in hundreds would look like a card number by chance."""
_RUN: Final = re.compile(r"\d(?:[\W_]{0,5}\d)*")
"""Digits with up to five characters between two of them that are neither letters nor digits."""
_GROUP: Final = re.compile(r"\d+")
_PLAIN_SEPARATOR: Final = re.compile(r"[ \-._\u00a0\u2010-\u2015]?")
_NETWORK: Final = re.compile(r"4|5[0-9]|6|3[0-9]|2[2-7]|1800|2131|9792")
"""First digits: Visa, Mastercard, Maestro, Discover, UnionPay, RuPay, Amex, Diners Club, JCB, Mir, Troy."""
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The sum of the digits of twice a digit."""
_NETWORK_LENGTHS: Final = (15, 16)
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_ESCAPE: Final = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|[bfnrt/])")
"""Of JSON strings, also of one inside another; those without a number are white space or a slash, here a space."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2}){13,}")
_VERIFICATION_NAMES: Final = (
    r"c[vs][vc]2?|cvn2?|cid|card[\W_]*(?:security|verification|validation)[\W_]*(?:code|value|number)"
    r"|security[\W_]*code|track[\W_]*(?:1|2|data)|pin[\W_]*(?:block)?"
)
_VERIFICATION: Final = re.compile(
    rf"(?<![A-Za-z])(?:card[\W_]*)?(?:{_VERIFICATION_NAMES})(?![A-Za-z])[^\w]{{1,8}}(?:is\W+)?[%;]?\d{{3,}}",
    re.IGNORECASE,
)
"""The name of a verification value, track or PIN, and a value of three digits or more behind it."""


def holds_card_data(text: str) -> bool:
    """Whether a card number or a verification value stands in a text, in any of the encodings that are undone."""
    return any(_VERIFICATION.search(form) or any(_card_numbers(form)) for form in _forms(text))


def masked(text: str) -> str:
    """The text without card data: what is found as it stands is replaced; what an encoding hides takes all with it."""
    shown = _VERIFICATION.sub(MASK, text)
    for start, end in sorted(_card_numbers(shown), reverse=True):
        shown = shown[:start] + MASK + shown[end:]
    return MASK if holds_card_data(shown) else shown


def passes_luhn(digits: str) -> bool:
    """The check of ISO/IEC 7812-1: with every second digit from the right doubled, the digits add up to n x 10."""
    backwards = [int(digit) for digit in reversed(digits)]
    return (sum(backwards[::2]) + sum(_DOUBLED[digit] for digit in backwards[1::2])) % 10 == 0


def _card_numbers(text: str) -> Iterator[tuple[int, int]]:
    """The spans of card numbers; a span may overlap another."""
    blanked = _UUID.sub(lambda found: "x" * len(found.group()), text)
    for run in _RUN.finditer(blanked):
        if len(run.group()) >= SHORTEST:
            groups = [(run.start() + group.start(), group.group()) for group in _GROUP.finditer(run.group())]
            yield from _in_groups(blanked, groups)
            for start, digits in groups:
                yield from _in_long_group(start, digits)


def _in_groups(text: str, groups: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Numbers made of whole groups of digits."""
    for first, (start, _) in enumerate(groups):
        digits, is_plain, end = "", True, start
        for position, group in groups[first:]:
            is_plain = is_plain and (not digits or _PLAIN_SEPARATOR.fullmatch(text[end:position]) is not None)
            digits, end = digits + group, position + len(group)
            if len(digits) > LONGEST:
                break
            if len(digits) >= SHORTEST and passes_luhn(digits) and (is_plain or _is_of_network(digits)):
                yield start, end


def _in_long_group(start: int, digits: str) -> Iterator[tuple[int, int]]:
    """Numbers with other digits right before or behind them, such as an expiry date or a verification value."""
    if len(digits) < SHORTEST_WITH_MORE:
        return
    offsets = range(len(digits) - SHORTEST + 1) if len(digits) > LONGEST else range(1)
    for offset in offsets:
        for length in _NETWORK_LENGTHS:
            part = digits[offset : offset + length]
            if len(part) == length and _is_of_network(part) and passes_luhn(part):
                yield start + offset, start + offset + length


def _is_of_network(digits: str) -> bool:
    return _NETWORK.match("".join(str(int(digit)) for digit in digits[:4])) is not None


def _forms(text: str) -> Iterator[str]:
    """The text as it stands, and with its encodings undone."""
    plain = _plain(text)
    yield from dict.fromkeys((text, plain))
    for encoded in _BASE64.findall(plain):
        yield _decoded_base64(encoded)
    for encoded in _HEXADECIMAL.findall(plain):
        yield bytes.fromhex(encoded).decode("latin-1")


def _plain(text: str) -> str:
    """Escapes, references and percent encoding undone, compatibility forms folded, invisible characters removed."""
    unescaped = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)) if found.group(1) else " ", text)
    # JSON escapes a character beyond 16 bits as two surrogates, which only together are a digit.
    unescaped = unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", unquote(unquote(html.unescape(unescaped)))))


def _decoded_base64(encoded: str) -> str:
    padded = encoded.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return _plain(base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("latin-1"))
    except binascii.Error:
        return ""
