"""Freeze windows: when no release opens and no weight rises. (windows, now) -> until when. Pure; zones by zoneinfo.

A window is one of

- ``Fri 16:00-Mon 08:00 Europe/Berlin``: every week,
- ``22:00-06:00 Europe/Berlin``: every day,
- ``2026-12-23 00:00-2027-01-02 08:00 Europe/Berlin``: once.

Its times are what a clock on the wall shows there, so a window keeps its hours when the clocks change.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from canary.core.errors import ConfigError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK: Final = 7
_LONGEST_CHAIN: Final = 20
"""Windows that follow each other without a gap and are told as one freeze, at most."""
_POINT: Final = r"(?:(?P<{0}day>[A-Za-z]{{3}})[a-z]*\s+|(?P<{0}date>\d{{4}}-\d\d-\d\d)\s+)?(?P<{0}time>\d\d:\d\d)"
_WINDOW: Final = re.compile(rf"{_POINT.format('from_')}\s*-\s*{_POINT.format('to_')}\s+(?P<zone>\S+)")


class Span(NamedTuple):
    """From the first instant of a freeze to the first after it, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeWindow:
    """One window, as it was written."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "FreezeWindow":
        """The window that a person wrote.

        Raises:
            ConfigError: it is none; the text says why.
        """
        _parsed(text)
        return cls(text=text)

    def span_at(self, now: datetime) -> Span | None:
        """The freeze that `now` lies in, None outside of every one."""
        found = (span for span in _parsed(self.text).spans_around(now) if span.start <= now < span.end)
        return max(found, key=lambda span: span.end, default=None)

    def told(self, until: datetime) -> str:
        """The end of a freeze on the wall of this window's zone."""
        return f"{until.astimezone(_parsed(self.text).zone):%a %Y-%m-%d %H:%M %Z}"


def freeze_at(windows: Sequence[FreezeWindow], now: datetime) -> str | None:
    """Until when `now` is frozen and by which window, in words that do not change meanwhile; None outside.

    A window that was kept and cannot be read here (a machine without its time zone) freezes: it holds a weight, and a
    rollback does not ask for it.
    """
    try:
        return _chained(windows, now)
    except ConfigError as misfit:
        return f"frozen: {misfit}"


def _chained(windows: Sequence[FreezeWindow], now: datetime) -> str | None:
    until, told = now, None
    for _ in range(_LONGEST_CHAIN):
        spans = ((span.end, window) for window in windows if (span := window.span_at(until)) is not None)
        longest = max(spans, key=lambda found: found[0], default=None)
        if longest is None:
            break
        until, window = longest
        told = f"frozen until {window.told(until)} by {window.text!r}"
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One end of a window: a time of day, on a weekday, on a date, or on any day."""

    at: time
    weekday: int | None
    date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    """A window read."""

    start: _Point
    end: _Point
    zone: ZoneInfo

    def spans_around(self, now: datetime) -> Iterator[Span]:
        """Every span of the window that may contain `now`."""
        if self.start.date is not None and self.end.date is not None:
            yield self._span(self.start.date, self.end.date)
            return
        today = now.astimezone(self.zone).date()
        for back in range(_WEEK + 1):
            day = today - timedelta(days=back)
            if self.start.weekday in (None, day.weekday()):
                yield self._span(day, day + timedelta(days=self._days()))

    def _days(self) -> int:
        """The days from the start of a span to its end."""
        ends_later = self.end.at > self.start.at
        if self.start.weekday is None or self.end.weekday is None:
            return 0 if ends_later else 1
        days = (self.end.weekday - self.start.weekday) % _WEEK
        return days if days or ends_later else _WEEK

    def _span(self, first: date, last: date) -> Span:
        return Span(self._instant(first, self.start.at), self._instant(last, self.end.at))

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)


@lru_cache(maxsize=256)
def _parsed(text: str) -> _Parsed:
    matched = _WINDOW.fullmatch(text.strip())
    if matched is None:
        raise _misfit(text, "write it like 'Fri 16:00-Mon 08:00 Europe/Berlin'")
    start, end = (_point(text, matched, which) for which in ("from_", "to_"))
    if (start.weekday is None, start.date is None) != (end.weekday is None, end.date is None):
        raise _misfit(text, "give both ends a weekday, both a date, or neither anything")
    parsed = _Parsed(start=start, end=end, zone=_zone(text, matched["zone"]))
    if start.date is not None and end.date is not None and (end.date, end.at) <= (start.date, start.at):
        raise _misfit(text, "it ends before it begins")
    return parsed


def _point(text: str, matched: re.Match[str], which: str) -> _Point:
    day, on, at = matched[f"{which}day"], matched[f"{which}date"], matched[f"{which}time"]
    if day is not None and day.lower() not in DAYS:
        raise _misfit(text, f"{day!r} is no weekday; write {', '.join(name.capitalize() for name in DAYS)}")
    try:
        return _Point(
            at=time.fromisoformat(at),
            weekday=None if day is None else DAYS.index(day.lower()),
            date=None if on is None else date.fromisoformat(on),
        )
    except ValueError as error:
        raise _misfit(text, str(error)) from error


def _zone(text: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise _misfit(text, f"{name!r} is no time zone; name one like Europe/Berlin or UTC") from error


def _misfit(text: str, why: str) -> ConfigError:
    return ConfigError(f"{text!r} is no freeze window: {why}")
