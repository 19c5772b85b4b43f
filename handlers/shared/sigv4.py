"""Signature Version 4 of a POST to the root of a service (AWS IAM guide, 'Create a signed AWS API request')."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who signs. The secrets are kept out of the representation."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a signature is valid for."""

    region: str
    service: str


def signed_headers(
    headers: Mapping[str, str], body: bytes, *, credentials: Credentials, scope: Scope, at: datetime
) -> dict[str, str]:
    """The headers to send: the given ones, ``host`` among them and all names in lower case, and the signature's."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    signing = {**headers, "x-amz-date": stamp}
    if credentials.session_token:
        signing["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(signing))
    lines = "".join(f"{name}:{signing[name].strip()}\n" for name in sorted(signing))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    span = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = f"{ALGORITHM}\n{stamp}\n{span}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = _hmac(_signing_key(credentials.secret_key, stamp[:8], scope), to_sign).hex()
    credential = f"Credential={credentials.access_key}/{span}"
    return {**signing, "authorization": f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}


def _signing_key(secret_key: str, day: str, scope: Scope) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
