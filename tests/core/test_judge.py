"""The judge's answers: what fails, what holds, what passes, and in which words (issue 3)."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.core.errors import ConfigError
from canary.core.evidence import Evidence
from canary.core.judge import (
    Attribution,
    JudgeSettings,
    judge_alarms,
    judge_counts,
    judge_traffic,
    verdict_of,
)
from canary.core.model import AlarmReading, AlarmState, Counts, Metric, MetricResult, MetricSpec, Verdict
from tests.core.periods import NOON, REFERENCE, Tick, judge, number, periods, result, verdicts

DEFAULT = JudgeSettings()
BUSY: Tick = (0, 100, 1, 900)
FAILING: Tick = (9, 100, 1, 900)


@pytest.mark.parametrize(
    ("ticks", "slow", "expected"),
    [
        pytest.param(
            [(0, 100, 1, 900), (0, 100, 1, 900), (1, 100, 0, 900), (0, 250, 1, 750), (0, 250, 1, 750)],
            [(0, 2), (1, 1), (0, 2), (0, 1), (1, 2)],
            [-0.422464, -0.431109, -0.402409, -0.541075, -0.610471],
            id="combo-01-healthy",
        ),
        pytest.param(
            [(4, 100, 1, 900), (6, 100, 0, 900), (5, 100, 1, 900)],
            [(0, 2)] * 3,
            [2.461598, 12.852585, 19.616037],
            id="combo-02-errors-5pct",
        ),
    ],
)
def test_the_combined_e_value_agrees_with_the_worked_examples(
    ticks: list[Tick], slow: list[tuple[int, int]], expected: list[float]
) -> None:
    evidence, seen = Evidence(), []
    for index, tick in enumerate(ticks):
        windows = periods(tick, slow=slow[index : index + 1], skip=index)
        judgement = judge_counts(replace(REFERENCE, alpha=1e-12), evidence, windows)
        evidence = judgement.evidence
        seen.append(math.log(number(judgement, "errors", "e_value")))
    assert seen == pytest.approx(expected, abs=1e-6)


def test_the_worked_example_of_a_faulty_release_holds_and_then_rolls_back() -> None:
    ticks: Sequence[Tick] = [(4, 100, 1, 900), (6, 100, 0, 900), (5, 100, 1, 900)]
    seen = [verdict_of(judge(REFERENCE, *ticks[: count + 1]).results) for count in range(3)]
    assert seen == [Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.FAIL]


def test_a_healthy_canary_passes_and_the_reason_shows_its_counts() -> None:
    judgement = judge(DEFAULT, BUSY, BUSY, BUSY)
    assert verdicts(judgement) == {"errors": Verdict.PASS, "slow": Verdict.PASS}
    assert result(judgement, "errors").reason == (
        "of the canary's requests 0 of 300 (0 %) failed, of stable's 3 of 2,700 (0.111 %); the limit is 1 %"
    )


def test_a_failing_canary_fails_with_counts_probability_and_what_decided() -> None:
    judgement = judge(DEFAULT, FAILING, FAILING)
    told = result(judgement, "errors")
    assert told.verdict is Verdict.FAIL
    assert told.reason.startswith("of the canary's requests 9 of 100 (9 %) failed, of stable's 1 of 900 (0.111 %)")
    assert "decided by the comparison with stable" in told.reason
    assert "a healthy one ever looks so bad with a probability below" in told.reason
    assert dict(told.numbers)["p_value"] <= DEFAULT.alpha


def test_slow_requests_alone_fail_a_release() -> None:
    windows = periods(BUSY, BUSY, BUSY, slow=[(8, 3)] * 3)
    assert verdicts(judge_counts(DEFAULT, Evidence(), windows)) == {"errors": Verdict.PASS, "slow": Verdict.FAIL}


def test_a_failure_is_latched_whatever_comes_after_it() -> None:
    failed = judge(DEFAULT, FAILING, FAILING)
    later = judge_counts(DEFAULT, failed.evidence, periods(*[(0, 1000, 90, 900)] * 40))
    assert result(later, "errors") == result(failed, "errors")


def test_a_failure_stays_when_the_period_that_showed_it_is_revised() -> None:
    failed = judge(DEFAULT, BUSY, FAILING, FAILING)
    revised = judge_counts(DEFAULT, failed.evidence, periods(BUSY, BUSY, BUSY))
    assert result(revised, "errors") == result(failed, "errors")


def test_suspicion_holds_before_it_fails() -> None:
    judgement = judge(REFERENCE, (4, 100, 1, 900))
    assert result(judgement, "errors").verdict is Verdict.INCONCLUSIVE
    assert "suspicious: e-value 11.7, 100 fails the release" in result(judgement, "errors").reason
    assert result(judgement, "slow").verdict is Verdict.PASS


def test_an_outage_of_both_versions_holds_and_blames_nobody() -> None:
    judgement = judge(DEFAULT, *[BUSY] * 6, *[(20, 100, 180, 900)] * 12)
    assert result(judgement, "errors").verdict is Verdict.INCONCLUSIVE
    assert "a shared incident" in result(judgement, "errors").reason
    assert judgement.incident


def test_a_canary_worse_than_stable_fails_in_the_middle_of_an_outage() -> None:
    judgement = judge(DEFAULT, *[BUSY] * 6, *[(60, 100, 180, 900)] * 3)
    assert result(judgement, "errors").verdict is Verdict.FAIL


def test_an_incident_is_over_two_minutes_after_its_last_bad_period() -> None:
    """One, until stable's last minute is clean again, and one more, so that a flickering outage is one incident."""
    outage: Tick = (20, 100, 180, 900)
    during = judge(DEFAULT, *[BUSY] * 6, outage, *[BUSY] * 11)
    after = judge(DEFAULT, *[BUSY] * 6, outage, *[BUSY] * 12)
    assert (during.incident, after.incident) == (True, False)
    assert verdict_of(after.results) is Verdict.PASS


def test_a_limit_that_both_versions_break_holds_without_blame() -> None:
    """At 90 % to the canary, before stable has had a second bad request and would be quarantined."""
    trouble: Tick = (30, 900, 1, 100)
    judgement = judge(DEFAULT, *[(0, 900, 0, 100)] * 3, trouble)
    assert result(judgement, "errors").verdict is Verdict.INCONCLUSIVE
    assert "it is not clear that it is the worse of the two" in result(judgement, "errors").reason
    blamed = judge(replace(DEFAULT, attribution=Attribution.OFF), *[(0, 900, 0, 100)] * 3, trouble)
    assert number(blamed, "errors", "e_value") > 2 * number(judgement, "errors", "e_value")


def test_what_was_not_attributed_stays_held_back_when_stable_falls_silent() -> None:
    """Story: everything had gone to the canary in the middle of a burst of errors that both versions had; a minute
    later stable's last answers were out of sight, and the canary was blamed for what had been shared."""
    shared: Tick = (40, 900, 1, 100)
    alone: Sequence[Tick] = [(0, 5, 0, 0)] * 12
    judgement = judge(DEFAULT, *[(0, 900, 0, 100)] * 3, shared, *alone)
    assert number(judgement, "errors", "e_absolute") > 1_000
    assert result(judgement, "errors").verdict is Verdict.INCONCLUSIVE


def test_a_canary_that_breaks_the_limit_once_stable_has_fallen_silent_fails() -> None:
    judgement = judge(DEFAULT, *[(0, 900, 0, 100)] * 3, *[(0, 1000, 0, 0)] * 12, *[(60, 1000, 0, 0)] * 2)
    assert result(judgement, "errors").verdict is Verdict.FAIL


def test_without_stable_traffic_the_limit_alone_decides_and_the_reason_says_so() -> None:
    judgement = judge(DEFAULT, *[(6, 100, 0, 0)] * 4)
    assert result(judgement, "errors").verdict is Verdict.FAIL
    assert "stable had too little traffic to compare with" in result(judgement, "errors").reason


@pytest.mark.parametrize(
    ("attribution", "expected"),
    [(Attribution.AUTO, Verdict.FAIL), (Attribution.OFF, Verdict.FAIL), (Attribution.ALWAYS, Verdict.INCONCLUSIVE)],
)
def test_attribution_decides_whether_a_handful_of_stable_requests_must_have_spoken(
    attribution: Attribution, expected: Verdict
) -> None:
    settings = replace(DEFAULT, attribution=attribution)
    assert verdict_of(judge(settings, *[(2, 10, 0, 1)] * 3).results) is expected


def test_periods_in_which_the_weight_changed_compare_nobody() -> None:
    """Simpson's paradox: the canary's requests fall into the bad half of the period, stable's into both."""
    windows = periods(*[(0, 10, 0, 990)] * 3, (25, 500, 1, 500), mixed=[3])
    alike = periods(*[(0, 10, 0, 990)] * 3, (25, 500, 1, 500))
    assert number(judge_counts(DEFAULT, Evidence(), windows), "errors", "e_relative") == 1
    assert number(judge_counts(DEFAULT, Evidence(), alike), "errors", "e_relative") > 100


def test_before_the_first_period_nothing_is_known() -> None:
    judgement = judge_counts(DEFAULT, Evidence(), ())
    assert verdicts(judgement) == {"data": Verdict.INCONCLUSIVE}
    assert judgement.evidence == Evidence()


def test_a_canary_without_a_request_is_no_healthy_canary() -> None:
    assert verdicts(judge(DEFAULT, (0, 0, 0, 10))) == dict.fromkeys(("errors", "slow"), Verdict.INCONCLUSIVE)


def test_what_nobody_measured_is_inconclusive() -> None:
    (window,) = periods(BUSY)
    unmeasured = replace(window, canary=Counts(requests=100, errors=0, slow=None))
    judgement = judge_counts(DEFAULT, Evidence(), [unmeasured])
    assert verdicts(judgement) == {"errors": Verdict.PASS, "slow": Verdict.INCONCLUSIVE}


def test_five_periods_of_silence_hold() -> None:
    silence: Tick = (0, 0, 0, 0)
    assert "silence" not in verdicts(judge(DEFAULT, BUSY, *[silence] * 4))
    assert verdicts(judge(DEFAULT, BUSY, *[silence] * 5))["silence"] is Verdict.INCONCLUSIVE
    assert "data" not in verdicts(judge(DEFAULT, BUSY, *[silence] * 5, BUSY))


def test_a_canary_that_no_request_reaches_in_spite_of_its_weight_is_suspect() -> None:
    lonely: Tick = (0, 0, 0, 100)
    assert "data" not in verdicts(judge(DEFAULT, BUSY, lonely, lonely, share=0.1))
    told = result(judge(DEFAULT, BUSY, lonely, lonely, share=0.11), "data")
    assert told.verdict is Verdict.INCONCLUSIVE
    assert "check the alias" in told.reason


def test_an_unknown_weight_accuses_no_routing() -> None:
    assert "data" not in verdicts(judge(DEFAULT, BUSY, *[(0, 0, 0, 10_000)] * 5))


@pytest.mark.parametrize("broken", [(5, 4, 0, 900), (0, 100, 901, 900), (-1, 100, 0, 900)])
def test_counts_that_cannot_be_true_are_an_error_and_no_evidence(broken: Tick) -> None:
    fine, judgement = judge(DEFAULT, BUSY), judge(DEFAULT, BUSY, broken)
    assert verdicts(judgement)["data"] is Verdict.ERROR
    assert number(judgement, "errors", "e_absolute") == number(fine, "errors", "e_absolute")


def test_an_error_in_the_data_ends_when_later_periods_are_sound() -> None:
    judgement = judge(DEFAULT, BUSY, (5, 4, 0, 900), BUSY, BUSY, BUSY)
    assert verdict_of(judgement.results) is Verdict.PASS


def test_periods_that_do_not_join_up_are_an_error_and_change_nothing() -> None:
    known = judge(DEFAULT, BUSY).evidence
    judgement = judge_counts(DEFAULT, known, periods(BUSY, skip=3))
    assert verdicts(judgement) == {"data": Verdict.ERROR}
    assert judgement.evidence == known


def test_two_metrics_of_one_release_share_one_alpha() -> None:
    """The same counts are half as convincing when they are one of two questions."""
    alone = JudgeSettings(specs=(MetricSpec(metric=Metric.ERRORS),), alpha=1e-9)
    both = JudgeSettings(alpha=1e-9)
    ticks: Sequence[Tick] = [(9, 100, 1, 900)] * 2
    assert number(judge(alone, *ticks), "errors", "e_value") == pytest.approx(
        2 * number(judge(both, *ticks), "errors", "e_value"), rel=0.01
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alpha": 0.0}, "alpha is 0"),
        ({"alpha": 1.0}, "alpha is 1"),
        ({"specs": ()}, "at least one of"),
        ({"specs": (MetricSpec(metric=Metric.SLOW), MetricSpec(metric=Metric.SLOW))}, "each metric once"),
        ({"tolerance": 0.5}, "tolerance is 0.5"),
        ({"floor": 0.0}, "floor is 0"),
        ({"warn": 1.0}, "warn"),
        ({"warn": 101.0}, "warn"),
        ({"attr_e": 0.5}, "attr_e"),
        ({"attr_min_stable": -1}, "attr_min_stable"),
        ({"absolute_share": 1.0}, "absolute_share is 1"),
    ],
)
def test_settings_that_break_the_error_bound_are_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        replace(DEFAULT, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AlarmState.OK, Verdict.PASS),
        (AlarmState.INSUFFICIENT_DATA, Verdict.PASS),
        (AlarmState.ALARM, Verdict.FAIL),
        (AlarmState.MISSING, Verdict.ERROR),
    ],
)
def test_an_alarm_is_a_brake_of_its_own(state: AlarmState, expected: Verdict) -> None:
    (told,) = judge_alarms([AlarmReading(name="p99", state=state)])
    assert (told.name, told.verdict) == ("alarm p99", expected)


def test_an_alarm_says_since_when_and_why_in_cloudwatchs_words() -> None:
    reading = AlarmReading(
        name="p99", state=AlarmState.ALARM, since=NOON + timedelta(minutes=2), reason="Threshold Crossed"
    )
    assert judge_alarms([reading])[0].reason == "is in ALARM since 12:02:00 UTC (Threshold Crossed)"


def test_an_alarm_that_never_had_data_is_not_passed_in_silence() -> None:
    reading = AlarmReading(name="p99", state=AlarmState.INSUFFICIENT_DATA, had_data=False)
    assert "has never had data" in judge_alarms([reading])[0].reason


@pytest.mark.parametrize(("seen", "expected"), [(298, Verdict.INCONCLUSIVE), (299, Verdict.PASS)])
def test_a_pass_needs_the_requests_that_can_show_it(seen: int, expected: Verdict) -> None:
    assert judge_traffic(seen=seen, needed=299).verdict is expected


def test_the_worst_answer_is_the_verdict_and_no_answer_is_none() -> None:
    answers = [MetricResult(name=v.value, verdict=v, reason="") for v in (Verdict.PASS, Verdict.ERROR)]
    assert verdict_of(answers) is Verdict.ERROR
    assert verdict_of(()) is Verdict.INCONCLUSIVE


def test_a_period_that_came_in_part_only_holds_until_it_is_settled() -> None:
    whole = periods(*[(0, 100, 0, 900)] * 5)
    partial = (replace(whole[0], partial=True), *whole[1:])

    first = judge_counts(JudgeSettings(), Evidence(), partial[:1])
    last = judge_counts(JudgeSettings(), first.evidence, partial)

    assert "came in part only" in result(first, "data").reason
    assert (verdicts(first)["data"], "data" in verdicts(last)) == (Verdict.INCONCLUSIVE, False)
