"""The matrix of the benchmark: who meets which scenario under which plan at which load, and how often."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.detection.plans import CANARY, HELD_BACK, LINEAR, OWN, Recipe, budgeted
from bench.detection.scenarios import BAD, DISPERSED, HEALTHY, SHARED, Scenario


class Comparison(StrEnum):
    """What is compared."""

    PRODUCT = "product"
    RULE = "rule alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario under one plan at one load."""

    comparison: Comparison
    recipe: Recipe
    rps: int
    scenario: Scenario
    runs: int

    @property
    def seed(self) -> int:
        """The same for the same cell, whatever else is run."""
        return zlib.crc32(f"{self.comparison}/{self.recipe.name}/{self.rps}/{self.scenario.name}".encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one decider did in one cell. Shares are of all runs, seconds and requests of the runs rolled back.

    `code` tells how our own rule was run: "real", or "copy" for the vectorised one.
    """

    comparison: str
    plan: str
    rps: int
    scenario: str
    decider: str
    code: str
    runs: int
    rolled_back: float
    inconclusive: float
    promoted: float
    bad: float
    seconds: float
    seconds_p95: float
    requests: float


def matrix(*, quick: bool) -> tuple[Cell, ...]:
    """Every cell; the quick matrix has the same cells and a twentieth of the runs."""
    divisor = 20 if quick else 1
    return tuple(
        Cell(comparison=comparison, recipe=recipe, rps=rps, scenario=scenario, runs=_runs(scenario) // divisor)
        for comparison, recipe, loads, scenarios in _blocks()
        for rps in loads
        for scenario in scenarios
    )


def _runs(scenario: Scenario) -> int:
    """Healthy releases must be failed in less than one of a thousand runs, shared trouble in two of a thousand."""
    if scenario in HEALTHY:
        return 20_000
    return 5_000 if scenario.is_healthy else 2_000


def _blocks() -> Iterator[tuple[Comparison, Recipe, tuple[int, ...], tuple[Scenario, ...]]]:
    core = tuple(s for s in BAD if s.name in ("errors 2 %", "errors 5 %", "errors 20 %", "errors 100 %"))
    late = tuple(s for s in BAD if "from" in s.name)
    product, rule = Comparison.PRODUCT, Comparison.RULE
    yield product, CANARY, (10, 100, 1000), BAD
    yield product, CANARY, (1,), (BAD[0], *core, *late)
    yield product, CANARY, (1, 10, 100, 1000), HEALTHY
    yield product, LINEAR, (10, 100), (*core, *late)
    yield product, LINEAR, (100,), HEALTHY
    yield product, OWN, (100, 1000), (*core, *late)
    yield product, OWN, (100,), HEALTHY
    yield product, HELD_BACK, (10, 100), (*core, *late)
    yield product, HELD_BACK, (10, 100), HEALTHY
    yield product, HELD_BACK, (10, 100), (*SHARED, *DISPERSED)
    yield product, HELD_BACK, (1000,), (*SHARED[:2], *DISPERSED)
    yield product, CANARY, (100,), (*SHARED[:2], *DISPERSED[:2])
    yield rule, CANARY, (10, 100, 1000), (*HEALTHY[:3], *BAD[1:4], *BAD[5:10])
    yield rule, LINEAR, (100,), (*HEALTHY[:3], *BAD[1:4])
    for rps in (10, 100, 1000):
        yield product, budgeted(rps), (rps,), tuple(s for s in core if "100" in s.name)
