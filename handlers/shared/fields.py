"""Members that several kinds of bodies have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from handlers.shared.exact_json import Json
from handlers.shared.refusal import invalid

LONGEST_LINE: Final = 256
_TOKEN: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,127}")
_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def require(body: Mapping[str, Json], names: Sequence[str]) -> None:
    """Lets a body pass that has every member of `names`.

    Raises:
        Refusal: 400, some are missing or null; all of them are named.
    """
    missing = [name for name in names if body.get(name) is None]
    if missing:
        raise invalid(missing[0], f"required: {', '.join(missing)}")


def parse_token(field: str, value: Json) -> str:
    """A token, such as the name of a customer or a payment method.

    Raises:
        Refusal: 400, it has other characters or another length.
    """
    return _parsed(_TOKEN, "_ . : @ + -", field, value)


def parse_name(field: str, value: Json) -> str:
    """A name that may be a part of an SSM parameter's name (SSM guide, 'Creating Parameter Store parameters').

    A colon would end the parameter's name there and begin a version of another one.

    Raises:
        Refusal: 400, it has other characters or another length.
    """
    return _parsed(_NAME, "_ . -", field, value)


def parse_line(field: str, value: Json) -> str | None:
    """A line of text for people, or None.

    Raises:
        Refusal: 400, it is too long or no single printable line.
    """
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= LONGEST_LINE and value.isprintable():
        return value
    raise invalid(field, f"{field} must be one printable line of at most {LONGEST_LINE} characters")


def _parsed(pattern: re.Pattern[str], signs: str, field: str, value: Json) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    rule = f"1 to 128 letters, digits or any of {signs} and start with a letter or digit"
    raise invalid(field, f"{field} must be {rule}")
