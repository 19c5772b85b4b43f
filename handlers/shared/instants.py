"""Instants as text: ISO 8601, UTC, always with microseconds, so that they sort as text."""

from __future__ import annotations

from datetime import datetime


def instant(at: datetime) -> str:
    """The text of an aware instant: ``2026-11-21T12:00:00.000000Z``."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
