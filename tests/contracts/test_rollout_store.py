"""What every RolloutStore does, the fake and the adapter alike (T6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from canary.core.errors import RolloutConflict, StaleWrite
from canary.core.ledger import EntryKind, LedgerEntry
from canary.core.leg import MetricPath
from canary.core.model import Counts, MetricWindow, Phase, RolloutId
from canary.core.rollout import Rollout
from canary.ports import RecordedWindows, RolloutStore
from tests.fakes import START
from tests.rollouts import a_rollout


def opened(store: RolloutStore, *functions: str, rollout_id: str = "r-1") -> Rollout:
    planned = replace(a_rollout(*functions), id=RolloutId(rollout_id))
    rollout, entry = planned.recording(EntryKind.OPENED, "release", at=START, by="amy")
    store.open_rollout(rollout, entry)
    return rollout


def next_state(rollout: Rollout, phase: Phase) -> tuple[Rollout, LedgerEntry]:
    entered = replace(rollout.entered(phase, at=START + timedelta(seconds=10)), number=rollout.number + 1)
    return entered.recording(EntryKind.PROMOTED, "done", at=START, by="controller")


def test_a_rollout_is_read_back_whole(store: RolloutStore) -> None:
    rollout = opened(store, "pay", "ship")

    assert store.load_rollout(rollout.id) == rollout
    assert store.load_rollout(RolloutId("r-unknown")) is None


def test_an_open_rollout_holds_its_aliases(store: RolloutStore) -> None:
    rollout = opened(store, "pay", "ship")

    assert [store.find_open(leg.target.function, leg.target.alias) for leg in rollout.legs] == [rollout.id] * 2
    assert store.list_open() == (rollout.id,)


def test_a_second_rollout_on_an_alias_is_refused_whole(store: RolloutStore) -> None:
    opened(store, "pay")

    with pytest.raises(RolloutConflict):
        opened(store, "ship", "pay", rollout_id="r-2")

    assert store.load_rollout(RolloutId("r-2")) is None
    assert store.list_open() == ("r-1",)


def test_a_state_is_kept_only_over_its_predecessor(store: RolloutStore) -> None:
    rollout = opened(store)
    first, entry = next_state(rollout, Phase.GATING)
    store.commit(first, [entry], [])

    with pytest.raises(StaleWrite):
        store.commit(replace(first, phase=Phase.PAUSED), [entry], [])

    assert store.load_rollout(rollout.id) == first


def test_an_ended_rollout_frees_its_aliases_and_stays_readable(store: RolloutStore) -> None:
    ended, entry = next_state(opened(store, "pay", "ship"), Phase.PROMOTED)

    store.commit(ended, [entry], [])

    assert store.list_open() == ()
    assert store.find_open(ended.legs[0].target.function, ended.legs[0].target.alias) is None
    assert store.load_rollout(ended.id) == ended
    assert opened(store, "pay", rollout_id="r-2").id == "r-2"


def test_what_is_told_of_an_ended_rollout_frees_nobody_else_s_alias(store: RolloutStore) -> None:
    """An answer of an on-rollback hook came in while the next release was open, and took its lock away."""
    ended, entry = next_state(opened(store), Phase.ROLLED_BACK)
    store.commit(ended, [entry], [])
    second = opened(store, rollout_id="r-2")
    later, told = replace(ended, number=ended.number + 1).recording(EntryKind.HOOK, "told", at=START, by="controller")

    store.commit(later, [told], [])

    assert store.list_open() == (second.id,)
    assert store.find_open(second.legs[0].target.function, second.legs[0].target.alias) == second.id


def test_the_ledger_is_read_in_the_order_of_its_numbers(store: RolloutStore) -> None:
    rollout = opened(store)
    for _ in range(12):
        rollout, entry = next_state(rollout, Phase.GATING)
        store.commit(rollout, [entry], [])

    assert [entry.number for entry in store.read_ledger(rollout.id)] == [*range(13)]


def test_recorded_counts_are_read_in_the_order_of_time(store: RolloutStore) -> None:
    rollout = opened(store)
    records = [
        RecordedWindows(
            resource="pay:live",
            path=MetricPath.EMF,
            windows=(
                MetricWindow(
                    start=START + timedelta(seconds=10 * index),
                    period=timedelta(seconds=10),
                    stable=Counts(requests=9),
                    canary=Counts(requests=1, errors=index, slow=None),
                ),
            ),
        )
        for index in range(3)
    ]
    for record in records:
        rollout, entry = next_state(rollout, Phase.GATING)
        store.commit(rollout, [entry], [record])

    assert store.read_recorded(rollout.id) == tuple(records)


@pytest.mark.parametrize("periods", [999, 1_000, 6_000])
def test_what_a_long_gap_left_is_recorded_whole(store: RolloutStore, periods: int) -> None:
    """After half an hour without a controller, the counts of a large release fitted into no item, for ever."""
    rollout = opened(store)
    length, counts = timedelta(seconds=10), Counts(requests=123_456, errors=1_234, slow=12_345)
    windows = tuple(
        MetricWindow(start=START + number * length, period=length, stable=counts, canary=counts)
        for number in range(periods)
    )
    records = [RecordedWindows(resource=name, path=MetricPath.EMF, windows=windows) for name in ("pay", "ship")]
    first, entry = next_state(rollout, Phase.GATING)
    store.commit(first, [entry], records)

    kept = store.read_recorded(rollout.id)

    for name in ("pay", "ship"):
        assert tuple(w for record in kept if record.resource == name for w in record.windows) == windows


def test_a_state_of_a_rollout_that_was_never_opened_is_not_kept(store: RolloutStore) -> None:
    never, entry = next_state(a_rollout(), Phase.GATING)

    with pytest.raises(StaleWrite):
        store.commit(never, [entry], [])


def test_a_lease_keeps_others_out_until_it_has_run_out(store: RolloutStore) -> None:
    rollout, soon = opened(store), START + timedelta(seconds=30)

    assert store.take_lease(rollout.id, "laptop", START, soon)
    assert store.take_lease(rollout.id, "laptop", START, soon)
    assert not store.take_lease(rollout.id, "lambda", START + timedelta(seconds=29), soon + timedelta(seconds=30))
    assert store.take_lease(rollout.id, "lambda", soon, soon + timedelta(seconds=30))
    assert not store.take_lease(rollout.id, "laptop", soon, soon + timedelta(seconds=30))


def test_a_lease_tells_until_when_somebody_looks_after_a_rollout(store: RolloutStore) -> None:
    rollout, soon = opened(store), START + timedelta(seconds=30)
    assert store.read_lease(rollout.id) is None

    store.take_lease(rollout.id, "laptop", START, soon)

    assert store.read_lease(rollout.id) == soon


def test_the_recent_rollouts_come_newest_first(store: RolloutStore) -> None:
    for index in range(3):
        planned = replace(a_rollout(f"f{index}"), id=RolloutId(f"r-{index}"), opened_at=START + timedelta(hours=index))
        rollout, entry = planned.recording(EntryKind.OPENED, "release", at=START, by="amy")
        store.open_rollout(rollout, entry)

    assert store.list_recent(2) == ("r-2", "r-1")
