"""When it is frozen, and until when (issue 4, freeze windows)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.codec import from_plain, to_plain
from canary.core.errors import ConfigError
from canary.core.freeze import FreezeWindow, freeze_at

WEEKEND = FreezeWindow.parse("Fri 16:00-Mon 08:00 Europe/Berlin")
NIGHTLY = FreezeWindow.parse("22:00-06:00 America/New_York")
HOLIDAYS = FreezeWindow.parse("2026-12-23 00:00-2027-01-02 08:00 Asia/Kolkata")
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "is_frozen"),
    [
        ("2026-11-20T15:59", False),
        ("2026-11-20T16:00", True),
        ("2026-11-21T12:00", True),
        ("2026-11-22T23:59", True),
        ("2026-11-23T07:59", True),
        ("2026-11-23T08:00", False),
        ("2026-11-25T12:00", False),
    ],
)
def test_a_weekend_is_frozen_from_friday_to_monday(at: str, is_frozen: bool) -> None:  # noqa: FBT001 - a table
    assert (WEEKEND.span_at(berlin(at)) is not None) is is_frozen


def test_a_freeze_says_until_when_and_by_which_window() -> None:
    assert freeze_at([WEEKEND], berlin("2026-11-21T12:00")) == (
        "frozen until Mon 2026-11-23 08:00 CET by 'Fri 16:00-Mon 08:00 Europe/Berlin'"
    )


@pytest.mark.parametrize(
    ("saturday", "hours"),
    [("2026-03-28T12:00", 63), ("2026-10-24T12:00", 65), ("2026-11-21T12:00", 64)],
)
def test_a_window_keeps_its_hours_when_the_clocks_change(saturday: str, hours: int) -> None:
    span = WEEKEND.span_at(berlin(saturday))

    assert span is not None
    assert span.end - span.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("at", "is_frozen"), [("21:59", False), ("22:00", True), ("23:30", True), ("00:00", True), ("06:00", False)]
)
def test_a_daily_window_may_pass_midnight(at: str, is_frozen: bool) -> None:  # noqa: FBT001 - a table
    now = datetime.fromisoformat(f"2026-11-18T{at}").replace(tzinfo=ZoneInfo("America/New_York"))

    assert (NIGHTLY.span_at(now.astimezone(UTC)) is not None) is is_frozen


def test_a_dated_window_comes_once() -> None:
    assert freeze_at([HOLIDAYS], datetime(2026, 12, 22, 18, 29, tzinfo=UTC)) is None
    assert freeze_at([HOLIDAYS], datetime(2026, 12, 22, 18, 30, tzinfo=UTC)) == (
        f"frozen until Sat 2027-01-02 08:00 IST by {HOLIDAYS.text!r}"
    )
    assert freeze_at([HOLIDAYS], datetime(2027, 12, 25, tzinfo=UTC)) is None


def test_windows_that_touch_are_one_freeze() -> None:
    before = FreezeWindow.parse("Thu 12:00-Fri 16:00 Europe/Berlin")

    assert freeze_at([WEEKEND, before], berlin("2026-11-19T13:00")) == freeze_at([WEEKEND], berlin("2026-11-21T12:00"))


def test_windows_without_a_gap_are_told_without_an_endless_search() -> None:
    always = FreezeWindow.parse("Mon 00:00-Mon 00:00 UTC")

    assert freeze_at([always], datetime(2026, 11, 21, tzinfo=UTC)) is not None


@pytest.mark.parametrize(("text", "hours"), [("Fri 16:00-Fri 18:00 UTC", 2), ("Fri 18:00-Fri 16:00 UTC", 7 * 24 - 2)])
def test_a_window_within_one_weekday_or_around_the_week(text: str, hours: int) -> None:
    span = FreezeWindow.parse(text).span_at(datetime(2026, 11, 20, 18, 0, tzinfo=UTC) - timedelta(minutes=1))
    around = FreezeWindow.parse(text).span_at(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))

    found = span if hours == 2 else around
    assert found is not None
    assert found.end - found.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("weekends", "write it like 'Fri 16:00-Mon 08:00 Europe/Berlin'"),
        ("Fri 16:00-Mon 08:00", "write it like"),
        ("Fry 16:00-Mon 08:00 UTC", "'Fry' is no weekday; write Mon, Tue"),
        ("Fri 16:00-08:00 UTC", "give both ends a weekday"),
        ("Fri 16:00-2026-11-23 08:00 UTC", "give both ends a weekday"),
        ("Fri 25:00-Mon 08:00 UTC", "hour must be in 0..23"),
        ("2026-02-30 00:00-2026-03-01 00:00 UTC", "day is out of range"),
        ("2026-12-24 00:00-2026-12-23 00:00 UTC", "it ends before it begins"),
        ("Fri 16:00-Mon 08:00 Europe/Atlantis", "'Europe/Atlantis' is no time zone"),
        ("Fri 16:00-Mon 08:00 ../../etc/passwd", "is no time zone"),
        ("Fri 16:00-Mon 08:00 Europe", "'Europe' is no time zone"),
    ],
)
def test_what_is_no_window_is_refused_with_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        FreezeWindow.parse(text)

    assert str(refused.value).startswith(f"{text!r} is no freeze window: ")


def test_a_window_is_kept_and_read_back() -> None:
    assert from_plain(FreezeWindow, to_plain(WEEKEND)) == WEEKEND


def test_a_kept_window_that_cannot_be_read_here_freezes_rather_than_breaking_a_rollback() -> None:
    kept = FreezeWindow(text="Fri 16:00-Mon 08:00 Europe/Atlantis")

    assert freeze_at([kept], datetime(2026, 11, 18, tzinfo=UTC)) == (
        "frozen: 'Fri 16:00-Mon 08:00 Europe/Atlantis' is no freeze window: 'Europe/Atlantis' is no time zone; "
        "name one like Europe/Berlin or UTC"
    )


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_freeze_ends_later_than_now_and_outside_of_the_window(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    for window in (WEEKEND, NIGHTLY):
        span = window.span_at(now)
        if span is not None:
            assert span.start <= now < span.end
            assert window.span_at(span.end) is None
