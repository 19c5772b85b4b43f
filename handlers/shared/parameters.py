"""Parameters and secrets of SSM, fetched when first needed and kept for a while; never in environment variables."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from handlers.shared.aws_call import AwsError, Service

KEPT_SECONDS: Final = 300.0
"""A rotation reaches every execution environment within this time."""
NOT_FOUND: Final = "ParameterNotFound"


class UnknownParameter(Exception):
    """There is no such parameter."""


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str = field(repr=False)
    fetched_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """SSM parameters by name, decrypted."""

    ssm: Service
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict, repr=False)

    def value(self, name: str, *, newer_than_seconds: float = KEPT_SECONDS) -> str:
        """The parameter's value, at most `newer_than_seconds` old.

        Raises:
            UnknownParameter: there is none of this name.
        """
        kept = self._kept.get(name)
        if kept is None or self.clock() - kept.fetched_at >= newer_than_seconds:
            kept = self._kept[name] = _Kept(self._fetch(name), self.clock())
        return kept.value

    def _fetch(self, name: str) -> str:
        try:
            found = self.ssm.call("GetParameter", Name=name, WithDecryption=True)
        except AwsError as error:
            if error.code != NOT_FOUND:
                raise
            raise UnknownParameter(f"there is no SSM parameter {name}") from error
        value: str = found["Parameter"]["Value"]
        return value
