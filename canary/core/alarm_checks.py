"""facts -> findings about alarms: those that are missing, left behind, or watch what nobody counts. Pure."""

from collections.abc import Iterator
from typing import Final

from canary import schema
from canary.core.facts import AlarmFacts, Facts, MetricRead
from canary.core.findings import Finding, Severity
from canary.core.model import AlarmState
from canary.core.rollout import Rollout

_OF_VERSION: Final = frozenset(schema.METRIC_DIMENSIONS)
_COUNTED_BY_VERSION: Final = ("Invocations", "Errors", "Duration", schema.REQUESTS, schema.FAULTS)
"""What a guard must watch of one version; a throttled call has none."""


def check_alarms(facts: Facts) -> Iterator[Finding]:
    """Alarms that guard every release and cannot."""
    for alarm in facts.alarms:
        if alarm.reading.state is AlarmState.MISSING:
            yield Finding(
                rule="alarm-missing",
                severity=Severity.ERROR,
                object=alarm.name,
                what="an alarm that guards every release does not exist",
                why="an alarm that is not there never fires, and a release is refused",
                command="deploy the stack anew, or take the alarm out of what it publishes",
            )
        else:
            yield from _misdirected(alarm)


def check_guards(facts: Facts) -> Iterator[Finding]:
    """Guards that an open rollout misses, and guards that no open rollout owns."""
    present = {guard.name for guard in facts.guards}
    wanted = {name: held.rollout for held in facts.rollouts for name in held.rollout.guards}
    for name in sorted(wanted.keys() - present):
        yield _lost_guard(name, wanted[name])
    for guard in facts.guards:
        if guard.name in wanted:
            yield from _misdirected(guard, of_version=True)
        else:
            yield Finding(
                rule="guard-left",
                severity=Severity.WARNING,
                object=guard.name,
                what="a guard alarm without a rollout was left behind",
                why="it costs money, and wakes the controller for nothing",
                command=f"aws cloudwatch delete-alarms --alarm-names {guard.name}",
            )


def _lost_guard(name: str, rollout: Rollout) -> Finding:
    return Finding(
        rule="guard-missing",
        severity=Severity.ERROR,
        object=name,
        what=f"the guard of rollout {rollout.id} is gone",
        why="the independent brake of a release in progress is missing; only the judge is left",
        command=f'canary abort {rollout.id} --why "its guard alarm was deleted"',
    )


def _misdirected(alarm: AlarmFacts, *, of_version: bool = False) -> Iterator[Finding]:
    for read in alarm.metrics:
        if (trouble := _dimension_trouble(read, of_version=of_version)) is not None:
            yield Finding(
                rule="alarm-dimensions",
                severity=Severity.ERROR,
                object=alarm.name,
                what=f"{read.namespace} {read.metric}: {trouble}",
                why="no metric has these dimensions, so the alarm never fires and guards nothing",
                command=f"aws cloudwatch describe-alarms --alarm-names {alarm.name}",
            )
            return


def _dimension_trouble(read: MetricRead, *, of_version: bool) -> str | None:
    """Why CloudWatch holds no series with these dimensions (Lambda Developer Guide, "Types of metrics")."""
    if read.namespace not in ("AWS/Lambda", schema.METRIC_NAMESPACE):
        return None
    names = frozenset(name for name, _ in read.dimensions)
    of_version = of_version and read.metric in _COUNTED_BY_VERSION
    if (of_version or read.namespace == schema.METRIC_NAMESPACE) and names != _OF_VERSION:
        return f"its dimensions are {_listed(names)}, wanted {', '.join(schema.METRIC_DIMENSIONS)}"
    if strange := names - _OF_VERSION:
        return f"{_listed(strange)} is no dimension of a function"
    if "ExecutedVersion" in names and "Resource" not in names:
        return "ExecutedVersion stands without Resource"
    return _value_trouble(dict(read.dimensions))


def _value_trouble(dimensions: dict[str, str]) -> str | None:
    function, resource = dimensions.get("FunctionName", ""), dimensions.get("Resource")
    if ":" in function:
        return f"FunctionName is {function!r}, wanted the plain name"
    if resource is not None and not resource.startswith(f"{function}:"):
        return f"Resource is {resource!r}, wanted '{function}:ALIAS'"
    return None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
