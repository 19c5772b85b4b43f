"""T6: the controller that the stack deploys carries releases on by itself, whoever started them and is gone."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine.deploy import deploy
from localcloud.running import RunningCloud
from stack.settings import Environment
from tests.e2e.conftest import Canary, Publish, Published, Traffic
from tests.e2e.test_crash import the_open_rollout, wait_for_weight
from tests.e2e.test_own_code import HEALTHY, THROWS, reporting

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).parents[2] / "stack"
PATIENCE_S = 300
SCHEDULE = "rule-rollout-tick-dev"
QUICK = ("--strategy", "50%:15s,100%:5s", "--min-requests", "60")


@pytest.fixture(scope="module")
def deployed(fast_cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> Canary:
    """The whole stack of dev, its controller and the rules that wake it among the rest."""
    folder = tmp_path_factory.mktemp("dev")
    deploy(
        PROGRAM,
        Environment.DEV,
        fast_cloud.endpoint,
        preview=False,
        extra_config={"build": str(folder / "build")},
        home=folder / "state",
    )
    return Canary(cloud=fast_cloud, store="table-rollouts-dev")


@dataclass(frozen=True, kw_only=True)
class Story:
    """A release that somebody began, and how it ended without them."""

    begun: str
    status: Mapping[str, Any]
    live: Mapping[str, Any]
    lost: list[str]


def detached(canary: Canary, function: Published) -> Story:
    with Traffic(cloud=canary.cloud, function=function.name, rate=12) as traffic:
        time.sleep(2)
        told = canary.run("release", "--env", "dev", "-f", function.name, *QUICK, "--tick", "3s", "--detach")
        rollout = the_open_rollout(canary, function.name)
        return ended(canary, rollout, function, traffic, begun=told.stderr)


def killed(canary: Canary, function: Published, tick: str = "3s") -> Story:
    with Traffic(cloud=canary.cloud, function=function.name, rate=12) as traffic:
        time.sleep(2)
        process = canary.start("release", "--env", "dev", "-f", function.name, *QUICK, "--tick", tick)
        rollout = the_open_rollout(canary, function.name)
        wait_for_weight(canary, rollout, 50)
        while not function.live()["weights"]:  # the weight is written down before it is asked for
            time.sleep(0.5)
        os.kill(process.pid, signal.SIGKILL)
        _, told = process.communicate()
        return ended(canary, rollout, function, traffic, begun=told)


def ended(canary: Canary, rollout: str, function: Published, traffic: Traffic, *, begun: str) -> Story:
    until = time.monotonic() + PATIENCE_S
    while (status := canary.status(rollout))["phase"] not in ("promoted", "rolled_back", "aborted"):
        assert time.monotonic() < until, f"nobody carried {rollout} on: {status}"
        time.sleep(3)
    return Story(begun=begun, status=status, live=function.live(), lost=list(traffic.lost))


def test_a_release_goes_on_when_nobody_watches_it(deployed: Canary, publish: Publish) -> None:
    good, bad = publish(reporting(0), reporting(0) | {"note.txt": "2"}), publish(reporting(0), reporting(0.3))
    with ThreadPoolExecutor(2) as pool:
        left, died = pool.submit(detached, deployed, good), pool.submit(killed, deployed, bad)
        promoted, rolled_back = left.result(), died.result()

    assert "function-rollout-controller-dev carries it on" in promoted.begun
    assert (promoted.status["phase"], promoted.live) == ("promoted", {"version": "2", "weights": {}})
    assert (rolled_back.status["phase"], rolled_back.live) == ("rolled_back", {"version": "1", "weights": {}})
    assert promoted.lost == rolled_back.lost == []


@pytest.fixture
def no_schedule(deployed: Canary) -> Iterator[None]:
    """Nothing but alarms wakes the controller."""
    events = deployed.cloud.client("events")
    events.disable_rule(Name=SCHEDULE)
    yield
    events.enable_rule(Name=SCHEDULE)


@pytest.mark.usefixtures("no_schedule")
def test_an_alarm_alone_takes_a_release_back_that_nobody_watches(deployed: Canary, publish: Publish) -> None:
    bad = publish(HEALTHY, THROWS)

    rolled_back = killed(deployed, bad, tick="10s")

    assert (rolled_back.status["phase"], rolled_back.live) == ("rolled_back", {"version": "1", "weights": {}})
    assert "alarm bg-guard-" in deployed.history(rolled_back.status["rollout"])[-1]["reason"]
    assert rolled_back.lost == []
