"""What the controller decided and what the callers saw, side by side, for the screen and for summary.json."""

import json
import subprocess
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

NO_VERSION: Final = "none"

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Locust in the background, and the files that it writes."""

    process: subprocess.Popen[str]
    snapshots: Path
    summary: Path

    def lines(self) -> list[Figures]:
        """Running totals, one for each second."""
        if not self.snapshots.exists():
            return []
        text = self.snapshots.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: the controller's report, and the callers' figures."""

    report: Figures
    client: Figures
    steps: list[Figures]

    def as_json(self) -> Figures:
        """One entry of summary.json; every count in `client` and `steps` is what callers saw."""
        target = self.report["targets"][0]
        total = self.client["total"]
        return {
            "rollout": self.report["rollout"],
            "from_version": target["from_version"],
            "to_version": target["to_version"],
            "outcome": self.report["outcome"],
            "reason": self.report["reason"],
            "strategy": self.report["strategy"],
            "seconds": self.report["seconds"],
            "steps": self.steps,
            "requests": total["requests"],
            "failed_requests": total["failed"],
            "bad_responses": total["bad"],
            "seconds_from_first_to_last_bad_response": bad_seconds(total),
            "by_version": {
                version: {name: figures[name] for name in ("requests", "failed", "bad", "p50_ms", "p99_ms")}
                for version, figures in self.client["versions"].items()
            },
            "controller": {"steps": self.report["steps"], "ledger": self.report["ledger"]},
        }


def summarise(report: Figures, watched: Watched) -> Release:
    """The release of which `report` tells, as the callers of `watched` saw it."""
    client = json.loads(watched.summary.read_text(encoding="utf-8"))
    return Release(report=report, client=client, steps=_steps(report, watched.lines()))


def bad_seconds(total: Figures) -> float:
    """From the first bad response to the last one; 0 without any."""
    if total["first_bad_at"] is None:
        return 0.0
    lasted: float = round(total["last_bad_at"] - total["first_bad_at"], 1)
    return lasted


def client_line(watched: Watched) -> str:
    """What callers have seen so far, version by version."""
    lines = watched.lines()
    if not lines:
        return "    callers: no answer yet"
    told = [
        f"v{version} {seen['requests']} requests, {seen['failed']} failed, {seen['slow']} slow, p99 {seen['p99_ms']} ms"
        for version, seen in lines[-1]["versions"].items()
    ]
    return f"    callers: {'; '.join(told)}"


def _steps(report: Figures, lines: list[Figures]) -> list[Figures]:
    """Each step with its requests by version, from the running totals nearest to its begin and end."""
    entries = [entry for entry in report["ledger"] if entry["kind"] in ("shifted", "promoting", "rolling_back")]
    canary = report["targets"][0]["to_version"]
    steps = []
    for entry, following in pairwise(entries):
        start, end = _epoch(entry["at"]), _epoch(following["at"])
        requests = _between(lines, start, end)
        everything = sum(requests.values())
        steps.append(
            {
                "weight_percent": entry["weight_percent"],
                "seconds": round(end - start, 1),
                "requests_by_version": requests,
                "observed_share": round(requests.get(canary, 0) / everything, 4) if everything else None,
            }
        )
    return steps


def _between(lines: list[Figures], start: float, end: float) -> dict[str, int]:
    before, after = _totals_at(lines, start), _totals_at(lines, end)
    return {version: count - before.get(version, 0) for version, count in after.items() if version != NO_VERSION}


def _totals_at(lines: list[Figures], at: float) -> dict[str, int]:
    nearest = min(lines, key=lambda line: abs(line["at"] - at), default=None)
    if nearest is None:
        return {}
    return {version: figures["requests"] for version, figures in nearest["versions"].items()}


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
