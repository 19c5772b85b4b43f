"""Finds card numbers and card verification values in whatever a caller sends, and masks them in whatever is logged.

The service takes tokens only. PCI DSS 4.0.1 forbids keeping a verification value at all (3.3.1) and a card number in
readable form (3.5.1), logs included; a plain hash is not allowed either (3.5.1.1). So a request that holds one is
refused as a whole, before anything of it is kept, hashed, queued or logged. Pure, and linear in the text's length.

A card number is 13 to 19 digits that pass the Luhn check and have first digits and a length that a card network issues
(ISO/IEC 7812-1; `_NETWORK`), or 16 digits of any industry that pass it and stand together as cards show them. That
keeps amounts, dates, times since 1970 in any unit and phone numbers apart; of arbitrary runs of 16 or 19 digits about
one in eleven is refused, of 18 or 20 one in twenty, of others one in forty. What a text is decoded from stands in
`handlers.shared.encodings`, how digits may be spread over a JSON document in `handlers.shared.json_parts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from handlers.shared.encodings import SHORTEST_BASE64, forms
from handlers.shared.json_parts import parts_of

SHORTEST: Final = 13
LONGEST: Final = 19
MASK: Final = "[card data]"

_UUID: Final = re.compile(
    r"\b(?=[0-9-]{0,35}[a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[1-8][0-9a-f]{3}\1[89ab][0-9a-f]{3}\1[0-9a-f]{12}\b",
    re.IGNORECASE,
)
"""Common as idempotency keys (RFC 9562); one in hundreds would look like a card number by chance."""
_RUN: Final = re.compile(r"[0-9](?:[\W_]{0,12}[0-9])*")
"""Digits with up to twelve characters between two of them that are neither letters nor digits."""
_FEW_DIGITS: Final = re.compile(r"[^0-9\\%&]*(?:[0-9][^0-9\\%&]*){0,2}")
_GROUP: Final = re.compile(r"[0-9]+")
_PLAIN_SEPARATOR: Final = re.compile(r"[ \-._]?")
_NETWORK: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{17,18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|(?:5[06-8]|6\d)\d{11,17}"  # Maestro, Discover, UnionPay, RuPay, Verve
    r"|220[0-4]\d{12,15}"  # Mir
    r"|8[12]\d{14,17}"  # UnionPay, RuPay
    r"|9792\d{12}",  # Troy
    re.ASCII,
)
_ANY_INDUSTRY: Final = re.compile(r"[2-9][0-9]{15}")
"""The usual length of fuel, shop and national cards too; 0 and 1 are standards bodies and airlines."""
_WITH_MORE: Final = (15, 16)
_BEHIND: Final = re.compile(r"[0-9]{3,4}|(?:0[1-9]|1[0-2])[0-9]{2,}|[0-9]{2}(?:0[1-9]|1[0-2])[0-9]*")
"""A verification value; a month and a year, or the year first as on a track, and whatever follows."""
_PRINTED: Final = frozenset({(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (8, 8)})
"""How cards show their digits in groups, and forms ask for them in fields; single digits beside these."""
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The sum of the digits of twice a digit."""

_BETWEEN: Final = r"[\W_]{0,3}"
_WORD: Final = rf"(?:{_BETWEEN}(?:code|value|number|num|no|data|digits?))"
_CERTAIN: Final = (
    rf"(?:cv[vc]2?{_WORD}?"
    rf"|card{_BETWEEN}(?:security|verification|validation){_WORD}?"
    rf"|security{_BETWEEN}code"
    rf"|(?<![a-z])(?:track{_BETWEEN}(?:[123]|data)|pin{_BETWEEN}block))"
)
_POSSIBLE: Final = (
    rf"(?<![a-z])(?:card{_BETWEEN})?"
    rf"(?:(?:cv[nd]2?|csc|cav2?){_WORD}?|cid|pin(?:{_BETWEEN}number)?|(?:verification|validation){_WORD})"
)
"""May also be somebody's id, such as csc-1001, or a one-time password: counts with exactly three or four digits."""
_TO_VALUE: Final = r"(?![a-z])[\W_]{1,8}(?:(?:is|was|value)[\W_]{1,8})?"
_TO_POSSIBLE: Final = r"(?:[\W_]{0,3}[:=][\W_]{0,4}|\s(?:(?:is|was)\s)?)"
_VERIFICATION: Final = re.compile(
    rf"{_CERTAIN}{_TO_VALUE}[0-9](?:[\W_]?[0-9]){{2,}}|{_POSSIBLE}{_TO_POSSIBLE}[0-9]{{3,4}}(?![0-9])", re.IGNORECASE
)
"""The name of a verification value, track or PIN, and its digits behind it."""


def holds_card_data(text: str) -> bool:
    """Whether a card number or a verification value stands in a text, in any of the encodings that are undone."""
    return not _is_short_word(text) and any(map(_is_shown, forms(text)))


def part_holds_card_data(document: str) -> bool:
    """Whether a single text, number or name of a JSON document holds card data, whatever stands beside it."""
    return any(map(holds_card_data, {part for row in parts_of(document).rows for part in row}))


def masked(text: str) -> str:
    """The text without card data: what is found as it stands is replaced; what an encoding hides takes all with it."""
    shown, kept_from = "", 0
    for start, end in _merged(_spans(text)):
        shown += text[kept_from:start] + MASK
        kept_from = end
    shown += text[kept_from:]
    return MASK if holds_card_data(shown) else shown


def passes_luhn(digits: str) -> bool:
    """The check of ISO/IEC 7812-1: with every second digit from the right doubled, the digits add up to n x 10."""
    backwards = [int(digit) for digit in reversed(digits)]
    return (sum(backwards[::2]) + sum(_DOUBLED[digit] for digit in backwards[1::2])) % 10 == 0


def _is_short_word(text: str) -> bool:
    """Whether a text can hold nothing: too short for Base64, no other encoding, and not the digits of card data."""
    return len(text) < SHORTEST_BASE64 and text.isascii() and _FEW_DIGITS.fullmatch(text) is not None


def _is_shown(form: str) -> bool:
    """Whether card data stands in a text as it is, or spread over the parts of the JSON document that it is."""
    if any(True for _ in _spans(form)):
        return True
    parts = parts_of(form)
    return (
        any(True for row in parts.rows for _ in _card_numbers("|".join(row)))
        or any(map(_is_printed_card, parts.fields))
        or any(_VERIFICATION.search(f"{name}: {value}") for name, value in parts.named)
    )


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where card data stands; spans may overlap."""
    yield from (found.span() for found in _VERIFICATION.finditer(text))
    yield from _card_numbers(text)


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in their order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _card_numbers(text: str) -> Iterator[tuple[int, int]]:
    """The spans of card numbers; a span may overlap another."""
    blanked = _UUID.sub(lambda found: "x" * len(found.group()), text)
    for run in _RUN.finditer(blanked):
        if len(run.group()) >= SHORTEST:
            groups = [(run.start() + group.start(), group.group()) for group in _GROUP.finditer(run.group())]
            yield from _in_groups(blanked, groups)
            for start, digits in groups:
                yield from _in_long_group(start, digits)


def _in_groups(text: str, groups: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Numbers made of whole groups of digits."""
    for first, (start, _) in enumerate(groups):
        digits, is_plain, end = "", True, start
        for position, group in groups[first : first + LONGEST]:
            is_plain = is_plain and (not digits or _PLAIN_SEPARATOR.fullmatch(text[end:position]) is not None)
            digits, end = digits + group, position + len(group)
            if len(digits) > LONGEST:
                break
            if _is_card_number(digits, is_plain=is_plain):
                yield start, end


def _in_long_group(start: int, digits: str) -> Iterator[tuple[int, int]]:
    """Numbers that go on without a break: with a verification value, a date of expiry, or what a track holds."""
    for length in _WITH_MORE:
        number, behind = digits[:length], digits[length:]
        if _BEHIND.fullmatch(behind) and _is_card_number(number, is_plain=False):
            yield start, start + len(digits)


def _is_printed_card(fields: Sequence[str]) -> bool:
    """Whether neighbouring fields hold a card number in the groups that cards show, or digit by digit."""
    for first in range(len(fields)):
        digits, lengths = "", tuple[int, ...]()
        for field in fields[first : first + LONGEST]:
            if not _GROUP.fullmatch(field):
                break
            digits, lengths = digits + field, (*lengths, len(field))
            is_printed = lengths in _PRINTED or set(lengths) == {1}
            if is_printed and _is_card_number(digits, is_plain=False):
                return True
    return False


def _is_card_number(digits: str, *, is_plain: bool) -> bool:
    if not SHORTEST <= len(digits) <= LONGEST:
        return False
    is_issued = _NETWORK.fullmatch(digits) or (is_plain and _ANY_INDUSTRY.fullmatch(digits))
    return bool(is_issued) and passes_luhn(digits)
