"""Bad input changes nothing and says what to do: everything that is checked before a rollout opens (T2, T3)."""

from dataclasses import replace

import pytest

from canary.core.errors import CanaryError, ConfigError, RolloutConflict
from canary.core.judge import JudgeSettings
from canary.core.ledger import EntryKind
from canary.core.leg import MetricPath
from canary.core.model import AlarmState, AliasName, AliasRouting, FunctionName, RolloutId, Version, Weight
from canary.core.plan import strategy_named
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.opening import open_rollout, plan_rollout, unseen_faults
from tests.fakes import Simulation, simulated_world


@pytest.fixture
def simulation() -> Simulation:
    simulation = simulated_world()
    simulation.router.add("pay", "1", "2", "3", live="1", preview="1")
    return simulation


def asked(
    *, candidate: str | None = None, function: str = "pay", alias: str = "live", preview: str | None = None
) -> ReleaseRequest:
    target = TargetRequest(
        function=FunctionName(function),
        alias=AliasName(alias),
        preview_alias=AliasName(preview) if preview else None,
        candidate=Version(candidate) if candidate else None,
    )
    return ReleaseRequest(targets=(target,), strategy=strategy_named("AllAtOnce"), judge=JudgeSettings(), by="amy")


def planned(simulation: Simulation, request: ReleaseRequest) -> Rollout:
    world = simulation.world
    return plan_rollout(request, world.router, world.metrics, world.clock, RolloutId("r-1"))


def opened(simulation: Simulation, request: ReleaseRequest) -> Rollout:
    return open_rollout(planned(simulation, request), request, simulation.alarms, simulation.store)


def test_the_newest_published_version_is_the_candidate_unless_one_is_named(simulation: Simulation) -> None:
    assert planned(simulation, asked()).legs[0].target.canary == "3"
    assert planned(simulation, asked(candidate="2")).legs[0].target.canary == "2"


def test_planning_changes_nothing(simulation: Simulation) -> None:
    planned(simulation, asked())

    assert (simulation.store.states, simulation.alarms.readings, simulation.router.writes) == ({}, {}, [])


def test_a_function_that_emits_its_own_metrics_is_judged_by_them_first(simulation: Simulation) -> None:
    emitting = planned(simulation, asked())
    simulation.fleet.emits_own_metrics = False
    silent = planned(simulation, asked())

    assert [path.path for path in emitting.legs[0].paths] == [MetricPath.EMF, MetricPath.LAMBDA]
    assert [path.path for path in silent.legs[0].paths] == [MetricPath.LAMBDA]


def test_what_nothing_would_see_is_said_where_only_lambda_reports(simulation: Simulation) -> None:
    """A version that answered 500 from a caught exception was promoted without a word: no metric of Lambda's saw it."""
    seen = planned(simulation, asked())
    simulation.fleet.emits_own_metrics = False
    unseen = planned(simulation, asked())

    assert unseen_faults(seen) is None
    assert unseen_faults(unseen) == (
        "pay:live: judged by what Lambda itself counts (errors, timeouts, durations); an HTTP 500 that the code "
        "catches is seen by nothing; to have it judged, emit Requests and Faults (docs/judging.md, section 1) or name "
        "an alarm that sees it (--alarm)"
    )
    assert "is seen only by alarm api-5xx, if at all;" in str(unseen_faults(replace(unseen, alarms=("api-5xx",))))


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked(function="nobody"), "there is no alias nobody:live; check the name, or deploy the stack first"),
        (asked(alias="dev"), "there is no alias pay:dev"),
        (asked(candidate="9"), "pay has no published version 9; list them: aws lambda list-versions-by-function"),
        (asked(candidate="$LATEST"), r"pay has no published version \$LATEST"),
        (asked(candidate="1"), "alias pay:live serves version 1 already"),
        (asked(preview="nowhere"), "alias pay:nowhere does not exist; create it"),
    ],
)
def test_what_is_not_there_is_said_before_anything_changes(
    simulation: Simulation, request_: ReleaseRequest, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        opened(simulation, request_)

    assert (simulation.store.states, simulation.alarms.readings, simulation.router.writes) == ({}, {}, [])


def test_an_alias_at_the_newest_version_asks_for_a_publication(simulation: Simulation) -> None:
    simulation.router.overwrite("pay", "live", AliasRouting(stable=Version("3")))

    with pytest.raises(ConfigError, match=r"serves the newest version \(3\) already; publish one"):
        planned(simulation, asked())


def test_an_alias_that_is_split_already_is_not_taken_over(simulation: Simulation) -> None:
    split = AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(10))
    simulation.router.overwrite("pay", "live", split)

    with pytest.raises(RolloutConflict, match="alias pay:live is split already"):
        planned(simulation, asked())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "Failed"}, "version 3 of pay is Failed, not Active"),
        ({"role": "other"}, "have different execution roles"),
        ({"dead_letter": "queue"}, "have different dead-letter queues"),
    ],
)
def test_versions_that_lambda_would_not_split_are_refused(
    simulation: Simulation, change: dict[str, str], why: str
) -> None:
    simulation.router.versions["pay", "3"] = replace(simulation.router.versions["pay", "3"], **change)  # type: ignore[arg-type]

    with pytest.raises(ConfigError, match=why):
        planned(simulation, asked())


def test_a_version_that_is_still_pending_is_waited_for(simulation: Simulation) -> None:
    active = simulation.router.versions["pay", "3"]
    simulation.router.versions["pay", "3"] = replace(active, state="Pending")
    ready_at = simulation.clock.now().replace(minute=2)
    simulation.clock.on_second.append(
        lambda at: simulation.router.versions.update({("pay", "3"): active}) if at >= ready_at else None
    )

    assert planned(simulation, asked()).opened_at == ready_at


def test_a_second_release_of_an_alias_is_refused_with_the_name_of_the_first(simulation: Simulation) -> None:
    opened(simulation, asked())

    with pytest.raises(RolloutConflict, match=r"alias pay:live is taken by rollout r-1; watch it \(canary watch r-1\)"):
        opened(simulation, asked(candidate="2"))


@pytest.mark.parametrize(
    ("state", "why"), [(AlarmState.ALARM, "is already in ALARM"), (AlarmState.MISSING, "does not exist")]
)
def test_a_guarding_alarm_that_cannot_guard_is_said_and_not_ignored(
    simulation: Simulation, state: AlarmState, why: str
) -> None:
    if state is not AlarmState.MISSING:
        simulation.alarms.set("api-5xx", state)

    with pytest.raises(CanaryError, match=f"alarm api-5xx {why}; mend that first, or go on without it: --fix-forward"):
        opened(simulation, replace(asked(), alarms=("api-5xx",)))

    assert simulation.store.states == {}


def test_fix_forward_goes_on_without_the_unfit_alarm_and_keeps_the_reason(simulation: Simulation) -> None:
    simulation.alarms.set("api-5xx", AlarmState.ALARM)
    simulation.alarms.set("api-p99", AlarmState.OK)

    rollout = opened(simulation, replace(asked(), alarms=("api-5xx", "api-p99"), fix_forward="the fix for the outage"))

    (entry,) = simulation.store.entries[rollout.id]
    assert rollout.alarms == ("api-p99",)
    assert entry.kind is EntryKind.OPENED
    assert "fix forward: the fix for the outage; without api-5xx" in entry.reason


def test_of_many_functions_those_without_anything_new_are_left_out(simulation: Simulation) -> None:
    simulation.router.add("ship", "4", live="4")
    targets = tuple(TargetRequest(function=FunctionName(name), alias=AliasName("live")) for name in ("ship", "pay"))

    rollout = planned(simulation, replace(asked(), targets=targets))

    assert [leg.target.function for leg in rollout.legs] == ["pay"]
