"""What the callers of a service saw, counted by the version that answered them. Pure: times are arguments."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

SLOW_AFTER_MS: Final = 500
FIRST_FAULT_STATUS: Final = 500
NO_VERSION: Final = "none"
"""The version of an answer without X-Version: a lost connection, or an answer of the gateway itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request and its answer, as the caller saw them."""

    endpoint: str
    """Method and template: ``GET /payments/{id}``."""
    version: str
    status: int
    """The HTTP status; 0 when no answer came."""
    valid: bool
    """Whether the answer was the one that the request deserves."""
    elapsed_ms: float
    at: float
    """When the answer came, epoch seconds."""

    @property
    def is_bad(self) -> bool:
        """Whether it is one of the answers that a rollback should have spared the caller."""
        return self.status >= FIRST_FAULT_STATUS or self.elapsed_ms > SLOW_AFTER_MS


@dataclass(slots=True, kw_only=True)
class Figures:
    """A running count of answers."""

    requests: int = 0
    failed: int = 0
    slow: int = 0
    bad: int = 0
    first_bad_at: float | None = None
    last_bad_at: float | None = None
    elapsed_ms: Counter[int] = field(default_factory=Counter)
    """Requests by time in whole milliseconds, rounded up."""

    def add(self, seen: Seen) -> None:
        """Counts one answer."""
        self.requests += 1
        self.failed += not seen.valid
        self.slow += seen.elapsed_ms > SLOW_AFTER_MS
        self.elapsed_ms[math.ceil(seen.elapsed_ms)] += 1
        if seen.is_bad:
            self.bad += 1
            self.first_bad_at = seen.at if self.first_bad_at is None else min(self.first_bad_at, seen.at)
            self.last_bad_at = seen.at if self.last_bad_at is None else max(self.last_bad_at, seen.at)

    def percentile_ms(self, percent: float) -> int | None:
        """The time that `percent` % of the requests did not exceed (nearest rank); None without requests."""
        rank = math.ceil(self.requests * percent / 100)
        for elapsed_ms, count in sorted(self.elapsed_ms.items()):
            rank -= count
            if rank <= 0:
                return elapsed_ms
        return None

    def summary(self) -> dict[str, object]:
        """The figures for JSON."""
        return {
            "requests": self.requests,
            "failed": self.failed,
            "bad": self.bad,
            "slow": self.slow,
            "p50_ms": self.percentile_ms(50),
            "p99_ms": self.percentile_ms(99),
            "max_ms": max(self.elapsed_ms, default=None),
            "first_bad_at": self.first_bad_at,
            "last_bad_at": self.last_bad_at,
        }


@dataclass(slots=True, kw_only=True)
class Record:
    """Everything that the callers of one run saw; what came before `counts_from` is counted apart, as warm-up."""

    counts_from: float
    total: Figures = field(default_factory=Figures)
    warm_up: Figures = field(default_factory=Figures)
    versions: dict[str, Figures] = field(default_factory=dict)
    endpoints: dict[str, Figures] = field(default_factory=dict)

    def add(self, seen: Seen) -> None:
        """Counts one answer."""
        if seen.at < self.counts_from:
            self.warm_up.add(seen)
            return
        self.total.add(seen)
        self.versions.setdefault(seen.version, Figures()).add(seen)
        self.endpoints.setdefault(seen.endpoint, Figures()).add(seen)

    def summary(self) -> dict[str, object]:
        """The figures for JSON: total, warm_up, and by version and endpoint."""
        return {
            "total": self.total.summary(),
            "warm_up": self.warm_up.summary(),
            "versions": {name: figures.summary() for name, figures in sorted(self.versions.items())},
            "endpoints": {name: figures.summary() for name, figures in sorted(self.endpoints.items())},
        }
