"""Ids: random, or derived from an idempotency key so that a repeated request meets the record of the first one.

An id holds letters and the digits 2 to 7 only (RFC 4648 Base32): sixteen random bytes in hexadecimal would now and then
look like a card number, and the screening would refuse our own ids.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final

from handlers.shared.refusal import Refusal

_BYTES: Final = 16
_ID: Final = re.compile(r"[a-z]{3}_[a-z2-7]{26}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
IDEMPOTENCY_HEADER: Final = "idempotency-key"


def random_id(prefix: str) -> str:
    """A new id: ``prefix_`` and 128 random bits."""
    return f"{prefix}_{_letters(secrets.token_bytes(_BYTES))}"


def derived_id(prefix: str, *, caller: str, key: str) -> str:
    """The one id of everything that `caller` sends with the idempotency key `key`."""
    return f"{prefix}_" + digest(f"{prefix}\0{caller}\0{key}")


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return _ID.fullmatch(text) is not None


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """The ``Idempotency-Key`` of a request, if it has one.

    Raises:
        Refusal: 400, it is empty, longer than 255 characters, or not printable ASCII without spaces.
    """
    key = headers.get(IDEMPOTENCY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        message = "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces"
        raise Refusal(400, "invalid_idempotency_key", message, field="Idempotency-Key")
    return key


def digest(content: str) -> str:
    """128 bits of a text's SHA-256, in the letters of an id."""
    return _letters(hashlib.sha256(content.encode()).digest()[:_BYTES])


def _letters(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=").lower()
