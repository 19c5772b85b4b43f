"""Recorded counts of a release: from a JSON file or from a rollout's history, for the judge to be run on them again.

Decides nothing. The file's schema is `docs/judging.md`'s, and the dataclasses `_File...` below are its fields.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from canary.core.codec import from_plain
from canary.core.errors import ConfigError
from canary.core.judge import Attribution, JudgeSettings
from canary.core.ledger import EntryKind, LedgerEntry
from canary.core.leg import WeightChange
from canary.core.model import ALL_TRAFFIC, NO_TRAFFIC, Counts, Metric, MetricSpec, MetricWindow, Weight
from canary.core.plan import REQUESTS_FOR_P99
from canary.core.rollout import Rollout
from canary.core.weigh import shared_alpha
from canary.ports import RecordedWindows

SCHEMA: Final = "recording/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPeriod:
    """One metric period, and the canary's weight in it where that is known."""

    window: MetricWindow
    weight: Weight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The periods of one target on one metric path, in the order in which they were seen.

    A period whose start was seen before revises the earlier one. `min_requests` must be answered at a weight before a
    pass can be claimed there.
    """

    name: str
    settings: JudgeSettings
    periods: tuple[RecordedPeriod, ...]
    min_requests: int = REQUESTS_FOR_P99


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileCounts:
    requests: int
    errors: int
    slow: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _FilePeriod:
    canary: _FileCounts
    stable: _FileCounts
    start: datetime | None = None
    weight: float | None = None
    mixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileSlo:
    errors: float | None = 0.01
    slow: float | None = 0.01
    alpha: float = 0.01
    tolerance: float = 1.5
    attribution: Attribution = Attribution.AUTO
    min_requests: int = REQUESTS_FOR_P99


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    schema: str
    start: datetime
    period: timedelta
    periods: tuple[_FilePeriod, ...]
    name: str = ""
    slo: _FileSlo = _FileSlo()


def parse_recording(text: str, where: str) -> Recording:
    """The recording that a JSON file holds.

    Raises:
        ConfigError: no JSON, another schema, or a value of the wrong kind; the text says where.
    """
    try:
        file = from_plain(_File, json.loads(text))
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where} is no JSON: {error}") from error
    except (ConfigError, ValueError) as error:
        told = str(error).replace("_File", "recording", 1)
        raise ConfigError(f"{where}: {told}; docs/judging.md shows the fields") from error
    if file.schema != SCHEMA:
        raise ConfigError(f"{where}: the schema is {file.schema!r}, wanted {SCHEMA!r}")
    return Recording(
        name=file.name or where,
        settings=_settings(file.slo),
        periods=_periods(file, where),
        min_requests=file.slo.min_requests,
    )


def _settings(slo: _FileSlo) -> JudgeSettings:
    limits = {Metric.ERRORS: slo.errors, Metric.SLOW: slo.slow}
    specs = (MetricSpec(metric=metric, limit=limit) for metric, limit in limits.items() if limit is not None)
    return replace(
        JudgeSettings(), alpha=slo.alpha, tolerance=slo.tolerance, attribution=slo.attribution, specs=tuple(specs)
    )


def _periods(file: _File, where: str) -> tuple[RecordedPeriod, ...]:
    """Periods without a start of their own follow the one before."""
    if file.period <= timedelta(0) or not file.periods:
        raise ConfigError(f"{where}: wanted a positive period in seconds and at least one of periods")
    periods, start = list[RecordedPeriod](), file.start
    for given in file.periods:
        start = given.start or start
        if start.tzinfo is None:
            raise ConfigError(f"{where}: {start.isoformat()} has no time zone; write it like 2026-03-01T12:00:00Z")
        window = MetricWindow(
            start=start,
            period=file.period,
            stable=_counts(given.stable),
            canary=_counts(given.canary),
            mixed=given.mixed,
        )
        weight = None if given.weight is None else Weight(round(given.weight * 100))
        periods.append(RecordedPeriod(window=window, weight=weight))
        start = window.end
    return tuple(periods)


def _counts(given: _FileCounts) -> Counts:
    return Counts(requests=given.requests, errors=given.errors, slow=given.slow)


def recordings_of(
    rollout: Rollout, entries: Sequence[LedgerEntry], records: Sequence[RecordedWindows]
) -> tuple[Recording, ...]:
    """What the judge was shown of every target on every metric path, with the weights that the ledger tells."""
    changes = _changes(entries)
    return tuple(
        Recording(
            name=f"{rollout.id} {leg.target.resource} ({known.path})",
            settings=shared_alpha(rollout, leg),
            min_requests=rollout.plan.steps[0].min_requests,
            periods=tuple(
                _weighted(window, changes)
                for record in records
                if (record.resource, record.path) == (leg.target.resource, known.path)
                for window in record.windows
            ),
        )
        for leg in rollout.legs
        for known in leg.paths
    )


def _changes(entries: Sequence[LedgerEntry]) -> list[tuple[WeightChange, Weight]]:
    """Every change of weight: asked for by one entry, seen at the next one that says so."""
    changes = list[tuple[WeightChange, Weight]]()
    for entry in entries:
        match entry.kind:
            case EntryKind.SHIFTED:
                changes.append((WeightChange(asked_at=entry.at), entry.weight))
            case EntryKind.PROMOTING:
                changes.append((WeightChange(asked_at=entry.at), ALL_TRAFFIC))
            case EntryKind.ROLLING_BACK:
                changes.append((WeightChange(asked_at=entry.at), NO_TRAFFIC))
            case EntryKind.REACHED | EntryKind.PROMOTED | EntryKind.ROLLED_BACK | EntryKind.ABORTED if changes:
                change, weight = changes[-1]
                changes[-1] = (replace(change, seen_at=change.seen_at or entry.at), weight)
            case _:
                pass
    return changes


def _weighted(window: MetricWindow, changes: Sequence[tuple[WeightChange, Weight]]) -> RecordedPeriod:
    asked = [weight for change, weight in changes if change.asked_at < window.end]
    mixed = window.mixed or any(change.overlaps(window) for change, _ in changes)
    return RecordedPeriod(window=replace(window, mixed=mixed), weight=asked[-1] if asked else NO_TRAFFIC)
