"""A look around gathers every fact it may read, and says what it may not (issue 4, coexistence)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from canary.controller import Controller
from canary.core.errors import AccessDenied
from canary.core.facts import AlarmFacts, Facts, Right, VersionSnapshot, Way, WayKind
from canary.core.judge import JudgeSettings
from canary.core.model import AliasName, FunctionName, Version
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.examining import look_around
from tests.fakes import Simulation
from tests.scenarios.conftest import STEPS

PAY = FunctionName("pay")


@dataclass
class FakeSurveyor:
    """Finds one way of every kind; refuses everything where a test says so."""

    may_read: bool = True
    asked: dict[WayKind, Mapping[FunctionName, Sequence[Version]]] = field(default_factory=dict)

    def read_snapshot(self, function: FunctionName, version: Version | None) -> VersionSnapshot | None:
        self._permit(f"GetFunctionConfiguration on {function}")
        return VersionSnapshot(version=version or "$LATEST", code="sha", settings=())

    def find_ways(
        self, kind: WayKind, functions: Mapping[FunctionName, Sequence[Version]]
    ) -> Mapping[FunctionName, tuple[Way, ...]]:
        self._permit(kind)
        self.asked[kind] = functions
        return {name: (Way(kind=kind, name="it", qualifier=None, mend=""),) for name in functions}

    def read_alarms(self, names: Sequence[str]) -> tuple[AlarmFacts, ...]:
        self._permit(f"DescribeAlarms on {names}")
        return ()

    def list_guards(self) -> tuple[AlarmFacts, ...]:
        self._permit("DescribeAlarms")
        return ()

    def find_missing_rights(self, request: ReleaseRequest, store_table: str) -> tuple[Right, ...]:
        self._permit("SimulatePrincipalPolicy")
        return tuple(Right(action=f"on {store_table}", resource=target.function) for target in request.targets)

    def _permit(self, action: str) -> None:
        if not self.may_read:
            raise AccessDenied(f"the caller may not call {action}")


def look(simulation: Simulation, surveyor: FakeSurveyor) -> Facts:
    request = ReleaseRequest(
        targets=(TargetRequest(function=PAY, alias=AliasName("live")),),
        strategy=STEPS,
        judge=JudgeSettings(),
        alarms=("api-5xx",),
        by="amy",
    )
    return look_around(simulation.world, surveyor, request, "rollouts")


def test_everything_about_a_function_is_gathered(simulation: Simulation) -> None:
    surveyor = FakeSurveyor()

    facts = look(simulation, surveyor)

    (function,) = facts.functions
    assert function.routing == simulation.router.aliases["pay", "live"]
    assert [way.kind for way in function.ways] == list(WayKind)
    assert (function.latest, function.newest) == (
        VersionSnapshot(version="$LATEST", code="sha", settings=()),
        VersionSnapshot(version="2", code="sha", settings=()),
    )
    assert surveyor.asked[WayKind.PERMISSION] == {PAY: ("1", "2")}
    assert facts.missing_rights == (Right(action="on rollouts", resource="pay"),)
    assert facts.unread == ()


def test_what_may_not_be_read_is_said_and_hides_nothing_else(simulation: Simulation) -> None:
    facts = look(simulation, FakeSurveyor(may_read=False))

    assert [unread.what for unread in facts.unread] == [
        *(f"{kind}s" for kind in WayKind),
        "the settings of pay",
        "the settings of pay",
        "alarms",
        "guard alarms",
        "the caller's rights",
    ]
    assert facts.functions[0].routing is not None


def test_an_open_rollout_gives_its_last_sign_by_ledger_or_lease(
    simulation: Simulation, opened: Callable[..., Rollout]
) -> None:
    simulation.router.add("ship", "1", "2", live="1")
    rollout = opened("ship")
    assert look(simulation, FakeSurveyor()).rollouts[0].last_sign == rollout.opened_at
    simulation.clock.sleep(timedelta(seconds=30))

    Controller(simulation.world, "test").tick(rollout.id)

    facts = look(simulation, FakeSurveyor())
    assert facts.rollouts[0].last_sign == simulation.clock.now() + timedelta(seconds=30)
    assert [function.resource for function in facts.functions] == ["pay:live", "ship:live"]
