"""Every parse: durations, weights, strategies, rollout.toml and what a stack published (T2)."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.config import (
    parse_published,
    parse_request,
    parse_strategy,
    parse_weight,
    read_release_file,
)
from canary.core.capacity import Capacity
from canary.core.destination import Destination, Medium
from canary.core.errors import ConfigError
from canary.core.freeze import FreezeWindow
from canary.core.hooks import HookStage
from canary.core.model import Metric, Weight
from canary.core.request import ReleaseRequest
from canary.core.rollout import OnInconclusive
from canary.parsing import parse_duration
from canary.schema import release_parameter

TARGETS = [{"function": "pay", "alias": "live", "preview_alias": "preview"}]


def request(tables: dict[str, Any]) -> ReleaseRequest:
    return parse_request({"targets": TARGETS} | tables, "rollout.toml", by="amy", targets=())


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("0s", 0), ("1.5m", 90), (" 2 m ", 120)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with suppress(ConfigError):
        assert parse_duration(text) >= timedelta(0)


@pytest.mark.parametrize(("text", "basis_points"), [("10%", 1000), ("0.5 %", 50), ("0.01%", 1), ("100%", 10_000)])
def test_a_weight_is_a_percentage(text: str, basis_points: int) -> None:
    assert parse_weight(text) == Weight(basis_points)


@pytest.mark.parametrize(
    ("text", "why"), [("120%", "outside 0..100"), ("0.001%", "finer than 0.01"), ("ten", "no weight")]
)
def test_a_weight_that_an_alias_cannot_hold_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_weight(text)


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        ("1%:2m,10%:5m,100%:1m", [(1, 120), (10, 300), (100, 60)]),
        ("10%:5m", [(10, 300), (100, 300)]),
        ("canary:20%:3m", [(20, 180), (100, 180)]),
        ("linear:40%:30s", [(40, 30), (80, 30), (100, 30)]),
        ("AllAtOnce", [(100, 300)]),
    ],
)
def test_a_strategy_is_a_preset_or_parameters_or_steps(text: str, shifts: list[tuple[int, int]]) -> None:
    strategy = parse_strategy(text)

    told = [(shift.weight.basis_points // 100, int(shift.bake.total_seconds())) for shift in strategy.shifts]
    assert told == shifts


@pytest.mark.parametrize("text", ["50%:1m,10%:1m,100%:1m", "10%:5", "10%-5m", "120%:5m", "linear:0%:1m", "nothing"])
def test_a_strategy_that_cannot_be_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_strategy(text)

    assert "\n" not in str(refused.value)


def test_a_release_file_says_everything(tmp_path: Path) -> None:
    path = tmp_path / "rollout.toml"
    path.write_text(
        """
        strategy = "Linear10PercentEvery1Minute"
        bake = "2m"
        min_requests = 50
        hold_limit = "3m"
        on_inconclusive = "hold"
        tick = "5s"
        alarms = ["api-5xx"]
        reason = "new fees"
        [slo]
        errors = 0.02
        alpha = 0.005
        [[targets]]
        function = "pay"
        candidate = "7"
        [[hooks]]
        name = "gate"
        stage = "before-traffic"
        run = "make gate"
        deadline = "5m"
        """
    )

    asked = parse_request(read_release_file(path), str(path), by="amy", targets=())

    assert asked.strategy.shifts[-1].bake == timedelta(minutes=2)
    assert (asked.min_requests, asked.hold_limit, asked.reason) == (50, timedelta(minutes=3), "new fees")
    assert (asked.policy.on_inconclusive, asked.policy.tick) == (OnInconclusive.HOLD, timedelta(seconds=5))
    assert {spec.metric: spec.limit for spec in asked.judge.specs} == {Metric.ERRORS: 0.02, Metric.SLOW: 0.01}
    assert asked.judge.alpha == 0.005
    assert [(target.function, target.alias, target.candidate) for target in asked.targets] == [("pay", "live", "7")]
    assert [(hook.name, hook.stage, hook.deadline) for hook in asked.hooks] == [
        ("gate", HookStage.BEFORE_TRAFFIC, timedelta(minutes=5))
    ]


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"stratagy": "AllAtOnce"}, "rollout.toml: unknown key 'stratagy'"),
        ({"min_requests": "many"}, "rollout.toml: min_requests is 'many', wanted a whole number"),
        ({"min_requests": True}, "rollout.toml: min_requests is True, wanted a whole number"),
        ({"on_inconclusive": "pray"}, "wanted one of rollback, hold"),
        ({"targets": [{"alias": "live"}]}, r"rollout.toml: targets\[0\]: function is missing"),
        ({"targets": "pay"}, r"targets is 'pay', wanted tables, each headed \[\[targets\]\]"),
        ({"slo": {"errors": 2}}, "the limit of errors is a share between 0 and 1"),
        ({"slo": {"latency": 1}}, "unknown key 'latency'"),
        ({"alarms": [1]}, "alarms is .*, wanted a list of texts"),
        ({"targets": []}, "nothing to release"),
        ({"targets": TARGETS * 2}, "one alias stands twice"),
        ({"tick": "0s"}, "a tick of 0 s is outside"),
        ({"hooks": [{"name": "gate", "run": ""}]}, "a hook needs a name and something to run"),
        ({"notify": {"to": ["mail:amy"]}}, "'mail:amy' is no destination"),
        ({"freeze": ["weekends"]}, "'weekends' is no freeze window: write it like"),
        ({"capacity": {"provisioned": 0}}, "provisioned is 0; give 1 or more"),
        ({"capacity": {"provisioned": 5, "ready_within": "0s"}}, "ready_within is 0:00:00; give a positive time"),
        ({"capacity": {"ready_within": "5m"}}, "rollout.toml: capacity: ready_within without provisioned"),
        ({"notify": {"slack": "x"}}, "rollout.toml: notify: unknown key 'slack'; known are to"),
    ],
)
def test_a_bad_file_is_refused_by_file_key_and_what_was_wanted(tables: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        request(tables)


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("strategy = ")

    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_release_file(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match=r"broken\.toml is no TOML: Invalid value"):
        read_release_file(broken)


PUBLISHED: dict[str, Any] = {
    "schema": "release/1",
    "environment": "dev",
    "region": "us-east-1",
    "store": "table-rollouts-dev",
    "targets": TARGETS,
    "alarms": ["api-5xx"],
    "live_url": "https://live",
    "preview_url": "https://preview",
}


def test_the_long_name_of_an_environment_finds_what_its_stack_published() -> None:
    assert release_parameter("production") == release_parameter("prod") == "/bluegreen/prod/release"


def test_what_a_stack_published_names_store_targets_and_alarms() -> None:
    published = parse_published(json.dumps(PUBLISHED), "/bluegreen/dev/release")

    assert (published.store, published.alarms) == ("table-rollouts-dev", ("api-5xx",))
    assert [(target.function, target.preview_alias) for target in published.targets] == [("pay", "preview")]


def test_notices_go_where_file_and_stack_say() -> None:
    topic = Destination(medium=Medium.SNS, name="arn:aws:sns:us-east-1:1:releases")
    published = parse_published(json.dumps(PUBLISHED | {"notify": [f"sns:{topic.name}"]}), "/bluegreen/dev/release")

    assert published.notify == request({"notify": {"to": [f"sns:{topic.name}"]}}).notify == (topic,)
    assert parse_published(json.dumps(PUBLISHED), "/bluegreen/dev/release").notify == request({}).notify == ()


def test_capacity_is_asked_for_by_number_and_patience() -> None:
    assert request({}).capacity is None
    assert request({"capacity": {"provisioned": 5}}).capacity == Capacity(provisioned=5)
    assert request({"capacity": {"provisioned": 5, "ready_within": "4m"}}).capacity == Capacity(
        provisioned=5, ready_within=timedelta(minutes=4)
    )


def test_freeze_windows_come_from_file_and_stack() -> None:
    window = FreezeWindow.parse("Fri 16:00-Mon 08:00 Europe/Berlin")
    published = parse_published(json.dumps(PUBLISHED | {"freeze": [window.text]}), "/bluegreen/dev/release")

    assert published.freeze == request({"freeze": [window.text]}).freeze == (window,)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps(PUBLISHED | {"schema": "release/9"}), json.dumps(PUBLISHED | {"targets": 3})]
)
def test_a_parameter_of_another_shape_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match="parameter /bluegreen/dev/release"):
        parse_published(text, "/bluegreen/dev/release")


def test_a_share_is_held_back_by_a_percentage() -> None:
    held = request({"strategy": "10%:5m,100%:5m", "hold_back": "5%", "bake": "9m"})

    assert [(str(step.weight), step.bake) for step in held.plan().steps] == [
        ("10 %", timedelta(minutes=5)),
        ("95 %", timedelta(minutes=9)),
    ]
    with pytest.raises(ConfigError, match="'lots' is no weight; write it like 10%"):
        request({"hold_back": "lots"})
