"""Whether a release has room for a second version, before it starts (issue 4, capacity)."""

from dataclasses import replace

import pytest

from canary.core.capacity import Capacity, Headroom, WarmStatus, Warmth, find_doubts, find_obstacles
from canary.core.errors import ConfigError
from canary.core.plan import Plan, plan_steps, strategy_named
from tests.rollouts import BAKE, a_target

ROOMY = Headroom(target=a_target(), reserved=None, unreserved=1000, peak=40)
FIVE = Capacity(provisioned=5)
WARM = Warmth(status=WarmStatus.READY, wanted=8)


def plan(strategy: str = "Linear10PercentEvery1Minute") -> Plan:
    return plan_steps(strategy_named(strategy), hold_limit=BAKE)


def test_a_function_with_room_has_neither_obstacles_nor_doubts() -> None:
    assert find_obstacles([ROOMY], FIVE) == ()
    assert find_doubts([ROOMY], plan(), FIVE) == ()


@pytest.mark.parametrize(
    ("headroom", "capacity", "why"),
    [
        (
            replace(ROOMY, reserved=0),
            None,
            "pay is switched off: its reserved concurrency is 0; aws lambda delete-func",
        ),
        (
            replace(ROOMY, on_alias=WARM),
            None,
            "alias pay:live has provisioned concurrency, beside which Lambda refuses",
        ),
        (replace(ROOMY, reserved=4), FIVE, "5 provisioned beside the 0 of version 1 do not fit into its reserved"),
        (replace(ROOMY, reserved=12, on_stable=WARM), FIVE, "5 provisioned beside the 8 of version 1 do not fit"),
        (replace(ROOMY, unreserved=104), FIVE, "the account has 4 left beside the 100 that Lambda keeps for others"),
        (replace(ROOMY, unreserved=90), FIVE, "the account has 0 left"),
    ],
)
def test_what_cannot_work_is_an_obstacle_that_says_what_to_do(
    headroom: Headroom, capacity: Capacity | None, why: str
) -> None:
    (obstacle,) = find_obstacles([headroom], capacity)

    assert why in obstacle


@pytest.mark.parametrize(
    "headroom",
    [
        replace(ROOMY, reserved=5),
        replace(ROOMY, reserved=13, on_stable=WARM),
        replace(ROOMY, unreserved=105),
        replace(ROOMY, unreserved=100, on_canary=replace(WARM, wanted=5)),
    ],
)
def test_what_just_fits_is_no_obstacle(headroom: Headroom) -> None:
    assert find_obstacles([headroom], FIVE) == ()


@pytest.mark.parametrize(
    ("headroom", "strategy", "why"),
    [
        (
            replace(ROOMY, peak=None),
            "AllAtOnce",
            "pay:live may answer 1000 requests at once; how many it has answered is not known",
        ),
        (replace(ROOMY, reserved=40), "AllAtOnce", "pay:live has been at its limit of 40 concurrent requests"),
        (
            replace(ROOMY, reserved=79),
            "AllAtOnce",
            "answered 40 requests at once, of 79 that it may; while the candidate",
        ),
        (replace(ROOMY, reserved=43), "Linear10PercentEvery1Minute", "answered 40 requests at once, of 43"),
        (replace(ROOMY, on_stable=WARM), "AllAtOnce", "[capacity] provisioned = 8 warms it before its first request"),
    ],
)
def test_what_may_go_wrong_is_said(headroom: Headroom, strategy: str, why: str) -> None:
    (doubt,) = find_doubts([headroom], plan(strategy), None)

    assert why in doubt


@pytest.mark.parametrize(
    ("headroom", "strategy", "capacity"),
    [
        (replace(ROOMY, reserved=80), "AllAtOnce", None),
        (replace(ROOMY, reserved=44), "Linear10PercentEvery1Minute", None),
        (replace(ROOMY, reserved=60), "AllAtOnce", FIVE),
        (replace(ROOMY, on_stable=WARM), "AllAtOnce", FIVE),
    ],
)
def test_room_enough_or_warm_environments_leave_no_doubt(
    headroom: Headroom, strategy: str, capacity: Capacity | None
) -> None:
    assert find_doubts([headroom], plan(strategy), capacity) == ()


def test_every_function_of_a_release_is_asked() -> None:
    switched_off = replace(ROOMY, target=a_target("ship"), reserved=0)

    assert [obstacle.split()[0] for obstacle in find_obstacles([switched_off, ROOMY, switched_off], None)] == [
        "ship"
    ] * 2


def test_a_wish_for_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="provisioned is 0; give 1 or more, or leave it out"):
        Capacity(provisioned=0)
