"""What the guard alarms watch is what Lambda counts (issue 4, capacity: throttles as a guard)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canary.aws.alarms import GUARD_FLOOR, CloudWatchAlarms
from canary.core.alarm_checks import check_guards
from canary.core.facts import Facts
from canary.core.model import AliasName, FunctionName, Metric, MetricSpec, Target, Version
from localcloud.running import RunningCloud
from tests.fakes import START
from tests.localcloud.functions_under_test import Deployed, behind_alias

SPECS = (MetricSpec(metric=Metric.ERRORS), MetricSpec(metric=Metric.SLOW))


@pytest.fixture
def function(cloud: RunningCloud) -> Deployed:
    """A function with two versions, of which the first serves."""
    return behind_alias(cloud)


def guards(cloud: RunningCloud, function: Deployed) -> dict[str, Any]:
    """The guards of a release of this function, by what they watch, as CloudWatch keeps them."""
    alarms = CloudWatchAlarms(cloud.client("cloudwatch"))
    target = Target(
        function=FunctionName(function.name), alias=AliasName("live"), stable=Version("1"), canary=Version("2")
    )
    names = alarms.put_guards(target, SPECS)
    kept = cloud.client("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    alarms.remove_guards(names)
    return {alarm["AlarmName"].rsplit("-", 1)[-1]: alarm for alarm in kept}


def watched(cloud: RunningCloud, guard: Any) -> float:  # noqa: ANN401 - as CloudWatch describes it
    """The value that a guard would see of the last minutes."""
    now = datetime.now(tz=UTC)
    answer = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=guard["Metrics"], StartTime=now - timedelta(minutes=3), EndTime=now + timedelta(minutes=1)
    )
    return max((value for result in answer["MetricDataResults"] for value in result["Values"]), default=0.0)


def call(cloud: RunningCloud, function: Deployed, times: int) -> None:
    client = cloud.client("lambda")
    for _ in range(times):
        try:
            client.invoke(FunctionName=f"{function.name}:live", Payload=b"{}")
        except client.exceptions.TooManyRequestsException:
            continue


def test_a_release_is_guarded_against_errors_slowness_faults_and_throttles(
    cloud: RunningCloud, function: Deployed
) -> None:
    assert set(guards(cloud, function)) == {"errors", "p99", "faults", "throttles"}


def test_the_throttle_guard_sees_calls_that_found_no_concurrency(cloud: RunningCloud, function: Deployed) -> None:
    guard = guards(cloud, function)["throttles"]
    call(cloud, function, GUARD_FLOOR)
    assert watched(cloud, guard) == 0.0
    cloud.client("lambda").put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)

    call(cloud, function, 3 * GUARD_FLOOR)

    assert watched(cloud, guard) > guard["Threshold"]


def test_doctor_finds_nothing_wrong_with_the_dimensions_of_our_own_guards(
    cloud: RunningCloud, function: Deployed
) -> None:
    alarms = CloudWatchAlarms(cloud.client("cloudwatch"))
    target = Target(
        function=FunctionName(function.name), alias=AliasName("live"), stable=Version("1"), canary=Version("2")
    )
    names = alarms.put_guards(target, SPECS)

    facts = Facts(read_at=START, functions=(), guards=alarms.read_facts(names))

    assert {finding.rule for finding in check_guards(facts)} == {"guard-left"}
    alarms.remove_guards(names)
