"""What every MetricSource does, the fake and the adapter on CloudWatch alike (T3)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from canary.core.leg import MetricPath
from canary.core.model import AliasName, Counts, Target, Version
from canary.ports import WindowQuery
from tests.contracts.conftest import Measured

PERIOD = MetricPath.EMF.period


def query(measured: Measured, *, later: timedelta = timedelta(0)) -> WindowQuery:
    return WindowQuery(target=measured.target, path=MetricPath.EMF, since=measured.since + later)


def test_both_versions_are_counted_period_by_period_without_a_gap(measured: Measured) -> None:
    (windows,) = measured.source.read_windows([query(measured)], measured.since + 5 * PERIOD)

    assert [window.start for window in windows] == [measured.since + number * PERIOD for number in range(4)]
    assert {window.period for window in windows} == {PERIOD}
    assert [(w.stable.requests, w.canary.requests) for w in windows] == [(90, 10), (90, 10), (0, 0), (90, 10)]


def test_bad_and_slow_requests_are_counted_where_they_were(measured: Measured) -> None:
    (windows,) = measured.source.read_windows([query(measured)], measured.since + 5 * PERIOD)

    assert windows[0].canary == Counts(requests=10, errors=10, slow=0)
    assert windows[3].stable == Counts(requests=90, errors=0, slow=90)
    assert windows[2].stable == Counts()


def test_a_period_is_not_read_before_it_can_be_complete(measured: Measured) -> None:
    soon = measured.since + 2 * PERIOD - timedelta(seconds=1)

    assert measured.source.read_windows([query(measured)], soon) == ((),)
    assert len(measured.source.read_windows([query(measured)], soon + timedelta(seconds=1))[0]) == 1


def test_reading_begins_with_the_period_that_holds_the_instant_asked_for(measured: Measured) -> None:
    now = measured.since + 5 * PERIOD
    (windows,) = measured.source.read_windows([query(measured, later=PERIOD + timedelta(seconds=7))], now)

    assert windows[0].start == measured.since + PERIOD


def test_many_queries_are_answered_in_their_order(measured: Measured) -> None:
    silent = replace(measured.target, canary=Version("9"))
    now = measured.since + 2 * PERIOD
    asked = [replace(query(measured), target=target) for target in (silent, measured.target, silent)]

    answers = measured.source.read_windows(asked, now)

    assert [windows[0].canary.requests for windows in answers] == [0, 10, 0]


def test_whether_the_stable_version_reports_is_known(measured: Measured) -> None:
    now = measured.since + 5 * PERIOD

    assert measured.source.has_reported(measured.target, MetricPath.EMF, now)


@pytest.mark.parametrize(
    "change",
    [
        {"stable": Version("8")},
        {"canary": Version("9")},
        {"stable": Version("8"), "alias": AliasName("other"), "preview_alias": AliasName("live")},
    ],
)
def test_either_version_may_have_reported_on_the_alias_or_on_preview_and_long_ago(
    measured: Measured, change: dict[str, Any]
) -> None:
    a_week_later = measured.since + timedelta(days=7)

    assert measured.source.has_reported(replace(measured.target, **change), MetricPath.EMF, a_week_later)


def test_a_version_that_never_reported_is_known_too(measured: Measured) -> None:
    measured.hush()
    nobody = Target(
        function=measured.target.function,
        alias=measured.target.alias,
        stable=Version("8"),
        canary=Version("9"),
    )

    assert not measured.source.has_reported(nobody, MetricPath.EMF, measured.since + 5 * PERIOD)
