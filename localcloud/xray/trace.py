"""Trace contexts and what is sampled. Pure.

Header and ids as in "AWS X-Ray concepts": ``Root=1-8hex-24hex;Parent=16hex;Sampled=0|1``.
"""

import random
import secrets
import time
from dataclasses import dataclass
from typing import Final

FIXED_RATE: Final = 0.05
"""X-Ray's default rule: the first request each second, and five percent of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """Where a request stands in its trace.

    Attributes:
        root: The trace's id.
        parent: The id of the segment that called; None at the beginning of a trace.
        sampled: Whether segments are recorded.
    """

    root: str
    parent: str | None
    sampled: bool

    @property
    def header(self) -> str:
        """The context as an ``X-Amzn-Trace-Id`` header."""
        parent = f"Parent={self.parent};" if self.parent else ""
        return f"Root={self.root};{parent}Sampled={int(self.sampled)}"

    def below(self, segment_id: str) -> "TraceContext":
        """The context that a segment hands on to what it calls."""
        return TraceContext(root=self.root, parent=segment_id, sampled=self.sampled)


class Sampler:
    """X-Ray's default sampling rule, for requests that nobody has decided on yet."""

    def __init__(self) -> None:
        self._second = 0
        self._random = random.Random()  # noqa: S311 - a sample, not a secret

    def decide(self, now: float) -> bool:
        """Whether a request at `now`, epoch seconds, is recorded."""
        if int(now) != self._second:
            self._second = int(now)
            return True
        return self._random.random() < FIXED_RATE


def new_trace(*, sampled: bool) -> TraceContext:
    """The beginning of a trace."""
    return TraceContext(root=f"1-{int(time.time()):08x}-{secrets.token_hex(12)}", parent=None, sampled=sampled)


def new_segment_id() -> str:
    """16 hexadecimal digits."""
    return secrets.token_hex(8)


def parse_header(text: str, *, undecided: bool) -> TraceContext | None:
    """The context that a header carries; None when it carries none. `undecided` where it does not say Sampled."""
    fields = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    if not fields.get("Root"):
        return None
    sampled = fields.get("Sampled", "?")
    return TraceContext(
        root=fields["Root"],
        parent=fields.get("Parent"),
        sampled=undecided if sampled == "?" else sampled == "1",
    )
