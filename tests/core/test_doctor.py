"""What a check-up finds, why it matters and what mends it (issue 4, coexistence)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from canary.core.doctor import examine, is_clean
from canary.core.facts import (
    AlarmFacts,
    Facts,
    FunctionFacts,
    MetricRead,
    OpenRollout,
    Right,
    Unread,
    VersionSnapshot,
    Way,
    WayKind,
)
from canary.core.findings import Finding, Severity
from canary.core.hooks import Hook, HookStage
from canary.core.model import (
    AlarmReading,
    AlarmState,
    AliasName,
    AliasRouting,
    FunctionName,
    Phase,
    RevisionId,
    Version,
    Weight,
)
from tests.fakes import START
from tests.rollouts import a_rollout

SETTINGS = (("MemorySize", "a1"), ("Environment", "b2"))
NEWEST = VersionSnapshot(version="2", code="sha-2", settings=SETTINGS)
LATEST = replace(NEWEST, version="$LATEST")
WHOLE = AliasRouting(stable=Version("1"), revision=RevisionId("r"))
SPLIT = replace(WHOLE, canary=Version("2"), weight=Weight.percent(10))
PHANTOM = replace(WHOLE, canary=Version("2"))
OF_VERSION = (("FunctionName", "pay"), ("Resource", "pay:live"), ("ExecutedVersion", "2"))


def a_function(**changes: object) -> FunctionFacts:
    healthy = FunctionFacts(
        function=FunctionName("pay"), alias=AliasName("live"), routing=WHOLE, latest=LATEST, newest=NEWEST
    )
    return replace(healthy, **changes)  # type: ignore[arg-type]


def a_way(kind: WayKind, qualifier: str | None) -> Way:
    return Way(kind=kind, name="it", qualifier=qualifier, mend="aws lambda mend --qualifier {alias}")


def an_alarm(name: str, *reads: MetricRead, state: AlarmState = AlarmState.OK) -> AlarmFacts:
    return AlarmFacts(reading=AlarmReading(name=name, state=state), metrics=reads)


def read(*dimensions: tuple[str, str], namespace: str = "AWS/Lambda") -> MetricRead:
    return MetricRead(namespace=namespace, metric="Errors", dimensions=dimensions)


def found(*functions: FunctionFacts, **facts: object) -> list[str]:
    return [finding.rule for finding in examined(*functions, **facts)]


def examined(*functions: FunctionFacts, **facts: object) -> tuple[Finding, ...]:
    return examine(Facts(read_at=START, functions=functions or (a_function(),), **facts), where="--env dev")  # type: ignore[arg-type]


def held(**changes: object) -> OpenRollout:
    rollout = replace(a_rollout(), **{"phase": Phase.PROGRESSING, "guards": ("bg-guard-1",)} | changes)  # type: ignore[arg-type]
    return OpenRollout(rollout=rollout, last_sign=START)


GUARD = an_alarm("bg-guard-1", read(*OF_VERSION))


def test_a_healthy_function_has_no_findings() -> None:
    assert is_clean(examined())
    assert found() == []


def test_a_finding_says_what_why_and_what_to_type() -> None:
    (finding,) = examined(a_function(routing=SPLIT))

    assert finding == Finding(
        rule="alias-split",
        severity=Severity.ERROR,
        object="pay:live",
        what="it serves version 1 90 % + version 2 10 %, and no rollout is open",
        why="two versions answer, nobody judges them, and the next release is refused",
        command="canary adopt pay:live --to stable --env dev",
    )


def test_an_entry_without_weight_is_a_phantom() -> None:
    (finding,) = examined(a_function(routing=PHANTOM))

    assert (finding.rule, finding.severity) == ("phantom-weight", Severity.WARNING)
    assert finding.what == "version 2 stands in its routing with weight 0, and no rollout is open"


@pytest.mark.parametrize("routing", [SPLIT, PHANTOM])
def test_a_split_that_a_rollout_holds_is_no_finding(routing: AliasRouting) -> None:
    assert found(a_function(routing=routing), rollouts=(held(),), guards=(GUARD,)) == []


def test_an_alias_that_is_not_there_is_found() -> None:
    assert found(a_function(routing=None)) == ["alias-missing"]


@pytest.mark.parametrize(
    ("kind", "rule", "severity"),
    [
        (WayKind.EVENT_SOURCE, "bypass-event-source", Severity.ERROR),
        (WayKind.API, "bypass-api-integration", Severity.ERROR),
        (WayKind.PERMISSION, "bypass-permission", Severity.WARNING),
    ],
)
@pytest.mark.parametrize("qualifier", [None, "7", "$LATEST"])
def test_a_way_past_the_alias_is_found(kind: WayKind, rule: str, severity: Severity, qualifier: str | None) -> None:
    (finding,) = examined(a_function(ways=(a_way(kind, qualifier),)))

    assert (finding.rule, finding.severity) == (rule, severity)
    assert finding.command == "aws lambda mend --qualifier live"


@pytest.mark.parametrize("alias", ["live", "preview"])
def test_a_way_through_an_alias_is_no_finding(alias: str) -> None:
    assert found(a_function(ways=tuple(a_way(kind, alias) for kind in WayKind))) == []


@pytest.mark.parametrize(
    ("latest", "differs"),
    [
        (replace(LATEST, code="sha-3"), "code"),
        (replace(LATEST, settings=(("MemorySize", "a1"), ("Environment", "b3"))), "Environment"),
        (replace(LATEST, code="sha-3", settings=(("MemorySize", "a2"), ("Environment", "b2"))), "code, MemorySize"),
    ],
)
def test_a_change_that_was_not_published_is_found_by_name(latest: VersionSnapshot, differs: str) -> None:
    (finding,) = examined(a_function(latest=latest))

    assert finding.what == f"$LATEST differs from version 2 in {differs}"
    assert finding.command == "aws lambda publish-version --function-name pay"


def test_a_function_that_was_never_published_is_found() -> None:
    (finding,) = examined(a_function(newest=None))

    assert finding.what == "$LATEST differs from any version in everything: nothing was ever published"


def test_a_function_without_metrics_of_its_own_is_found() -> None:
    assert found(a_function(reports_itself=False)) == ["no-own-metrics"]


def test_a_function_that_nobody_calls_is_noted_and_its_metrics_are_not_missed() -> None:
    findings = examined(a_function(is_called=False, reports_itself=False))

    assert [(finding.rule, finding.severity) for finding in findings] == [("not-called", Severity.NOTE)]
    assert is_clean(findings)


def test_capacity_on_the_alias_is_found() -> None:
    (finding,) = examined(a_function(provisioned=(("live", 5),)))

    assert (finding.rule, finding.severity, finding.object) == ("provisioned-alias", Severity.ERROR, "pay:live")


def test_capacity_of_a_version_that_serves_nobody_is_found() -> None:
    (finding,) = examined(a_function(provisioned=(("1", 5), ("2", 3))))

    assert (finding.rule, finding.object) == ("provisioned-idle", "pay:2")
    assert finding.command == "aws lambda delete-provisioned-concurrency-config --function-name pay --qualifier 2"


def test_capacity_of_a_candidate_on_its_way_is_no_finding() -> None:
    assert found(a_function(provisioned=(("2", 3),)), rollouts=(held(),), guards=(GUARD,)) == []


@pytest.mark.parametrize(
    ("phase", "silent", "rules"),
    [
        (Phase.PROGRESSING, timedelta(minutes=2), []),
        (Phase.PROGRESSING, timedelta(minutes=2, seconds=1), ["unattended"]),
        (Phase.GATING, timedelta(minutes=17), []),
        (Phase.GATING, timedelta(minutes=17, seconds=1), ["unattended"]),
    ],
)
def test_an_open_rollout_that_nobody_ticks_is_found(phase: Phase, silent: timedelta, rules: list[str]) -> None:
    gate = Hook(name="gate", stage=HookStage.BEFORE_TRAFFIC, run="true", deadline=timedelta(minutes=15))
    rollout = replace(held(phase=phase, hooks=(gate,)), last_sign=START - silent)

    assert found(rollouts=(rollout,), guards=(GUARD,)) == rules


def test_a_rollout_that_nobody_ticks_is_mended_by_watching_it() -> None:
    (finding,) = examined(rollouts=(replace(held(), last_sign=START - timedelta(hours=1)),), guards=(GUARD,))

    assert finding.what == "progressing at 0 %; nobody has looked at it for 60 min"
    assert finding.command == "canary watch r-1 --env dev"


def test_guards_that_are_missing_or_left_over_are_found() -> None:
    assert found(rollouts=(held(),), guards=()) == ["guard-missing"]
    assert found(guards=(GUARD,)) == ["guard-left"]


@pytest.mark.parametrize(
    ("watched", "trouble"),
    [
        (read(*OF_VERSION[:2]), "its dimensions are FunctionName, Resource, wanted FunctionName, Resource, Executed"),
        (read(), "its dimensions are none, wanted"),
        (read(("FunctionName", "pay"), ("Resource", "live"), OF_VERSION[2]), "Resource is 'live', wanted 'pay:ALIAS'"),
    ],
)
def test_a_guard_that_watches_nothing_is_found(watched: MetricRead, trouble: str) -> None:
    guard = an_alarm("bg-guard-1", read(*OF_VERSION), watched)

    (finding,) = examined(rollouts=(held(),), guards=(guard,))

    assert finding.rule == "alarm-dimensions"
    assert trouble in finding.what


@pytest.mark.parametrize(
    ("watched", "trouble"),
    [
        (read(("FunctionName", "pay"), ("ExecutedVersion", "2")), "ExecutedVersion stands without Resource"),
        (read(("FunctionName", "pay:live")), "FunctionName is 'pay:live', wanted the plain name"),
        (read(("FunctionName", "pay"), ("Resource", "arn:aws:lambda:x:1:function:pay:live")), "Resource is 'arn:"),
        (read(("FunctionName", "pay"), ("Alias", "live")), "Alias is no dimension of a function"),
        (read(("FunctionName", "pay"), namespace="BlueGreen"), "its dimensions are FunctionName, wanted"),
    ],
)
def test_an_alarm_of_the_stack_that_watches_nothing_is_found(watched: MetricRead, trouble: str) -> None:
    """The sample version alarm of SAM sat in INSUFFICIENT_DATA for ever (serverless-application-model#518)."""
    (finding,) = examined(alarms=(an_alarm("errors", watched),))

    assert finding.rule == "alarm-dimensions"
    assert trouble in finding.what


@pytest.mark.parametrize(
    "watched",
    [
        read(),
        read(("FunctionName", "pay")),
        read(("FunctionName", "pay"), ("Resource", "pay:live")),
        read(*OF_VERSION),
        read(("ApiName", "payments"), namespace="AWS/ApiGateway"),
    ],
)
def test_dimensions_that_are_counted_by_are_no_finding(watched: MetricRead) -> None:
    assert found(alarms=(an_alarm("errors", watched),)) == []


def test_an_alarm_that_does_not_exist_is_found() -> None:
    assert found(alarms=(an_alarm("errors", state=AlarmState.MISSING),)) == ["alarm-missing"]


def test_a_missing_right_is_told_once_for_all_its_resources() -> None:
    rights = tuple(Right(action="lambda:UpdateAlias", resource=f"arn:{name}") for name in ("pay", "ship"))

    (finding,) = examined(missing_rights=rights)

    assert (finding.object, finding.what) == (
        "lambda:UpdateAlias",
        "the caller may not do this on arn:pay and 1 more",
    )


def test_what_could_not_be_looked_at_is_said_and_is_no_verdict() -> None:
    findings = examined(unread=(Unread(what="API integrations", why="denied"),))

    assert [finding.rule for finding in findings] == ["not-checked"]
    assert is_clean(findings)


def test_the_worst_comes_first() -> None:
    findings = examined(a_function(routing=SPLIT, reports_itself=False), unread=(Unread(what="alarms", why="denied"),))

    assert [finding.severity for finding in findings] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]


def test_a_finding_as_data_has_stable_keys() -> None:
    (finding,) = examined(a_function(routing=None))

    assert list(finding.as_plain()) == ["rule", "severity", "object", "what", "why", "command"]
