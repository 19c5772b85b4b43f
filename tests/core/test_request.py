"""What a rollout that was taken back asked for can be asked again (issue 4)."""

from dataclasses import replace

import pytest

from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import FunctionName, Phase, Weight
from canary.core.request import MOST_TARGETS, ask_again
from canary.core.rollout import Rollout
from tests.fakes import START
from tests.rollouts import a_rollout


def ended(phase: Phase) -> Rollout:
    return replace(a_rollout("pay", "ship"), phase=phase, ended_at=START)


@pytest.mark.parametrize("phase", [Phase.ROLLED_BACK, Phase.ABORTED])
def test_the_same_candidates_are_asked_for_by_the_same_plan(phase: Phase) -> None:
    rollout = ended(phase)

    asked = ask_again(rollout, by="amy", why="the bank was down")

    assert asked.plan() == rollout.plan
    assert [(target.function, target.candidate) for target in asked.targets] == [("pay", "2"), ("ship", "2")]
    assert (asked.judge, asked.policy, asked.alarms) == (rollout.judge, rollout.policy, rollout.alarms)
    assert (asked.by, asked.reason) == ("amy", "retry of r-1: the bank was down")


@pytest.mark.parametrize(
    ("phase", "why"), [(Phase.PROMOTED, "was promoted: there is nothing to retry"), (Phase.PAUSED, "is open still")]
)
def test_what_was_not_taken_back_is_not_retried(phase: Phase, why: str) -> None:
    with pytest.raises(RolloutConflict, match=why):
        ask_again(ended(phase), by="amy", why="again")


def test_what_was_held_back_is_held_back_again() -> None:
    rollout = ended(Phase.ABORTED)
    steps = rollout.plan.steps
    last = replace(steps[-1], weight=Weight.percent(90))
    rollout = replace(rollout, plan=replace(rollout.plan, steps=(*steps[:-1], last)))

    assert ask_again(rollout, by="amy", why="again").plan() == rollout.plan


def test_more_functions_than_one_state_can_hold_are_refused() -> None:
    asked = ask_again(ended(Phase.ABORTED), by="amy", why="again")
    names = (FunctionName(f"f{number}") for number in range(MOST_TARGETS + 1))

    with pytest.raises(ConfigError, match="51 functions are more than one rollout can hold; release at most 50"):
        replace(asked, targets=tuple(replace(asked.targets[0], function=name) for name in names))
