"""facts -> findings: what stands in the way of a safe release, why it matters, and the command that mends it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Final

from canary import schema
from canary.core.alarm_checks import check_alarms, check_guards
from canary.core.facts import Facts, FunctionFacts, OpenRollout, WayKind
from canary.core.findings import Finding, Severity
from canary.core.hooks import HookStage
from canary.core.model import Phase

SILENT_TICKS: Final = 12
"""Ticks without a sign of life after which nobody is taken to move a rollout (a lease lasts three)."""


def examine(facts: Facts, *, where: str = "") -> tuple[Finding, ...]:
    """Every finding, the worst first; nothing where all is well.

    `where` are the options with which our own commands find what was examined, such as ``--env dev``.
    """
    severities = tuple(Severity)
    found = (_typed(finding, where) for finding in chain.from_iterable(rule(facts) for rule in _RULES))
    return tuple(sorted(found, key=lambda finding: (severities.index(finding.severity), finding.object)))


def is_clean(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing must be mended; notes do not count."""
    return all(finding.severity is Severity.NOTE for finding in findings)


def _typed(finding: Finding, where: str) -> Finding:
    is_ours = finding.command.startswith("canary ")
    return replace(finding, command=f"{finding.command} {where}".rstrip()) if is_ours else finding


# --- aliases ---------------------------------------------------------------------------------------------------------


def _aliases(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions:
        if function.routing is None:
            yield Finding(
                rule="alias-missing",
                severity=Severity.ERROR,
                object=function.resource,
                what="the alias does not exist",
                why="a release shifts the weights of an alias",
                command=f"aws lambda create-alias --function-name {function.function} --name {function.alias} "
                "--function-version VERSION",
            )
        elif function.routing.canary is not None and facts.holder_of(function.function, function.alias) is None:
            yield _left_behind(function)


def _left_behind(function: FunctionFacts) -> Finding:
    """An alias with a second version and no rollout of ours: left split, or with an entry that carries no traffic."""
    routing = function.routing
    assert routing is not None, "the caller has looked"
    takes_traffic = routing.canary in routing.shares()
    return Finding(
        rule="alias-split" if takes_traffic else "phantom-weight",
        severity=Severity.ERROR if takes_traffic else Severity.WARNING,
        object=function.resource,
        what=f"it serves {routing}, and no rollout is open"
        if takes_traffic
        else f"version {routing.canary} stands in its routing with weight 0, and no rollout is open",
        why="two versions answer, nobody judges them, and the next release is refused"
        if takes_traffic
        else "Lambda checks both versions at every change of the alias, and pruning cannot delete the second",
        command=f"canary adopt {function.resource} --to stable",
    )


# --- what goes past the alias ----------------------------------------------------------------------------------------

_BYPASSED: Final = {
    WayKind.EVENT_SOURCE: (Severity.ERROR, "its events never see the candidate, and no rollback reaches them"),
    WayKind.API: (Severity.ERROR, "its requests never see the candidate, and no rollback reaches them"),
    WayKind.PERMISSION: (Severity.WARNING, "whoever holds it can call past the alias, unjudged"),
}


def _bypasses(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions:
        for way in function.ways:
            if way.is_bypass:
                severity, why = _BYPASSED[way.kind]
                reaches = f"version {way.qualifier}" if way.qualifier is not None else "the function itself"
                yield Finding(
                    rule=f"bypass-{way.kind.value.replace(' ', '-').lower()}",
                    severity=severity,
                    object=function.resource,
                    what=f"{way.kind} {way.name} names {reaches}, not the alias",
                    why=why,
                    command=way.mend.replace("{alias}", function.alias),
                )


# --- versions --------------------------------------------------------------------------------------------------------


def _unpublished(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions:
        if function.latest is None or not (differs := _differences(function)):
            continue
        newest = f"version {function.newest.version}" if function.newest is not None else "any version"
        yield Finding(
            rule="unpublished",
            severity=Severity.WARNING,
            object=str(function.function),
            what=f"$LATEST differs from {newest} in {', '.join(differs)}",
            why="a release takes the newest published version, so that change would not be released",
            command=f"aws lambda publish-version --function-name {function.function}",
        )


def _differences(function: FunctionFacts) -> list[str]:
    latest, newest = function.latest, function.newest
    assert latest is not None, "the caller has looked"
    if newest is None:
        return ["everything: nothing was ever published"]
    code = ["code"] if latest.code != newest.code else []
    theirs = dict(newest.settings)
    return [*code, *(name for name, digest in latest.settings if theirs.get(name) != digest)]


def _metrics(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions:
        if function.routing is None:
            continue
        if not function.is_called:
            yield Finding(
                rule="not-called",
                severity=Severity.NOTE,
                object=function.resource,
                what=f"version {function.routing.stable} was not called within 15 days",
                why="without requests there is nothing to judge by, and a release waits until its deadline",
                command="python -m loadtests.run --help",
            )
        elif not function.reports_itself:
            yield Finding(
                rule="no-own-metrics",
                severity=Severity.WARNING,
                object=function.resource,
                what="it reports no metrics of its own",
                why="Lambda's one-minute metrics do not count a handled HTTP 500 as an error, and see all else later",
                command=f"emit {schema.REQUESTS}, {schema.FAULTS} and {schema.SLOW_REQUESTS} to namespace "
                f"{schema.METRIC_NAMESPACE}: handlers/shared/release_metrics.py shows how",
            )


def _provisioned(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions:
        for qualifier, count in function.provisioned:
            if not qualifier.isdigit():
                yield _on_alias(function, qualifier)
            elif not _is_used(facts, function, qualifier):
                yield Finding(
                    rule="provisioned-idle",
                    severity=Severity.WARNING,
                    object=f"{function.function}:{qualifier}",
                    what=f"{count} environments are provisioned for a version that the alias does not serve",
                    why="they cost money by the hour, and take room from the version that does serve",
                    command=_release_capacity(function, qualifier),
                )


def _on_alias(function: FunctionFacts, alias: str) -> Finding:
    return Finding(
        rule="provisioned-alias",
        severity=Severity.ERROR,
        object=f"{function.function}:{alias}",
        what="concurrency is provisioned for the alias",
        why="beside that Lambda refuses weights, so no release can shift it; provision versions instead",
        command=_release_capacity(function, alias),
    )


def _is_used(facts: Facts, function: FunctionFacts, version: str) -> bool:
    served = function.routing.shares() if function.routing is not None else {}
    return version in served or facts.holder_of(function.function, function.alias) is not None


def _release_capacity(function: FunctionFacts, qualifier: str) -> str:
    return (
        f"aws lambda delete-provisioned-concurrency-config --function-name {function.function} --qualifier {qualifier}"
    )


# --- rollouts ---------------------------------------------------------------------------------------------------------


def _unattended(facts: Facts) -> Iterator[Finding]:
    for held in facts.rollouts:
        silent = facts.read_at - held.last_sign
        if silent > _patience(held):
            yield Finding(
                rule="unattended",
                severity=Severity.ERROR,
                object=str(held.rollout.id),
                what=f"{held.rollout.phase} at {held.rollout.weight}; nobody has looked at it for {_minutes(silent)}",
                why="a candidate that turns bad is not rolled back",
                command=f"canary watch {held.rollout.id}",
            )


def _patience(held: OpenRollout) -> timedelta:
    """How long a rollout may give no sign: a gate is quiet for as long as its hooks may take."""
    rollout = held.rollout
    quiet = max(timedelta(minutes=2), SILENT_TICKS * rollout.policy.tick)
    if rollout.phase is not Phase.GATING:
        return quiet
    deadlines = [hook.deadline for hook in rollout.hooks if hook.stage is HookStage.BEFORE_TRAFFIC]
    return quiet + max(deadlines, default=timedelta(0))


# --- rights, and what could not be looked at -------------------------------------------------------------------------


def _rights(facts: Facts) -> Iterator[Finding]:
    missing: dict[str, list[str]] = {}
    for right in facts.missing_rights:
        missing.setdefault(right.action, []).append(right.resource)
    for action, resources in missing.items():
        on = resources[0] if len(resources) == 1 else f"{resources[0]} and {len(resources) - 1} more"
        yield Finding(
            rule="right-missing",
            severity=Severity.ERROR,
            object=action,
            what=f"the caller may not do this on {on}",
            why="a release run by this caller would stop there",
            command=f"allow {action} on {on} in the caller's policy; python -m stack.grants shows ours",
        )


def _unread(facts: Facts) -> Iterator[Finding]:
    for unread in facts.unread:
        yield Finding(
            rule="not-checked",
            severity=Severity.NOTE,
            object=unread.what,
            what=f"could not be looked at: {unread.why}",
            why="nothing is known about it; look again as a caller who may read it",
            command="canary doctor",
        )


def _minutes(duration: timedelta) -> str:
    return f"{int(duration.total_seconds() // 60)} min"


_RULES: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    _aliases,
    _bypasses,
    _unpublished,
    _metrics,
    _provisioned,
    _unattended,
    check_alarms,
    check_guards,
    _rights,
    _unread,
)
