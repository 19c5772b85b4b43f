"""T6: killed in any phase, a release is carried on from there; a hand on the alias ends it. All side by side."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from canary.aws.store import DynamoStore
from canary.core.model import Phase, RolloutId
from tests.e2e.conftest import Canary, Publish, Published, Traffic
from tests.e2e.test_crash import PATIENCE_S, the_open_rollout, wait_for_weight
from tests.e2e.test_own_code import reporting

pytestmark = pytest.mark.e2e

GOOD = {"version": "2", "weights": {}}
BACK = {"version": "1", "weights": {}}


@dataclass(frozen=True, kw_only=True)
class Life:
    """One release in progress: the process that began it, and its rollout."""

    canary: Canary
    function: Published
    process: subprocess.Popen[str]
    rollout: str

    def wait_for(self, phase: Phase) -> None:
        """Looks often: some phases last only until the next tick."""
        store = DynamoStore(self.canary.cloud.client("dynamodb"), self.canary.store)
        for _ in range(PATIENCE_S * 10):
            known = store.load_rollout(RolloutId(self.rollout))
            if known is not None and known.phase is phase:
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.rollout} never was {phase}: {self.canary.status(self.rollout)}")

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def carry_on(self) -> int:
        return self.canary.run("watch", self.rollout).returncode


def begun(canary: Canary, function: Published, *more: str) -> Life:
    time.sleep(2)  # the stable version has reported before: it is judged by its own metrics
    process = canary.start(
        "release", "-f", function.name, "--strategy", "50%:10s,100%:5s", "--tick", "3s", "--min-requests", "60", *more
    )
    return Life(canary=canary, function=function, process=process, rollout=the_open_rollout(canary, function.name))


def killed_while(phase: Phase, *more: str) -> Callable[[Canary, Published], tuple[int, object]]:
    def story(canary: Canary, function: Published) -> tuple[int, object]:
        life = begun(canary, function, *more)
        life.wait_for(phase)
        life.kill()
        return life.carry_on(), function.live()

    return story


def killed_at_once(canary: Canary, function: Published) -> tuple[int, object]:
    life = begun(canary, function)
    life.kill()  # before its first tick, or in it
    return life.carry_on(), function.live()


def killed_while_paused(canary: Canary, function: Published) -> tuple[int, object]:
    life = begun(canary, function)
    wait_for_weight(canary, life.rollout, 50)
    assert canary.run("pause", life.rollout, "--why", "lunch").returncode == 0
    life.kill()
    assert canary.run("resume", life.rollout, "--why", "fed").returncode == 0
    return life.carry_on(), function.live()


def edited_by_hand(canary: Canary, function: Published) -> tuple[int, object]:
    life = begun(canary, function)
    wait_for_weight(canary, life.rollout, 50)
    canary.cloud.client("lambda").update_alias(
        FunctionName=function.name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}}
    )
    _, told = life.process.communicate()
    assert "was changed by someone else: asked for version 1 50 % + version 2 50 %, found version 1 80 %" in told
    assert canary.status(life.rollout)["phase"] == "aborted"
    return life.process.returncode, function.live()


STORIES: dict[str, tuple[Callable[[Canary, Published], tuple[int, object]], float, tuple[int, object]]] = {
    "killed at once": (killed_at_once, 0.0, (0, GOOD)),
    "killed while gating": (killed_while(Phase.GATING, "--gate", "sleep 6"), 0.0, (0, GOOD)),
    "killed while progressing": (killed_while(Phase.PROGRESSING), 0.0, (0, GOOD)),
    "killed while paused": (killed_while_paused, 0.0, (0, GOOD)),
    "killed while promoting": (killed_while(Phase.PROMOTING), 0.0, (0, GOOD)),
    "killed while rolling back": (killed_while(Phase.ROLLING_BACK), 0.3, (1, BACK)),
    "edited by hand": (edited_by_hand, 0.0, (1, BACK)),
}
"""What happens, the share of the candidate's requests that fail, and how it must end."""


def test_whatever_happens_in_whatever_phase_the_alias_ends_whole(canary: Canary, publish: Publish) -> None:
    def told(name: str) -> tuple[int, object]:
        story, share, _ = STORIES[name]
        function = publish(reporting(0), reporting(share) | {"note.txt": name})
        with Traffic(cloud=canary.cloud, function=function.name, rate=8) as traffic:
            ending = story(canary, function)
        assert traffic.lost == []
        return ending

    with ThreadPoolExecutor(len(STORIES)) as pool:
        waiting: dict[str, Future[tuple[int, object]]] = {name: pool.submit(told, name) for name in STORIES}
        endings = {name: future.result() for name, future in waiting.items()}

    assert endings == {name: ending for name, (_, _, ending) in STORIES.items()}
