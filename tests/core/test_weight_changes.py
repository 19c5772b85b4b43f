"""Which weight changes a rollout remembers (issue 3: periods of two weights compare nobody)."""

from datetime import timedelta

from tests.fakes import START
from tests.rollouts import a_rollout

STEP = timedelta(seconds=70)


def test_a_change_is_remembered_while_a_period_that_it_touches_can_be_read_again() -> None:
    """Story: Linear10PercentEvery1Minute shifts every 70 s, and Lambda's one-minute periods stay open to revision for
    five minutes. Only four changes were remembered, so that a period marked as mixed was read again as unmixed, and
    compared the two versions across two weights."""
    rollout = a_rollout(weights=(*range(10, 100, 10), 100))
    for index in range(10):
        at = START + index * STEP
        rollout = rollout.shifting(to_step=index, at=at).reached(at=at + timedelta(seconds=10))

    open_since = START + 9 * STEP - timedelta(minutes=5)
    touched = [START + index * STEP for index in range(10) if START + index * STEP > open_since]
    assert {change.asked_at for change in rollout.changes} >= {START, *touched}


def test_what_can_no_longer_matter_is_forgotten() -> None:
    rollout = a_rollout(weights=(*range(1, 100), 100))
    for index in range(100):
        at = START + index * STEP
        rollout = rollout.shifting(to_step=index, at=at).reached(at=at + timedelta(seconds=10))
    assert len(rollout.changes) <= 11
