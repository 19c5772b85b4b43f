"""T2: CodeDeploy's presets by name, custom canary and linear parameters, free step lists."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.errors import ConfigError
from canary.core.model import ALL_TRAFFIC, Weight
from canary.core.plan import (
    PRESETS,
    Shift,
    Strategy,
    canary_strategy,
    linear_strategy,
    plan_steps,
    strategy_named,
)

MINUTE = timedelta(minutes=1)


def percents(strategy: Strategy) -> list[float]:
    return [shift.weight.basis_points / 100 for shift in strategy.shifts]


@pytest.mark.parametrize(
    ("name", "weights", "interval"),
    [
        ("LambdaCanary10Percent5Minutes", [10, 100], 5),
        ("LambdaCanary10Percent10Minutes", [10, 100], 10),
        ("LambdaCanary10Percent15Minutes", [10, 100], 15),
        ("LambdaCanary10Percent30Minutes", [10, 100], 30),
        ("LambdaLinear10PercentEvery1Minute", [*range(10, 101, 10)], 1),
        ("LambdaLinear10PercentEvery2Minutes", [*range(10, 101, 10)], 2),
        ("LambdaLinear10PercentEvery3Minutes", [*range(10, 101, 10)], 3),
        ("LambdaLinear10PercentEvery10Minutes", [*range(10, 101, 10)], 10),
    ],
)
def test_a_preset_shifts_as_codedeploy_documents_it(name: str, weights: list[float], interval: int) -> None:
    preset = PRESETS[f"CodeDeployDefault.{name}"]

    assert (percents(preset), preset.shifts[0].bake) == (weights, interval * MINUTE)


def test_there_are_nine_presets_and_the_ninth_is_all_at_once() -> None:
    assert len(PRESETS) == 9
    assert percents(PRESETS["CodeDeployDefault.LambdaAllAtOnce"]) == [100]


@pytest.mark.parametrize(
    "spelling",
    [
        "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
        "LambdaLinear10PercentEvery1Minutes",
        "Linear10PercentEvery1Minute",
        "linear10percentevery1minutes",
    ],
)
def test_a_preset_is_found_with_or_without_prefix_and_plural(spelling: str) -> None:
    assert strategy_named(spelling).name == "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"


def test_an_unknown_strategy_is_refused_with_the_list_of_those_there_are() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown strategy 'Canary20'; choose one of Canary10Percent5Minutes, .*AllAtOnce"
    ):
        strategy_named("Canary20")


def test_a_linear_increment_that_does_not_divide_100_ends_at_100_all_the_same() -> None:
    assert percents(linear_strategy(Weight.percent(30), MINUTE)) == [30, 60, 90, 100]


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ([10, 10, 100], "must rise"),
        ([50, 10, 100], "must rise"),
        ([0, 100], "must rise"),
        ([10, 50], "must be 100 %"),
        ([], "must be 100 %"),
    ],
)
def test_weights_that_do_not_rise_to_100_are_refused(weights: list[int], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Strategy(name="own", shifts=tuple(Shift(weight=Weight.percent(w), bake=MINUTE) for w in weights))


@pytest.mark.parametrize("percent", [101, 120, -1])
def test_a_weight_outside_0_to_100_percent_is_refused(percent: int) -> None:
    with pytest.raises(ConfigError, match=f"a weight of {percent} % is outside 0..100 %"):
        Weight.percent(percent)


@given(st.integers(100, 9_999), st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_every_canary_and_linear_strategy_rises_to_100(basis_points: int, interval: timedelta) -> None:
    for strategy in (canary_strategy(Weight(basis_points), interval), linear_strategy(Weight(basis_points), interval)):
        weights = [shift.weight for shift in strategy.shifts]
        assert weights == sorted(set(weights))
        assert weights[-1] == ALL_TRAFFIC


def test_a_step_s_deadline_is_its_bake_and_the_hold_limit() -> None:
    plan = plan_steps(canary_strategy(Weight.percent(10), 5 * MINUTE), min_requests=7, hold_limit=2 * MINUTE)

    assert [(step.bake, step.min_requests, step.deadline) for step in plan.steps] == [
        (5 * MINUTE, 7, 7 * MINUTE),
        (5 * MINUTE, 7, 7 * MINUTE),
    ]
    assert plan.shortest == 10 * MINUTE


@pytest.mark.parametrize(("min_requests", "hold_limit"), [(-1, MINUTE), (0, timedelta(0))])
def test_a_plan_that_could_never_wait_or_always_would_is_refused(min_requests: int, hold_limit: timedelta) -> None:
    with pytest.raises(ConfigError):
        plan_steps(strategy_named("AllAtOnce"), min_requests=min_requests, hold_limit=hold_limit)


def test_what_is_held_back_stays_on_stable_during_the_last_bake() -> None:
    strategy = strategy_named("Canary10Percent5Minutes").holding_back(Weight.percent(10))

    steps = plan_steps(strategy, hold_limit=timedelta(minutes=10)).steps

    assert [(step.weight, step.bake) for step in steps] == [
        (Weight.percent(10), timedelta(minutes=5)),
        (Weight.percent(90), timedelta(minutes=5)),
    ]
    assert strategy.name == "CodeDeployDefault.LambdaCanary10Percent5Minutes, 10 % held back"
    assert strategy.with_final_bake(timedelta(0)).held_back == Weight.percent(10)


@pytest.mark.parametrize("percent", [90, 95, 100])
def test_so_much_cannot_be_held_back_that_the_last_step_is_no_step_up(percent: int) -> None:
    with pytest.raises(ConfigError, match="weights must rise from above 0 % to"):
        strategy_named("Canary10Percent5Minutes").holding_back(Weight.percent(percent))


def test_a_plan_has_at_most_a_step_for_each_percent() -> None:
    """10,000 steps of a hundredth of a percent were taken, and their state fitted into no item of the store."""
    assert len(linear_strategy(Weight.percent(1), MINUTE).shifts) == 100
    with pytest.raises(ConfigError, match="strategy linear: 10000 steps are more than 100; take larger ones"):
        linear_strategy(Weight(1), MINUTE)
