"""What the commands print: results on stdout (a table on a terminal, JSON on demand), narration on stderr."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from canary.core.codec import Plain, to_plain
from canary.core.errors import CanaryError
from canary.core.findings import Finding, Severity
from canary.core.ledger import LedgerEntry
from canary.core.leg import MetricPath
from canary.core.model import FunctionName, Phase, Verdict, Version
from canary.core.notices import counted
from canary.core.orders import AuditNote
from canary.core.prune import Fate
from canary.core.rollout import Rollout
from canary.core.words import duration_in_words, how_many
from canary.ports import RolloutStore
from canary.report import ReleaseReport, entry_as_plain, report_as_plain, report_rollout

_stdout = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
_stderr = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)

VERDICT_STYLE = {
    Verdict.PASS: "green",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.ERROR: "magenta",
    Verdict.FAIL: "bold red",
}
ROLLOUT_ID_LENGTH = len("r-20261121-0203-x7f2")
SEVERITY_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
PHASE_STYLE = {Phase.PROMOTED: "bold green", Phase.ROLLED_BACK: "bold red", Phase.ABORTED: "bold red"}


def say(text: str) -> None:
    """A line of result."""
    _stdout.print(text)


def show_table(table: Table) -> None:
    """A table of results."""
    _stdout.print(table)


def narrate(text: str) -> None:
    """A line of narration."""
    _stderr.print(text)


def narrate_trouble(trouble: CanaryError | None) -> None:
    """What AWS refused, where it did."""
    if trouble is not None:
        narrate(f"{trouble}; trying again")


def _table(*names: str, title: str | None = None) -> Table:
    """An empty table that cuts nothing off in a narrow terminal: words are folded, ids of rollouts kept whole."""
    table = Table(title=title, title_justify="left")
    for name in names:
        is_id = name == "rollout"
        table.add_column(name, overflow="fold", no_wrap=is_id, min_width=ROLLOUT_ID_LENGTH if is_id else None)
    return table


def show_plan(rollout: Rollout, *, as_json: bool) -> None:
    """The steps of a planned rollout."""
    if as_json:
        _print_json(_plan_as_plain(rollout))
        return
    for leg in rollout.legs:
        paths = " and ".join(_PATHS[path.path] for path in leg.paths)
        say(f"{leg.target.resource}: version {leg.target.stable} -> {leg.target.canary}, judged by {paths}")
    table = _table("step", "weight", "bake", "needs", "deadline", title=rollout.plan.strategy)
    for number, step in enumerate(rollout.plan.steps, start=1):
        needs = f"{step.min_requests} requests"
        table.add_row(
            str(number), str(step.weight), duration_in_words(step.bake), needs, duration_in_words(step.deadline)
        )
    _stdout.print(table)
    shortest = duration_in_words(rollout.plan.shortest)
    say(f"promoted {shortest} after the first shift at the earliest; nothing was changed")


def show_status(rollouts: Sequence[Rollout], now: datetime, *, as_json: bool) -> None:
    """Where each rollout stands."""
    if as_json:
        _print_json([_status_as_plain(rollout) for rollout in rollouts])
        return
    if not rollouts:
        say("no rollout is open")
        return
    table = _table("rollout", "phase", "targets", "versions", "step", "weight", "verdict", "since")
    for rollout in rollouts:
        phase = Text(rollout.phase, style=PHASE_STYLE.get(rollout.phase, ""))
        verdict = Text(rollout.verdict, style=VERDICT_STYLE[rollout.verdict])
        step = f"{rollout.step_index + 1} of {len(rollout.plan.steps)}"
        since = duration_in_words(now - (rollout.reached_at or rollout.entered_at))
        table.add_row(
            rollout.id, phase, _resources(rollout), _versions(rollout), step, str(rollout.weight), verdict, since
        )
    _stdout.print(table)
    for rollout in rollouts:
        if rollout.held is not None:
            say(f"{rollout.id} is held: {rollout.held}")


def show_rollouts(rollouts: Sequence[Rollout], *, as_json: bool) -> None:
    """The list of rollouts, newest first."""
    if as_json:
        _print_json([_status_as_plain(rollout) for rollout in rollouts])
        return
    if not rollouts:
        say("there was no rollout yet")
        return
    table = _table("rollout", "opened", "by", "targets", "versions", "outcome", "why")
    for rollout in rollouts:
        outcome = Text(rollout.phase, style=PHASE_STYLE.get(rollout.phase, ""))
        why = rollout.cause if rollout.phase in (Phase.ROLLED_BACK, Phase.ABORTED) else rollout.reason
        opened = f"{rollout.opened_at:%Y-%m-%d %H:%M}"
        table.add_row(rollout.id, opened, rollout.opened_by, _resources(rollout), _versions(rollout), outcome, why)
    _stdout.print(table)


def show_ledger(entries: Sequence[LedgerEntry], *, as_json: bool) -> None:
    """Every line of a rollout's history."""
    if as_json:
        _print_json([entry_as_plain(entry) for entry in entries])
        return
    table = _table("at", "what", "by", "weight", "why")
    for entry in entries:
        table.add_row(f"{entry.at:%H:%M:%S}", entry.kind, entry.by, str(entry.weight), entry.reason)
    _stdout.print(table)


def show_report(store: RolloutStore, rollout: Rollout, now: datetime, *, as_json: bool) -> None:
    """How a rollout ended, and each of its steps."""
    report = report_rollout(rollout, store.read_ledger(rollout.id), store.read_recorded(rollout.id), now=now)
    if as_json:
        _print_json(report_as_plain(report))
        return
    if report.steps:
        _stdout.print(_steps_table(report))
    style = PHASE_STYLE.get(rollout.phase, "bold")
    _stdout.print(Text(f"{rollout.id} {rollout.phase}: {report.reason}", style=style))


def show_findings(findings: Sequence[Finding], *, looked_at: int, as_json: bool) -> None:
    """What a check-up found, the worst first, each with the command that mends it."""
    if as_json:
        _print_json({"looked_at": looked_at, "findings": [finding.as_plain() for finding in findings]})
        return
    for finding in findings:
        head = Text(f"{finding.severity:<8}", style=SEVERITY_STYLE[finding.severity])
        _stdout.print(head.append(f"{finding.object}: {finding.what}", style="default"))
        say(f"        why   {finding.why}")
        say(f"        type  {finding.command}")
    say(f"looked at {how_many(looked_at, 'function')}: {how_many(len(findings), 'finding')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """The fates of one function's versions; `gone` are those that were deleted, None in a dry run."""

    function: FunctionName
    fates: tuple[Fate, ...]
    gone: tuple[Version, ...] | None

    def as_plain(self) -> dict[str, Plain]:
        """The same as JSON data with stable keys."""
        deleted: Plain = None if self.gone is None else [*self.gone]
        return {
            "function": self.function,
            "deleted": deleted,
            "versions": [fate.as_plain() for fate in self.fates],
        }


def show_pruned(pruned: Sequence[Pruned], *, as_json: bool) -> None:
    """Which versions stay and which go."""
    if as_json:
        _print_json([each.as_plain() for each in pruned])
        return
    for each in pruned:
        table = _table("version", "published", "fate", title=each.function)
        for fate in each.fates:
            table.add_row(fate.version, f"{fate.published_at:%Y-%m-%d %H:%M}", _fate(fate, each.gone))
        _stdout.print(table)
        going = sum(fate.kept_because is None for fate in each.fates)
        done = each.gone is not None
        say(f"{len(each.gone or ())} versions were deleted" if done else f"{going} may go: --yes deletes them")


def _fate(fate: Fate, gone: Sequence[Version] | None) -> str:
    if fate.kept_because is not None:
        return f"stays: {fate.kept_because}"
    if gone is None:
        return "may go"
    return "deleted" if fate.version in gone else "stays: it came into use meanwhile"


def show_notes(notes: Sequence[AuditNote], *, as_json: bool) -> None:
    """What people did by hand, newest first."""
    if as_json:
        _print_json([to_plain(note) for note in notes])
        return
    table = _table("at", "who", "what", "on", "why")
    for note in notes:
        table.add_row(f"{note.at:%Y-%m-%d %H:%M}", note.by, note.deed, note.object, note.why)
    _stdout.print(table)


def _steps_table(report: ReleaseReport) -> Table:
    table = _table("weight", "for", "stable", "candidate", "observed share")
    for step in report.steps:
        share = "-" if step.observed_share is None else f"{100 * step.observed_share:.1f} %"
        lasted = duration_in_words(step.ended_at - step.started_at)
        table.add_row(str(step.weight), lasted, counted(step.stable), counted(step.canary), share)
    return table


_PATHS = {
    MetricPath.EMF: "the function's own 10 s metrics",
    MetricPath.LAMBDA: "Lambda's standard 60 s metrics",
}


def _plan_as_plain(rollout: Rollout) -> dict[str, Plain]:
    return {
        "strategy": rollout.plan.strategy,
        "targets": [
            {
                "resource": leg.target.resource,
                "from_version": leg.target.stable,
                "to_version": leg.target.canary,
                "judged_by": [path.path.value for path in leg.paths],
            }
            for leg in rollout.legs
        ],
        "steps": [
            {
                "weight_percent": step.weight.basis_points / 100,
                "bake_seconds": step.bake.total_seconds(),
                "min_requests": step.min_requests,
                "deadline_seconds": step.deadline.total_seconds(),
            }
            for step in rollout.plan.steps
        ],
        "shortest_seconds": rollout.plan.shortest.total_seconds(),
    }


def _status_as_plain(rollout: Rollout) -> dict[str, Plain]:
    return {
        "rollout": rollout.id,
        "phase": rollout.phase.value,
        "verdict": rollout.verdict.value,
        "strategy": rollout.plan.strategy,
        "step": rollout.step_index + 1,
        "steps": len(rollout.plan.steps),
        "weight_percent": rollout.weight.basis_points / 100,
        "opened_at": rollout.opened_at.isoformat(),
        "opened_by": rollout.opened_by,
        "ended_at": rollout.ended_at.isoformat() if rollout.ended_at is not None else None,
        "held": rollout.held,
        "targets": [
            {"resource": leg.target.resource, "from_version": leg.target.stable, "to_version": leg.target.canary}
            for leg in rollout.legs
        ],
    }


def _resources(rollout: Rollout) -> str:
    return "\n".join(leg.target.resource for leg in rollout.legs)


def _versions(rollout: Rollout) -> str:
    return "\n".join(f"{leg.target.stable} -> {leg.target.canary}" for leg in rollout.legs)


def _print_json(data: Plain) -> None:
    _stdout.out(json.dumps(data, indent=2))
