"""What a text may hide: the same text with its encodings undone, one upon another. Pure, linear in the text's length.

Undone are JSON's and JavaScript's escapes (of one string inside another too), percent encoding, character references,
exponents of numbers, Base64 and hexadecimal. The digits, spaces and dashes of all scripts become those of ASCII,
rows of spaces one; combining and invisible characters go. What is compressed, enciphered or spelt in words stays so.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

LAYERS: Final = 4
"""Encodings of one kind upon each other that are undone; different kinds are undone in one layer."""
LAST_CODE_POINT: Final = 0x10FFFF
REPLACEMENT: Final = "\ufffd"
LONGEST_CODE: Final = 7
"""Digits of a character's number, leading zeros apart."""
SHORTEST_BASE64: Final = 16
"""Characters; a card number takes 18."""
FEWEST_DIGITS: Final = 3
"""Of card data: a verification value."""

_ESCAPE: Final = re.compile(
    r"(?:(?<!\\)\\+|%)u([0-9a-f]{4})|(?<!\\)\\+(?:u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2})|[bfnrt/]|\")", re.IGNORECASE
)
"""The look behind keeps a long row of backslashes linear."""
_REFERENCE: Final = re.compile(r"&#(?:x0*([0-9a-f]+)|0*([0-9]+));?", re.IGNORECASE)
_EXPONENT: Final = re.compile(r"(?<![\w.-])[0-9](?:\.?[0-9]){7,40}e[+-]?[0-9]{1,2}(?![\w-])", re.IGNORECASE)
"""As a program writes a long number that it took for a float; shorter ones, and between dashes, are in identifiers."""
_SPACES: Final = re.compile(r"\s{2,}")
_BASE64: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{SHORTEST_BASE64},}}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]{26,}")
_DIGIT: Final = re.compile(rb"[0-9]")
_URL_SAFE: Final = str.maketrans("-_", "+/")


def forms(text: str) -> Iterator[str]:
    """The text as it stands, and whatever undoing its encodings makes of it; each once."""
    seen: set[str] = set()
    layer = [text]
    for _ in range(LAYERS + 1):
        fresh = [form for form in dict.fromkeys(layer) if form not in seen]
        yield from fresh
        seen.update(fresh)
        layer = [inner for form in fresh for inner in _undone(form)]


def _undone(text: str) -> Iterator[str]:
    yield _plain(text)
    for content in (*_base64_contents(text), *_hexadecimal_contents(text)):
        try:
            yield content.decode()
        except UnicodeDecodeError:
            # Most of these are no encoded texts at all, such as the bits of an identifier.
            if len(_DIGIT.findall(content)) >= FEWEST_DIGITS:
                yield content.decode("latin-1")


def _base64_contents(text: str) -> Iterator[bytes]:
    for found in _BASE64.finditer(text):
        token = found.group().translate(_URL_SAFE)
        for start in range(4):  # what stands right before it may look like a part of it
            shifted = token[start:]
            whole = shifted[:-1] if len(shifted) % 4 == 1 else shifted
            yield base64.b64decode(whole + "=" * (-len(whole) % 4))


def _hexadecimal_contents(text: str) -> Iterator[bytes]:
    for found in _HEXADECIMAL.finditer(text):
        for start in range(2):
            digits = found.group()[start:]
            yield bytes.fromhex(digits[: len(digits) // 2 * 2])


def _plain(text: str) -> str:
    unescaped = _ESCAPE.sub(_unescaped, text)
    if not unescaped.isascii():
        # JSON escapes a character beyond 16 bits as two surrogates, which only together are a digit.
        unescaped = unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    unreferenced = html.unescape(_REFERENCE.sub(_referenced, unescaped)) if "&" in unescaped else unescaped
    return _EXPONENT.sub(_written_out, _SPACES.sub(" ", _folded(unquote(unreferenced))))


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2) or found.group(3)
    if code is None:
        return '"' if found.group().endswith('"') else " "
    return _character(int(code, 16))


def _referenced(found: re.Match[str]) -> str:
    """The character. A number beyond all characters is not parsed: that takes time by the square of its length."""
    hexadecimal, decimal = found.groups()
    if len(hexadecimal or decimal) > LONGEST_CODE:
        return REPLACEMENT
    return _character(int(hexadecimal, 16) if hexadecimal else int(decimal))


def _character(code: int) -> str:
    return chr(code) if code <= LAST_CODE_POINT else REPLACEMENT


def _written_out(found: re.Match[str]) -> str:
    """A number with an exponent as the digits that it stands for, when it is a whole one."""
    try:
        number = Decimal(found.group())
    except InvalidOperation:  # two points
        return found.group()
    return f"{number:f}" if number == number.to_integral_value() else found.group()


def _folded(text: str) -> str:
    if text.isascii():
        return text
    return "".join(map(_folded_character, unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=1024)
def _folded_character(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    match unicodedata.category(character):
        case "Zs":
            return " "
        case "Pd":
            return "-"
        case "Mn" | "Me" | "Cf":
            return ""
    return "-" if character == "\N{MINUS SIGN}" else character
