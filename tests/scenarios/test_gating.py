"""T4: what tests the candidate before any traffic sees the candidate, and nothing is shifted before it has."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.errors import Unavailable
from canary.core.hooks import Hook, HookStage, HookStatus
from canary.core.model import AliasName, AliasRouting, FunctionName, Phase, Version
from canary.core.request import TargetRequest
from canary.core.rollout import Rollout
from tests.fakes import Simulation

Open = Callable[..., Rollout]
Watch = Callable[[Rollout], Rollout]
PREVIEW = ("pay", "preview")
GATE = Hook(name="gate", stage=HookStage.BEFORE_TRAFFIC, run="true")


@pytest.fixture
def previewed(opened: Open) -> Open:
    """Opens a rollout of `pay` with its preview alias and a gate."""
    target = TargetRequest(function=FunctionName("pay"), alias=AliasName("live"), preview_alias=AliasName("preview"))
    return lambda **settings: opened(targets=(target,), hooks=(GATE,), **settings)


def ticked(simulation: Simulation, rollout: Rollout, times: int) -> Rollout:
    controller = Controller(simulation.world, "test")
    for _ in range(times):
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    return simulation.store.states[rollout.id]


def test_a_gate_is_not_begun_before_the_preview_alias_serves_the_candidate(
    simulation: Simulation, previewed: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write to the preview alias was throttled: the gate tested the stable version, passed, and traffic shifted."""
    served: list[str] = []

    def polled(*_due: object) -> tuple[()]:
        served.append(simulation.router.aliases[PREVIEW].stable)
        return ()

    def throttled(*_route: object) -> None:
        raise Unavailable("throttled")

    rollout = previewed()
    monkeypatch.setattr(simulation.hooks, "poll", lambda due, _rollout: polled() if due else ())
    with monkeypatch.context() as busy:
        busy.setattr(simulation.router, "write_routing", throttled)
        ticked(simulation, rollout, 3)
    known = ticked(simulation, rollout, 3)

    assert (known.phase, set(served)) == (Phase.GATING, {"2"})


def test_a_preview_alias_that_is_gone_lets_no_gate_pass(
    simulation: Simulation, previewed: Open, watched: Watch
) -> None:
    rollout = previewed()
    simulation.hooks.answers = {"gate": HookStatus.SUCCEEDED}
    del simulation.router.aliases[PREVIEW]

    ended = watched(rollout)

    assert (ended.phase, ended.changes) == (Phase.ROLLED_BACK, ())
    assert ended.failure == "a preview alias was never seen to serve the candidate"


def test_a_gate_that_succeeds_on_the_candidate_lets_the_release_go_on(
    simulation: Simulation, previewed: Open, watched: Watch
) -> None:
    simulation.hooks.answers = {"gate": HookStatus.SUCCEEDED}

    assert watched(previewed()).phase is Phase.PROMOTED
    assert simulation.router.aliases[PREVIEW].is_same_split(AliasRouting(stable=Version("2")))


@pytest.mark.parametrize("minutes", [9, 30, 600])
def test_a_hook_s_time_does_not_run_while_nobody_looks(
    simulation: Simulation, opened: Open, watched: Watch, minutes: int
) -> None:
    """After a pause longer than its deadline, a hook that had never been asked failed a healthy release."""
    smoke = Hook(name="smoke", stage=HookStage.EACH_STEP, run="true")
    rollout = opened(hooks=(smoke,))
    ticked(simulation, rollout, 3)
    simulation.clock.sleep(timedelta(minutes=minutes))
    ticked(simulation, rollout, 1)
    simulation.hooks.answers = {"smoke": HookStatus.SUCCEEDED}

    assert watched(rollout).phase is Phase.PROMOTED
