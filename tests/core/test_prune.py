"""Which old versions may go (issue 4, coexistence)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.errors import ConfigError
from canary.core.model import Version
from canary.core.prune import PublishedVersion, Retention, decide_fates
from tests.fakes import START

OLD = START - timedelta(days=3)


def published(*numbers: int, young: tuple[int, ...] = ()) -> tuple[PublishedVersion, ...]:
    return tuple(
        PublishedVersion(version=Version(str(number)), published_at=START if number in young else OLD)
        for number in numbers
    )


def going(versions: tuple[PublishedVersion, ...], kept: int = 2, **needed: str) -> list[str]:
    wanted = {Version(version.removeprefix("v")): why for version, why in needed.items()}
    fates = decide_fates(versions, wanted, Retention(kept=kept), START)
    return [fate.version for fate in fates if fate.kept_because is None]


def test_the_newest_stay_by_number_and_not_by_the_order_in_which_they_are_told() -> None:
    assert going(published(10, 9, 1, 11, 2), kept=2) == ["1", "2", "9"]


def test_what_somebody_needs_stays_with_the_reason() -> None:
    versions = published(1, 2, 3, 4, 5)
    fates = decide_fates(versions, {Version("1"): "alias live refers to it"}, Retention(kept=2), START)

    assert [(fate.version, fate.kept_because) for fate in fates] == [
        ("1", "alias live refers to it"),
        ("2", None),
        ("3", None),
        ("4", "one of the newest 2"),
        ("5", "one of the newest 2"),
    ]


def test_what_is_young_stays() -> None:
    assert going(published(1, 2, 3, 4, young=(2,)), kept=1) == ["1", "3"]


def test_a_version_is_young_for_a_day() -> None:
    versions = (PublishedVersion(version=Version("1"), published_at=START - timedelta(hours=24)), *published(2))

    assert going(versions, kept=1) == ["1"]
    assert (
        going((PublishedVersion(version=Version("1"), published_at=START - timedelta(hours=23)), *published(2)), 1)
        == []
    )


def test_a_fate_as_data_has_stable_keys() -> None:
    (fate,) = decide_fates(published(1), {}, Retention(), START)

    assert fate.as_plain() == {
        "version": "1",
        "published_at": "2026-11-18T03:00:00+00:00",
        "goes": False,
        "kept_because": "one of the newest 5",
    }


@pytest.mark.parametrize(
    ("kept", "min_age", "why"),
    [(0, timedelta(0), "--keep is 0; keep at least 1"), (1, timedelta(hours=-1), "--min-age is .* give 0s or more")],
)
def test_keeping_nothing_is_refused(kept: int, min_age: timedelta, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Retention(kept=kept, min_age=min_age)


@given(
    st.sets(st.integers(1, 40), min_size=1),
    st.sets(st.integers(1, 40)),
    st.sets(st.integers(1, 40)),
    st.integers(1, 8),
)
def test_nothing_needed_young_or_new_ever_goes(numbers: set[int], needed: set[int], young: set[int], kept: int) -> None:
    versions = published(*numbers, young=tuple(young))
    wanted = {Version(str(number)): "needed" for number in needed}

    fates = decide_fates(versions, wanted, Retention(kept=kept), START)

    gone = {int(fate.version) for fate in fates if fate.kept_because is None}
    newest = set(sorted(numbers)[-kept:])
    assert gone == numbers - needed - young - newest
