"""What every HookRunner does, the fake and the adapter alike (issue 4)."""

import time

from canary.core.hooks import Hook, HookStage, HookStatus
from canary.ports import HookRunner
from tests.rollouts import a_rollout

SOON_S = 20


def hook(name: str) -> tuple[str, Hook]:
    run = {"true": "true", "false": "false", "sleep": "sleep 60"}[name]
    return f"r-1/before-traffic/0/{name}", Hook(name=name, stage=HookStage.BEFORE_TRAFFIC, run=run)


def answers(hooks: HookRunner, *names: str) -> list[HookStatus]:
    return [reading.status for reading in hooks.poll([hook(name) for name in names], a_rollout())]


def settled(hooks: HookRunner, name: str) -> HookStatus:
    """The answer once there is one."""
    until = time.monotonic() + SOON_S
    while (status := answers(hooks, name)[0]) is HookStatus.IN_PROGRESS and time.monotonic() < until:
        time.sleep(0.01)
    return status


def test_what_succeeds_and_what_fails_is_told(hooks: HookRunner) -> None:
    assert settled(hooks, "true") is HookStatus.SUCCEEDED
    assert settled(hooks, "false") is HookStatus.FAILED


def test_nobody_waits_for_a_hook_that_takes_its_time(hooks: HookRunner) -> None:
    assert answers(hooks, "sleep") == [HookStatus.IN_PROGRESS]


def test_every_due_hook_is_answered_in_its_order_and_under_its_key(hooks: HookRunner) -> None:
    settled(hooks, "true")
    settled(hooks, "false")
    due = [hook(name) for name in ("false", "sleep", "true")]

    readings = hooks.poll(due, a_rollout())

    assert [reading.key for reading in readings] == [key for key, _ in due]
    assert [reading.status for reading in readings] == [HookStatus.FAILED, HookStatus.IN_PROGRESS, HookStatus.SUCCEEDED]


def test_when_a_hook_was_begun_is_told_and_stays_the_same(hooks: HookRunner) -> None:
    first = hooks.poll([hook("sleep")], a_rollout())[0].started_at
    again = hooks.poll([hook("sleep")], a_rollout())[0].started_at

    assert first is not None
    assert first == again


def test_without_a_due_hook_nothing_is_answered(hooks: HookRunner) -> None:
    assert hooks.poll([], a_rollout()) == ()
