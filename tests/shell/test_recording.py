"""Recorded counts judged again: files with a documented schema, and the history of a rollout (issue 3, 5)."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from canary.backtest import backtest_as_plain, judge_recording
from canary.core.errors import ConfigError
from canary.core.model import Counts, Metric, Phase, Verdict, Weight
from canary.core.rollout import Rollout
from canary.recording import Recording, parse_recording, recordings_of
from tests.fakes import Behaviour, Simulation
from tests.scenarios.conftest import opened, simulation, watched  # noqa: F401 - fixtures

EXAMPLES = Path(__file__).parents[2] / "examples" / "recordings"
PERIOD: dict[str, Any] = {
    "canary": {"requests": 100, "errors": 0, "slow": 0},
    "stable": {"requests": 900, "errors": 1, "slow": 2},
}


def text(*periods: dict[str, Any], **change: Any) -> str:  # noqa: ANN401 - JSON
    head = {"schema": "recording/1", "start": "2026-03-01T12:00:00Z", "period": 10}
    return json.dumps({**head, "periods": [{**PERIOD, **period} for period in periods or ({},)], **change})


def parsed(*periods: dict[str, Any], **change: Any) -> Recording:  # noqa: ANN401 - JSON
    return parse_recording(text(*periods, **change), "file")


@pytest.mark.parametrize(
    ("name", "verdict", "seconds"),
    [
        ("healthy", Verdict.PASS, None),
        ("faulty", Verdict.FAIL, 10),
        ("late-fault", Verdict.FAIL, 260),
        ("slow", Verdict.FAIL, 30),
        ("shared-incident", Verdict.PASS, None),
        ("little-traffic", Verdict.INCONCLUSIVE, None),
        ("standard-metrics", Verdict.FAIL, 60),
    ],
)
def test_the_example_recordings_are_judged_as_they_are_named(name: str, verdict: Verdict, seconds: int | None) -> None:
    recording = parse_recording((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"), name)
    backtest = judge_recording(recording)
    failed_after = backtest.failed_at and backtest.failed_at - recording.periods[0].window.start
    assert (backtest.verdict, failed_after) == (verdict, seconds and timedelta(seconds=seconds))


def test_every_example_has_its_expectation() -> None:
    assert len(list(EXAMPLES.glob("*.json"))) == 7


def test_periods_follow_each_other_and_carry_their_weight() -> None:
    recording = parsed({"weight": 0.5}, {"weight": 50, "mixed": True})
    first, second = recording.periods
    assert second.window.start == first.window.end
    assert (first.weight, second.weight) == (Weight(50), Weight(5000))
    assert second.window.mixed


def test_a_period_given_again_revises_the_earlier_one() -> None:
    start = "2026-03-01T12:00:00Z"
    worse = {"start": start, "canary": {"requests": 100, "errors": 50, "slow": 0}}
    assert judge_recording(parsed({})).verdict is Verdict.INCONCLUSIVE
    assert judge_recording(parsed({}, worse)).verdict is Verdict.FAIL


def test_slow_requests_that_the_file_leaves_out_were_not_measured() -> None:
    recording = parsed({"canary": {"requests": 100, "errors": 0}})
    assert recording.periods[0].window.canary == Counts(requests=100, errors=0, slow=None)


def test_a_file_may_have_limits_of_its_own_and_leave_a_metric_out() -> None:
    recording = parsed(slo={"errors": 0.05, "slow": None, "alpha": 0.001, "min_requests": 10})
    assert [(spec.metric, spec.limit) for spec in recording.settings.specs] == [(Metric.ERRORS, 0.05)]
    assert (recording.settings.alpha, recording.min_requests) == (0.001, 10)


def test_requests_are_counted_anew_at_every_weight() -> None:
    readings = judge_recording(parsed(*[{"weight": 10}] * 3, *[{"weight": 50}] * 2)).readings
    told = [result.reason for reading in readings for result in reading.results if result.name == "traffic"]
    assert [reason.split(" ")[0] for reason in told] == ["100", "200", "300", "100", "200"]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{", "file is no JSON"),
        ("[]", "file: recording: wanted an object"),
        ("{}", "file: recording is incomplete"),
        (text(schema="recording/9"), "wanted 'recording/1'"),
        (text(period=0), "positive period"),
        (text(periods=[]), "at least one of periods"),
        (text(start="noon"), "isoformat"),
        (text(start="2026-03-01T12:00:00"), "no time zone"),
        (text({"canary": {"requests": "7", "errors": 0}}), r"recording.periods\[0\].canary.requests: wanted int"),
        (text({"weight": 120}), "a weight of 120 %"),
        (text(colour="red"), "unknown field 'colour'"),
        (text(slo={"errors": 2.0}), "the limit of errors"),
        (text(slo={"alpha": 0.0}), "alpha is 0"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_place(broken: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse_recording(broken, "file")


def test_json_has_stable_keys() -> None:
    plain = backtest_as_plain(judge_recording(parsed()))
    assert list(plain) == ["schema", "name", "alpha", "e_needed", "verdict", "failed_at", "readings"]
    assert list(plain["readings"][0]) == [
        "start",
        "seconds",
        "weight",
        "mixed",
        "canary",
        "stable",
        "e_value",
        "verdict",
        "results",
    ]
    json.dumps(plain, allow_nan=False)


@pytest.mark.parametrize(
    ("behaviour", "phase"),
    [(Behaviour(errors=0.05), Phase.ROLLED_BACK), (Behaviour(errors=0.001), Phase.PROMOTED)],
)
def test_history_judged_again_says_what_was_said_live(
    simulation: Simulation,  # noqa: F811 - a fixture
    opened: Callable[..., Rollout],  # noqa: F811 - a fixture
    watched: Callable[[Rollout], Rollout],  # noqa: F811 - a fixture
    behaviour: Behaviour,
    phase: Phase,
) -> None:
    simulation.fleet.behaviour["2"] = behaviour
    ended = watched(opened())
    assert ended.phase is phase

    store = simulation.store
    recordings = recordings_of(ended, store.read_ledger(ended.id), store.read_recorded(ended.id))

    for known, recording in zip(ended.legs[0].paths, recordings, strict=True):
        again = [result for reading in judge_recording(recording).readings for result in reading.results]
        failed = next((result for result in again if result.verdict is Verdict.FAIL), None)
        assert failed == known.evidence.failed
