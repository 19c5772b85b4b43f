"""Every parse: durations, weights, strategies, rollout.toml and what a stack published (T2)."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.config import (
    parse_place,
    parse_published,
    parse_request,
    parse_strategy,
    parse_weight,
    read_release_file,
)
from canary.core.capacity import Capacity
from canary.core.codec import to_plain
from canary.core.destination import Destination, Medium
from canary.core.errors import ConfigError
from canary.core.freeze import FreezeWindow, freeze_at
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


@pytest.mark.parametrize("text", ["366d", "8761h", f"{'9' * 400}h", "99999999999999999m"])
def test_a_duration_that_nobody_waits_for_is_refused(text: str) -> None:
    """Such a text ended in a traceback: Python holds no more than 999,999,999 days."""
    with pytest.raises(ConfigError, match=r"is (no duration|longer than 365 days)"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "alias", "place"),
    [
        ("pay", "", ("pay", "live")),
        ("pay", "blue", ("pay", "blue")),
        ("pay:blue", "", ("pay", "blue")),
        ("pay:blue", "blue", ("pay", "blue")),
    ],
)
def test_a_function_is_named_with_or_without_its_alias(text: str, alias: str, place: tuple[str, str]) -> None:
    assert parse_place(text, alias) == place


@pytest.mark.parametrize(
    ("text", "alias", "why"),
    [
        ("pay:blue", "green", "pay:blue and alias green are two aliases; name one"),
        ("pay:7", "", "7 is a version of pay, no alias; name the version to release by --candidate"),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:pay:live",
            "",
            r"an ARN; name the function alone \(pay, ",
        ),
        ("123456789012:function:pay", "", r"an ARN; name the function alone \(pay, "),
        ("", "", "'' is no function's name; write NAME, or NAME:ALIAS"),
        ("pay:", "", "no function's name"),
        ("pay me", "", "no function's name"),
    ],
)
def test_what_names_no_function_of_this_account_is_refused(text: str, alias: str, why: str) -> None:
    """`-f pay:live` was released under that very name: nothing was ever counted for it."""
    with pytest.raises(ConfigError, match=why):
        parse_place(text, alias)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with suppress(ConfigError):
        assert parse_duration(text) >= timedelta(0)


@pytest.mark.parametrize(
    ("text", "basis_points"), [("10%", 1000), ("0.5 %", 50), ("0.01%", 1), ("0.07%", 7), ("100%", 10_000)]
)
def test_a_weight_is_a_percentage(text: str, basis_points: int) -> None:
    assert parse_weight(text) == Weight(basis_points)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("120%", "outside 0..100"),
        (f"{'9' * 400}%", "outside 0..100"),
        ("0.001%", "finer than 0.01"),
        ("ten", "no weight"),
    ],
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


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"reason = '\xff'", "codec can't decode"),
        (b"a = " + b"[" * 5000, "recursion"),
        (b"a = " + b"9" * 5000, "Exceeds the limit"),
    ],
)
def test_a_file_of_other_bytes_is_no_toml(tmp_path: Path, content: bytes, why: str) -> None:
    """Each of them was a traceback."""
    path = tmp_path / "rollout.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=f"rollout.toml is no TOML: .*{why}"):
        read_release_file(path)


WORDS = st.sampled_from(
    [
        "10%:5m",
        "100%",
        "5m",
        "rollback",
        "auto",
        "each-step",
        "lambda:check",
        "linear:0.01%:1s",
        f"{'9' * 400}%:1h",
        f"1%:{'9' * 400}h",
        f"{'9' * 400}h",
        "Fri 16:00-Mon 08:00 UTC",
        "9999-12-31 00:00-9999-12-31 23:59 UTC",
        "arn:aws:lambda:us-east-1:1:function:pay",
    ]
)
OTHERS = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63]),
    st.floats(),
    st.booleans(),
    st.datetimes(),
)
VALUES = st.one_of(WORDS, WORDS, OTHERS, st.lists(WORDS | OTHERS, max_size=3))
"""Whatever TOML can hold."""


def table_of(*keys: str) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(keys), VALUES, max_size=2) | VALUES


KEYS = ("strategy", "steps", "bake", "hold_back", "alarms", "reason", "freeze", "min_requests", "hold_limit", "tick")
ENTRIES = st.one_of(
    st.tuples(st.sampled_from([*KEYS, "on_inconclusive", "on_silence"]), VALUES),
    st.tuples(st.just("targets"), st.lists(table_of("function", "alias", "preview_alias", "min_requests"), max_size=2)),
    st.tuples(st.just("hooks"), st.lists(table_of("name", "stage", "run", "deadline"), max_size=2)),
    st.tuples(st.just("slo"), table_of("errors", "slow", "alpha", "tolerance", "attribution")),
    st.tuples(st.just("notify"), table_of("to")),
    st.tuples(st.just("capacity"), table_of("provisioned", "ready_within")),
)
FILES = st.lists(ENTRIES, min_size=1, max_size=2).map(dict)


@settings(max_examples=500)
@given(FILES)
def test_whatever_a_file_holds_is_a_request_or_refused(tables: dict[str, Any]) -> None:
    with suppress(ConfigError):
        planned = request(tables)
        freeze_at(planned.freeze, datetime.now(tz=UTC))
        json.dumps(to_plain(planned.plan()), allow_nan=False)
