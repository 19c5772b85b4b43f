"""What every AlarmSource does, the fake and the adapter alike (T3)."""

import pytest

from canary.core.model import AlarmState, AliasName, FunctionName, Metric, MetricSpec, Target, Version
from canary.ports import AlarmSource

TARGET = Target(function=FunctionName("guarded"), alias=AliasName("live"), stable=Version("1"), canary=Version("2"))
SPECS = (MetricSpec(metric=Metric.ERRORS), MetricSpec(metric=Metric.SLOW))


def test_an_alarm_that_does_not_exist_is_told_as_missing(alarms: AlarmSource) -> None:
    (reading,) = alarms.read_alarms(["no-such-alarm"])

    assert reading.state is AlarmState.MISSING


def test_guards_exist_after_they_were_put_and_not_after_they_were_removed(alarms: AlarmSource) -> None:
    names = alarms.put_guards(TARGET, SPECS)
    assert AlarmState.MISSING not in {reading.state for reading in alarms.read_alarms(names)}

    alarms.remove_guards(names)

    assert {reading.state for reading in alarms.read_alarms(names)} == {AlarmState.MISSING}


def test_putting_guards_twice_gives_the_same_names(alarms: AlarmSource) -> None:
    assert alarms.put_guards(TARGET, SPECS) == alarms.put_guards(TARGET, SPECS)
    alarms.remove_guards(alarms.put_guards(TARGET, SPECS))


def test_readings_stand_in_the_order_of_the_names(alarms: AlarmSource) -> None:
    names = alarms.put_guards(TARGET, SPECS)
    asked = [*reversed(names), "no-such-alarm"]

    assert [reading.name for reading in alarms.read_alarms(asked)] == asked
    alarms.remove_guards(names)


def test_removing_what_is_gone_is_no_concern(alarms: AlarmSource) -> None:
    alarms.remove_guards(["no-such-alarm"])


@pytest.mark.parametrize(
    ("metrics", "watched"),
    [
        ((Metric.ERRORS, Metric.SLOW), {"errors", "faults", "p99", "throttles"}),
        ((Metric.SLOW,), {"p99", "throttles"}),
    ],
)
def test_every_metric_has_its_guards_and_throttling_has_one_always(
    alarms: AlarmSource, metrics: tuple[Metric, ...], watched: set[str]
) -> None:
    names = alarms.put_guards(TARGET, [MetricSpec(metric=metric) for metric in metrics])

    assert {name.removeprefix("bg-guard-guarded-live-v2-") for name in names} == watched
    alarms.remove_guards(names)
