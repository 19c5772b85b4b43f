"""recording -> what the judge said after every period of it, tick by tick, as it would have said it live. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from canary.core.evidence import Evidence
from canary.core.judge import judge_counts, judge_traffic, verdict_of
from canary.core.model import FULL_BASIS_POINTS, MetricResult, Verdict, Weight
from canary.recording import RecordedPeriod, Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The judge's answers after one more period."""

    period: RecordedPeriod
    results: tuple[MetricResult, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the answers."""
        return verdict_of(self.results)

    @property
    def e_value(self) -> float:
        """The combined e-value; once a release has failed, the one that failed it."""
        values = (dict(result.numbers).get("e_value") for result in self.results)
        return max((value for value in values if value is not None), default=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A whole recording, judged."""

    recording: Recording
    readings: tuple[Reading, ...]

    @property
    def verdict(self) -> Verdict:
        """The last verdict."""
        return self.readings[-1].verdict if self.readings else Verdict.INCONCLUSIVE

    @property
    def failed_at(self) -> datetime | None:
        """The end of the period that failed the release."""
        failed = (reading for reading in self.readings if reading.verdict is Verdict.FAIL)
        first = next(failed, None)
        return None if first is None else first.period.window.end


def judge_recording(recording: Recording) -> Backtest:
    """Every period judged in its turn, with nothing known of the later ones."""
    evidence, readings, answered = Evidence(), list[Reading](), 0
    for earlier, period in zip((None, *recording.periods), recording.periods, strict=False):
        share = None if period.window.mixed else _share(period.weight)
        judgement = judge_counts(recording.settings, evidence, (period.window,), expected_share=share)
        evidence = judgement.evidence
        is_new_weight = earlier is not None and earlier.weight != period.weight
        answered = (0 if is_new_weight else answered) + period.window.canary.requests
        traffic = judge_traffic(seen=answered, needed=recording.min_requests)
        readings.append(Reading(period=period, results=(*judgement.results, traffic)))
    return Backtest(recording=recording, readings=tuple(readings))


def _share(weight: Weight | None) -> float | None:
    return None if weight is None else weight.basis_points / FULL_BASIS_POINTS


def backtest_as_plain(backtest: Backtest) -> Mapping[str, Any]:
    """JSON data with stable keys (docs/judging.md): the verdict, and a reading for every period."""
    failed_at, settings = backtest.failed_at, backtest.recording.settings
    return {
        "schema": "backtest/1",
        "name": backtest.recording.name,
        "alpha": settings.alpha,
        "e_needed": settings.threshold,
        "verdict": backtest.verdict.value,
        "failed_at": None if failed_at is None else failed_at.isoformat(),
        "readings": [_reading_as_plain(reading) for reading in backtest.readings],
    }


def _reading_as_plain(reading: Reading) -> Mapping[str, Any]:
    window, weight = reading.period.window, reading.period.weight
    return {
        "start": window.start.isoformat(),
        "seconds": window.period.total_seconds(),
        "weight": None if weight is None else weight.basis_points / 100,
        "mixed": window.mixed,
        "canary": _counts_as_plain(reading, "canary"),
        "stable": _counts_as_plain(reading, "stable"),
        "e_value": reading.e_value,
        "verdict": reading.verdict.value,
        "results": [
            {
                "name": result.name,
                "verdict": result.verdict.value,
                "reason": result.reason,
                "numbers": dict(result.numbers),
            }
            for result in reading.results
        ],
    }


def _counts_as_plain(reading: Reading, version: str) -> Mapping[str, int | None]:
    counts = getattr(reading.period.window, version)
    return {"requests": counts.requests, "errors": counts.errors, "slow": counts.slow}
