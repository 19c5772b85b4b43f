"""When the evaluator looks at which alarm. Time is given; ministack's stores are the real ones of this process."""

from collections.abc import Iterator

import pytest

from localcloud.observe import emulator
from localcloud.observe.alarms.book import describe_alarms, put_metric_alarm, set_alarm_state
from localcloud.observe.alarms.clock import GRACE_SECONDS, AlarmClock
from localcloud.observe.metrics import current_store
from localcloud.observe.store import metric_id
from tests.localcloud.observe.builders import rule, stored_alarm

MINUTE = 1_569_931_260.0
ERRORS = metric_id("Own", "Errors")


class Stage:
    """A clock under the test's control, in an account of its own."""

    def __init__(self, speed: float = 1) -> None:
        self.now = MINUTE
        self.minutes: list[float] = []
        self.clock = AlarmClock(speed, self.minutes.append, lambda: self.now)

    def at(self, seconds: float) -> str:
        """The state of the alarm after a look at `seconds` past the minute."""
        self.now = MINUTE + seconds
        self.clock.tick()
        return state()


def state() -> str:
    (alarm,) = describe_alarms({})["MetricAlarms"]
    return str(alarm["StateValue"])


def put_alarm(**changes: object) -> None:
    put_metric_alarm(stored_alarm(Namespace="Own", Dimensions=[], EvaluationPeriods=1, **changes))


@pytest.fixture(autouse=True)
def own_account() -> Iterator[None]:
    with emulator.request_scope("210987654321", "us-east-1"):
        yield
        emulator.METRIC_ALARMS.clear()
        current_store().clear()


def test_a_new_alarm_is_looked_at_once_and_then_at_the_end_of_each_minute() -> None:
    stage = Stage()
    put_alarm(TreatMissingData="ignore")
    current_store().record(ERRORS, 9, at=MINUTE - 30)
    assert stage.at(20) == "ALARM"
    set_alarm_state({"AlarmName": "errors", "StateValue": "OK", "StateReason": "by hand"})
    assert [stage.at(seconds) for seconds in (30, 59, 60 + GRACE_SECONDS / 2)] == ["OK"] * 3
    assert stage.at(60 + GRACE_SECONDS) == "ALARM"


def test_an_overwritten_alarm_is_looked_at_again_at_once() -> None:
    stage = Stage()
    put_alarm()
    current_store().record(ERRORS, 9, at=MINUTE - 30)
    assert stage.at(20) == "ALARM"
    put_alarm(Threshold=10)
    assert stage.at(21) == "OK"


def test_a_high_resolution_alarm_is_looked_at_every_ten_seconds() -> None:
    stage = Stage()
    put_alarm(Period=10)
    assert stage.at(5) == "INSUFFICIENT_DATA"
    current_store().record(ERRORS, 9, at=MINUTE + 7, high_resolution=True)
    assert [stage.at(seconds) for seconds in (9, 10, 10 + GRACE_SECONDS)] == ["INSUFFICIENT_DATA"] * 2 + ["ALARM"]


def test_compressed_time_looks_six_times_as_often() -> None:
    stage = Stage(speed=6)
    put_alarm()
    assert stage.at(1) == "INSUFFICIENT_DATA"
    current_store().record(ERRORS, 9, at=MINUTE + 3)
    assert [stage.at(seconds) for seconds in (9, 10 + GRACE_SECONDS)] == ["INSUFFICIENT_DATA", "ALARM"]


def test_each_minute_is_announced_once() -> None:
    stage = Stage()
    put_alarm()
    for seconds in (1, 30, 61, 62, 130):
        stage.at(seconds)
    assert stage.minutes == [MINUTE + seconds - GRACE_SECONDS for seconds in (1, 61, 130)]


def test_a_failing_evaluation_shows_on_its_alarm_and_spares_the_others() -> None:
    stage = Stage()
    put_alarm()
    emulator.METRIC_ALARMS["broken"] = {"AlarmName": "broken", "StateValue": "OK"}
    stage.clock.tick()
    found = {alarm["AlarmName"]: alarm.get("EvaluationState") for alarm in describe_alarms({})["MetricAlarms"]}
    assert found == {"broken": "EVALUATION_FAILURE", "errors": None}


def test_the_thread_ends_when_told() -> None:
    stage = Stage()
    stage.clock.start()
    stage.clock.wake()
    stage.clock.stop()


def test_the_step_of_an_alarm_follows_its_period() -> None:
    assert [rule(Period=period).step for period in (10, 20, 30, 60, 300)] == [10, 10, 10, 60, 60]
