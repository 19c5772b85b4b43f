"""T3, issue 4: twenty functions released as one; one of them is bad, and all go back."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.conftest import Canary, Publish, Published, Traffic
from tests.e2e.test_crash import the_open_rollout
from tests.e2e.test_own_code import HEALTHY, reporting

pytestmark = pytest.mark.e2e

FUNCTIONS = 20
TARGET = '[[targets]]\nfunction = "{name}"\nmin_requests = {needed}\n'


def test_twenty_functions_move_together_and_go_back_together_when_one_is_bad(
    canary: Canary, publish: Publish, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(publish, HEALTHY, HEALTHY | {"note.txt": "2"}) for _ in range(FUNCTIONS - 1)]
        bad = publish(reporting(0), reporting(0.3))
        functions = [*(each.result() for each in waiting), bad]
    config = tmp_path / "rollout.toml"
    config.write_text("".join(TARGET.format(name=f.name, needed=60 if f is bad else 0) for f in functions))

    with ExitStack() as traffic:
        called = [
            traffic.enter_context(Traffic(cloud=canary.cloud, function=f.name, rate=15 if f is bad else 0.5))
            for f in functions
        ]
        time.sleep(2)
        process = canary.start("release", "--config", str(config), "--strategy", "50%:10m", "--tick", "5s")
        rollout = the_open_rollout(canary, bad.name)
        split = shares_seen(functions)
        _, told = process.communicate()

    assert process.returncode == 1, told
    assert split == {"0.5"}, "all were at the same weight once"
    assert {str(function.live()) for function in functions} == {str({"version": "1", "weights": {}})}
    assert f"{bad.name}:live (emf) errors" in told
    assert len(canary.status(rollout)["targets"]) == FUNCTIONS
    assert [each.lost for each in called if each.lost] == []


def shares_seen(functions: list[Published]) -> set[str]:
    """The weights of all functions, once the last of them has been shifted."""
    for _ in range(120):
        weights = {str(function.live()["weights"].get("2")) for function in functions}
        if "None" not in weights:
            return weights
        time.sleep(0.5)
    return weights
