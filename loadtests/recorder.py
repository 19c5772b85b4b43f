"""Writes what callers see to files: a line of figures every second while the load runs, a summary at its end."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from loadtests.document import VERSION_HEADER
from loadtests.figures import NO_VERSION, Record, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """A listener of Locust's request event."""

    record: Record
    snapshots: Path | None
    """JSON lines: ``{"at": epoch seconds, "total": {...}, "versions": {...}, ...}``, running totals."""
    summary: Path | None

    def count(
        self, request_type: str, name: str, response_time: float, response: object, exception: object, **_: object
    ) -> None:
        """Counts one answer; Locust passes these arguments by name."""
        self.record.add(
            Seen(
                endpoint=f"{request_type} {name}",
                version=(getattr(response, "headers", None) or {}).get(VERSION_HEADER, NO_VERSION),
                status=getattr(response, "status_code", 0) or 0,
                valid=exception is None,
                elapsed_ms=response_time,
                at=time.time(),
            )
        )

    def append_snapshot(self) -> None:
        """Adds a line with the figures of this moment."""
        if self.snapshots is not None:
            with self.snapshots.open("a") as lines:
                lines.write(json.dumps({"at": time.time(), **self.record.summary()}) + "\n")

    def write_summary(self) -> None:
        """Leaves the figures of the whole run."""
        if self.summary is not None:
            self.summary.write_text(json.dumps(self.record.summary(), indent=2) + "\n")
