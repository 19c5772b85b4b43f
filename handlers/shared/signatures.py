"""Signatures of webhooks, both ways: HMAC-SHA256 over the time and the raw bytes. Pure.

The header is ``t=<epoch seconds>,v1=<hexadecimal>[,v1=...]``; signed are the bytes ``<t>.<body>`` (the scheme that
Stripe made common). During a rotation there are two secrets: a sender signs with both, a receiver accepts either.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handlers.shared.refusal import Refusal

HEADER: Final = "Webhook-Signature"
TOLERANCE_SECONDS: Final = 300
MOST_SECRETS: Final = 2
MOST_SIGNATURES: Final = 4
_TIME: Final = re.compile(r"\d{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a header claims."""

    at: str
    """Epoch seconds, as they were sent: they are part of what is signed."""
    signatures: tuple[str, ...]


def parse_secrets(parameter: str) -> tuple[str, ...]:
    """The one secret, or the new and the old one, in a parameter: separated by white space, the newest first.

    Raises:
        ValueError: there is none, which would accept everybody's signature, or there are more.
    """
    secrets = tuple(parameter.split())
    if not 1 <= len(secrets) <= MOST_SECRETS:
        raise ValueError(f"the parameter holds {len(secrets)} secrets instead of one or two")
    return secrets


def sign(body: bytes, secrets: Sequence[str], *, at: int) -> str:
    """The header's value for a body that is sent at `at` (epoch seconds)."""
    return ",".join([f"t={at}", *(f"v1={_digest(secret, str(at), body)}" for secret in secrets)])


def verify(body: bytes, header: str | None, secrets: Sequence[str], *, now: float) -> Signed:
    """What the header claims, after all of it has been checked; signatures are compared in constant time.

    Raises:
        Refusal: 401, the header is missing or malformed, too old or too new, or signed with another secret.
    """
    claimed = parse_header(header)
    if abs(now - int(claimed.at)) > TOLERANCE_SECONDS:
        raise _refusal(f"the signature's time is more than {TOLERANCE_SECONDS} s away from now")
    expected = [_digest(secret, claimed.at, body) for secret in secrets]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in claimed.signatures]
    if not any(matches):
        raise _refusal("the signature does not match the body")
    return claimed


def parse_header(header: str | None) -> Signed:
    """The parts of a header.

    Raises:
        Refusal: 401, it is missing or malformed.
    """
    pairs = [part.strip().partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = tuple(value for name, _, value in pairs if name == "v1" and _SIGNATURE.fullmatch(value))
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not 1 <= len(signatures) <= MOST_SIGNATURES:
        raise _refusal(f"the header {HEADER} must be t=<epoch seconds>,v1=<hexadecimal HMAC-SHA256 of t.body>")
    return Signed(at=times[0], signatures=signatures)


def _digest(secret: str, at: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), at.encode() + b"." + body, "sha256").hex()


def _refusal(message: str) -> Refusal:
    return Refusal(401, "invalid_signature", message)
