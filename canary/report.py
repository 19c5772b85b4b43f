"""(rollout, ledger, recorded counts) -> what happened, as a value and as JSON data. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from canary.core.codec import Plain
from canary.core.ledger import EntryKind, LedgerEntry
from canary.core.model import Counts, MetricWindow, Target, Weight
from canary.core.rollout import Rollout
from canary.ports import RecordedWindows


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One weight, from the instant it was asked for to the next change; counts of all targets together."""

    weight: Weight
    started_at: datetime
    ended_at: datetime
    stable: Counts
    canary: Counts

    @property
    def observed_share(self) -> float | None:
        """The canary's share of the requests that were counted, None where there were none."""
        everything = self.stable.requests + self.canary.requests
        return self.canary.requests / everything if everything else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """The story of one rollout."""

    rollout: Rollout
    ledger: tuple[LedgerEntry, ...]
    steps: tuple[StepReport, ...]

    @property
    def outcome(self) -> str:
        """The phase in which it ended, or stands."""
        return self.rollout.phase.value

    @property
    def reason(self) -> str:
        """Why, in the words of the last entry that changed the phase."""
        return self.ledger[-1].reason if self.ledger else ""


def report_rollout(
    rollout: Rollout, ledger: Sequence[LedgerEntry], recorded: Sequence[RecordedWindows], *, now: datetime
) -> ReleaseReport:
    """The report of a rollout as it stands at `now`."""
    windows = counted_windows(rollout, recorded)
    shifts = [entry for entry in ledger if entry.kind is EntryKind.SHIFTED]
    left = next((entry.at for entry in ledger if entry.kind in (EntryKind.PROMOTING, EntryKind.ROLLING_BACK)), now)
    bounds = [*(entry.at for entry in shifts), left]
    steps = tuple(
        _step(entry.weight, start, end, windows) for entry, (start, end) in zip(shifts, pairwise(bounds), strict=True)
    )
    return ReleaseReport(rollout=rollout, ledger=tuple(ledger), steps=steps)


def report_as_plain(report: ReleaseReport) -> dict[str, Plain]:
    """The report as JSON data with stable keys; durations in seconds, shares as fractions."""
    rollout = report.rollout
    return {
        "schema": "report/1",
        "rollout": rollout.id,
        "outcome": report.outcome,
        "reason": report.reason,
        "strategy": rollout.plan.strategy,
        "opened_at": rollout.opened_at.isoformat(),
        "opened_by": rollout.opened_by,
        "ended_at": rollout.ended_at.isoformat() if rollout.ended_at is not None else None,
        "seconds": ((rollout.ended_at or report.ledger[-1].at) - rollout.opened_at).total_seconds(),
        "targets": [_target_as_plain(leg.target) for leg in rollout.legs],
        "steps": [_step_as_plain(step) for step in report.steps],
        "ledger": [entry_as_plain(entry) for entry in report.ledger],
    }


def entry_as_plain(entry: LedgerEntry) -> dict[str, Plain]:
    """One ledger entry as JSON data."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "kind": entry.kind.value,
        "by": entry.by,
        "reason": entry.reason,
        "phase": entry.phase.value,
        "weight_percent": _percent(entry.weight),
        "results": [
            {
                "name": result.name,
                "verdict": result.verdict.value,
                "reason": result.reason,
                "numbers": dict(result.numbers),
            }
            for result in entry.results
        ],
    }


def counted_windows(rollout: Rollout, recorded: Sequence[RecordedWindows]) -> tuple[MetricWindow, ...]:
    """Every recorded period of each target's first metric path, in its latest revision."""
    counted_by = {(leg.target.resource, leg.paths[0].path) for leg in rollout.legs}
    latest = {
        (record.resource, window.start): window
        for record in recorded
        if (record.resource, record.path) in counted_by
        for window in record.windows
    }
    return tuple(latest.values())


def _step(weight: Weight, start: datetime, end: datetime, windows: Sequence[MetricWindow]) -> StepReport:
    """A period belongs to the step in which its middle lies."""
    within = [window for window in windows if start <= window.start + window.period / 2 < end]
    return StepReport(
        weight=weight,
        started_at=start,
        ended_at=end,
        stable=_sum([window.stable for window in within]),
        canary=_sum([window.canary for window in within]),
    )


def _sum(counts: Sequence[Counts]) -> Counts:
    return Counts(
        requests=sum(count.requests for count in counts),
        errors=sum(count.errors for count in counts),
        slow=sum(count.slow or 0 for count in counts),
    )


def _target_as_plain(target: Target) -> dict[str, Plain]:
    return {
        "function": target.function,
        "alias": target.alias,
        "from_version": target.stable,
        "to_version": target.canary,
    }


def _step_as_plain(step: StepReport) -> dict[str, Plain]:
    return {
        "weight_percent": _percent(step.weight),
        "seconds": _seconds(step.ended_at - step.started_at),
        "stable": _counts_as_plain(step.stable),
        "canary": _counts_as_plain(step.canary),
        "observed_share": step.observed_share,
    }


def _counts_as_plain(counts: Counts) -> dict[str, Plain]:
    return {"requests": counts.requests, "errors": counts.errors, "slow": counts.slow}


def _percent(weight: Weight) -> float:
    return weight.basis_points / 100


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 1)
