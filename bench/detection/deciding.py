"""Running one cell: everybody decides on its traffic, and the runs become one row a decider."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.detection import rule_alone
from bench.detection.alarms import (
    FAST,
    STANDARD,
    Flags,
    Path,
    Rule,
    Traffic,
    bad_served,
    by_timetable,
    kayenta,
    ratio_alarm,
    sam_docs_alarm,
)
from bench.detection.cells import Cell, Comparison, Row
from bench.detection.fast_rollout import drawn, release_all
from bench.detection.flagger import FlaggerFleet
from bench.detection.plans import CANARY
from bench.detection.product import Ending, release
from bench.detection.scenarios import SLOT_S, Floats, Generator
from bench.detection.traffic import Service
from canary.core.judge import JudgeSettings
from canary.core.leg import MetricPath

PATHS: Final = (MetricPath.EMF, MetricPath.LAMBDA)
SETTINGS: Final = JudgeSettings()
CHUNK: Final = 2_000
BUSY: Final = 100
"""Requests a second from which on the product is also shown with Lambda's standard metrics alone."""
FLAGGER_EXTRA_SLOTS: Final = 60
"""Flagger pauses on failed checks, so that its runs are followed ten minutes longer."""


def run_cell(cell: Cell) -> list[Row]:
    """Every decider that belongs to the cell's comparison; the alarms and our rule alone see the same traffic."""
    rows: dict[tuple[str, str], list[_Part]] = {}
    for start in range(0, cell.runs, CHUNK):
        rng = np.random.default_rng([cell.seed, start])
        runs = min(CHUNK, cell.runs - start)
        for decider, code, part in _parts(cell, rng, runs):
            rows.setdefault((decider, code), []).append(part)
    return [_row(cell, decider, code, parts) for (decider, code), parts in rows.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The runs of one chunk: arrays by run."""

    rolled: Flags
    inconclusive: Flags
    seconds: Floats
    bad: Floats
    requests: Floats


def _parts(cell: Cell, rng: Generator, runs: int) -> Iterator[tuple[str, str, _Part]]:
    match cell.comparison:
        case Comparison.PRODUCT:
            yield from _others(cell, rng, runs, STANDARD, watched_slots=cell.recipe.shifted_slots)
            yield from _ours(cell, rng, runs)
        case Comparison.RULE:
            yield from _others(cell, rng, runs, FAST, watched_slots=len(cell.recipe.all_weights))


_RULES: Final[dict[str, Rule]] = {
    **{
        f"{side} alarm {needed} of {needed}": ratio_alarm(needed, on_alias=side == "alias")
        for side in ("alias", "version")
        for needed in (1, 2, 3)
    },
    "SAM docs alarm": sam_docs_alarm,
    "Kayenta": kayenta,
}


def _others(
    cell: Cell, rng: Generator, runs: int, path: Path, *, watched_slots: int
) -> Iterator[tuple[str, str, _Part]]:
    """CodeDeploy watches until its shift is complete; where only the rules are compared, everybody watches on."""
    weights = np.array(cell.recipe.all_weights)
    traffic = by_timetable(rng, cell.scenario.rates(rng, runs, len(weights)), cell.scenario.metric, cell.rps, weights)
    for name, rule in _RULES.items():
        yield name, "-", _watched(traffic, rule(rng, traffic, path), watched_slots)
    if path is FAST:
        code, decided = _rule_alone(cell, rng, traffic)
        yield "ours", code, _watched(traffic, decided, watched_slots)
    yield from _flaggers(cell, rng, runs, path)


def _flaggers(cell: Cell, rng: Generator, runs: int, path: Path) -> Iterator[tuple[str, str, _Part]]:
    rates = cell.scenario.rates(rng, runs, len(cell.recipe.all_weights) + FLAGGER_EXTRA_SLOTS)
    for threshold in (1, 5):
        phases = rng.integers(0, path.look_every_s // SLOT_S, size=runs)
        fleet = FlaggerFleet(cell.recipe, path, threshold=threshold, phases=phases)
        end = fleet.run(rng, rates, cell.scenario.metric, cell.rps)
        yield (
            f"Flagger, threshold {threshold}",
            "-",
            _Part(
                rolled=end.rolled,
                inconclusive=np.zeros(runs, dtype=bool),
                seconds=end.seconds,
                bad=end.bad.astype(float),
                requests=np.full(runs, np.nan),
            ),
        )


def _watched(traffic: Traffic, decided: Floats, watched_slots: int) -> _Part:
    rolled, seconds, bad = bad_served(traffic, decided, watched_slots * SLOT_S)
    whole = np.minimum((seconds // SLOT_S).astype(int), traffic.canary.shape[1])
    sums = np.concatenate([np.zeros((len(rolled), 1)), traffic.canary.cumsum(axis=1)], axis=1)
    requests = sums[np.arange(len(rolled)), whole]
    return _Part(rolled=rolled, inconclusive=np.zeros_like(rolled), seconds=seconds, bad=bad, requests=requests)


def _rule_alone(cell: Cell, rng: Generator, traffic: Traffic) -> tuple[str, Floats]:
    if cell.scenario.is_healthy:
        return "copy", rule_alone.decide_fast(rng, traffic, FAST, cell.scenario.metric, SETTINGS)
    return "real", rule_alone.decide(rng, traffic, FAST, cell.scenario.metric, SETTINGS)


def _ours(cell: Cell, rng: Generator, runs: int) -> Iterator[tuple[str, str, _Part]]:
    """Healthy releases by the vectorised copy (20,000 runs), all others by the real code."""
    metric, recipe = cell.scenario.metric, cell.recipe
    rates = cell.scenario.rates(rng, runs, len(recipe.all_weights) + 30)
    if cell.scenario.is_healthy:
        ends = release_all(recipe, drawn(rng, rates, cell.rps), runs, metric, SETTINGS)
        yield "ours", "copy", _ended(ends.endings, ends.seconds.tolist(), ends.bad.tolist(), ends.requests.tolist())
        return
    ways: dict[str, tuple[MetricPath, ...]] = {"ours": PATHS}
    if recipe is CANARY and cell.rps >= BUSY:
        ways["ours, standard metrics"] = PATHS[1:]
    for name, paths in ways.items():
        out = [release(recipe, Service(rng, rates, run, cell.rps), metric, SETTINGS, paths) for run in range(runs)]
        yield (
            name,
            "real",
            _ended(
                [end.ending for end in out],
                [end.seconds for end in out],
                [end.bad for end in out],
                [e.requests for e in out],
            ),
        )


def _ended(endings: list[Ending], seconds: list[int], bad: list[int], requests: list[int]) -> _Part:
    return _Part(
        rolled=np.array([ending is Ending.FAILED for ending in endings]),
        inconclusive=np.array([ending is Ending.INCONCLUSIVE for ending in endings]),
        seconds=np.array(seconds, dtype=float),
        bad=np.array(bad, dtype=float),
        requests=np.array(requests, dtype=float),
    )


def _row(cell: Cell, decider: str, code: str, parts: list[_Part]) -> Row:
    rolled, inconclusive, seconds, bad, requests = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("rolled", "inconclusive", "seconds", "bad", "requests")
    )
    ended = seconds[rolled] if rolled.any() else np.array([np.nan])
    return Row(
        comparison=cell.comparison.value,
        plan=cell.recipe.name,
        rps=cell.rps,
        scenario=cell.scenario.name,
        decider=decider,
        code=code,
        runs=len(rolled),
        rolled_back=float(rolled.mean()),
        inconclusive=float(inconclusive.mean()),
        promoted=float(1 - rolled.mean() - inconclusive.mean()),
        bad=float(bad.mean()),
        seconds=float(ended.mean()),
        seconds_p95=float(np.quantile(ended, 0.95)),
        requests=float(requests[rolled].mean()) if rolled.any() else float("nan"),
    )
