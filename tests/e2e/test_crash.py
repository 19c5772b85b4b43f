"""T6: a rollout survives the death of whatever started it."""

import os
import signal
import time

import pytest

from tests.e2e.conftest import Canary, Publish, Traffic
from tests.e2e.test_own_code import reporting

pytestmark = pytest.mark.e2e

PATIENCE_S = 120


def the_open_rollout(canary: Canary, function: str) -> str:
    """The id of the rollout that holds the function's alias, once it is open."""
    table = canary.cloud.client("dynamodb")
    for _ in range(PATIENCE_S * 5):
        key = {"pk": {"S": f"alias#{function}:live"}, "sk": {"S": "open"}}
        if found := table.get_item(TableName=canary.store, Key=key, ConsistentRead=True).get("Item"):
            return found["id"]["S"]
        time.sleep(0.2)
    raise AssertionError("no rollout was opened")


def wait_for_weight(canary: Canary, rollout: str, percent: float) -> None:
    for _ in range(PATIENCE_S):
        if canary.status(rollout)["weight_percent"] == percent:
            return
        time.sleep(1)
    raise AssertionError(f"{rollout} never came to {percent} %")


@pytest.mark.parametrize(("share", "exit_code", "ends"), [(0.0, 0, "2"), (0.3, 1, "1")])
def test_a_release_that_was_killed_in_the_middle_of_a_step_is_carried_on_by_watch(
    canary: Canary, publish: Publish, share: float, exit_code: int, ends: str
) -> None:
    function = publish(reporting(0), reporting(share))
    with Traffic(cloud=canary.cloud, function=function.name, rate=20) as traffic:
        time.sleep(2)  # the stable version has reported before: it is judged by its own metrics
        killed = canary.start(
            "release", "--function", function.name, "--strategy", "50%:15s,100%:5s", "--tick", "2s",
            "--min-requests", "60",
        )  # fmt: skip
        rollout = the_open_rollout(canary, function.name)
        wait_for_weight(canary, rollout, 50)
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()

        carried_on = canary.run("watch", rollout)

    assert (carried_on.returncode, function.live()) == (exit_code, {"version": ends, "weights": {}}), carried_on.stderr
    assert traffic.lost == []


def test_an_interrupted_release_goes_back_to_the_stable_version(canary: Canary, publish: Publish) -> None:
    function = publish(reporting(0), reporting(0) | {"note.txt": "2"})
    with Traffic(cloud=canary.cloud, function=function.name, rate=10):
        interrupted = canary.start("release", "--function", function.name, "--strategy", "50%:10m", "--tick", "2s")
        rollout = the_open_rollout(canary, function.name)
        wait_for_weight(canary, rollout, 50)
        interrupted.send_signal(signal.SIGTERM)
        _, told = interrupted.communicate()

    assert (interrupted.returncode, function.live()) == (1, {"version": "1", "weights": {}}), told
    assert "interrupted: all traffic goes back to the stable version" in told
    assert canary.status(rollout)["phase"] == "aborted"
