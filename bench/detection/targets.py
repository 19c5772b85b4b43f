"""The targets M0 to M11 of issue 3, each with the number that was measured beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.detection.cells import Comparison, Row
from bench.detection.cost import Cost
from bench.detection.efficiency import Efficiency
from bench.detection.plans import CANARY, HELD_BACK, LINEAR, OWN, budgeted
from bench.detection.scenarios import DISPERSED, HEALTHY, SHARED

PRODUCT, RULE = Comparison.PRODUCT.value, Comparison.RULE.value
VERSION_3 = "version alarm 3 of 3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One measured quantity and its bound; `at_least` tells which side of the bound is wanted."""

    id: str
    what: str
    measured: float
    bound: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the measured quantity keeps the bound."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


class Rows:
    """The measured rows, to be looked up by what they measured."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = {(row.comparison, row.plan, row.rps, row.scenario, row.decider): row for row in rows}

    def one(self, comparison: str, plan: str, rps: int, scenario: str, decider: str = "ours") -> Row:
        """The row of one decider in one cell."""
        return self._rows[comparison, plan, rps, scenario, decider]

    def ratio(self, comparison: str, plan: str, scenario: str, decider: str) -> float:
        """How many times more bad responses a decider lets through than ours at 100 rps."""
        ours = self.one(comparison, plan, 100, scenario)
        return self.one(comparison, plan, 100, scenario, decider).bad / ours.bad

    def worst(self, plans: Sequence[str], loads: Sequence[int], scenarios: Sequence[str]) -> float:
        """The highest share of runs that our product fails in these cells, as far as they were run."""
        return max(
            row.rolled_back
            for row in self._rows.values()
            if row.comparison == PRODUCT
            and row.decider == "ours"
            and row.plan in plans
            and row.rps in loads
            and row.scenario in scenarios
        )


def judge_targets(rows: Rows, efficiencies: Sequence[Efficiency], cost: Cost) -> tuple[Target, ...]:
    """All targets, in order."""
    return (
        *_rule_alone(rows),
        *_product(rows),
        *_complete_failure(rows),
        *_false_rollbacks(rows),
        *_efficiency(rows, efficiencies),
        *_cost(cost),
        _target(
            "M11",
            "bad responses, 5 % from minute 4",
            rows.one(PRODUCT, CANARY.name, 100, "errors 5 % from 4 min").bad,
            30,
        ),
    )


def _target(identity: str, what: str, measured: float, bound: float, *, at_least: bool = False) -> Target:
    return Target(id=identity, what=what, measured=measured, bound=bound, at_least=at_least)


def _rule_alone(rows: Rows) -> Iterator[Target]:
    for share in ("2 %", "5 %", "20 %"):
        ratio = rows.ratio(RULE, CANARY.name, f"errors {share}", VERSION_3)
        yield _target(
            "M0", f"rule alone, times fewer bad than the version alarm 3 of 3, {share}", ratio, 1.3, at_least=True
        )
    for scenario in HEALTHY[:2]:
        false = rows.one(RULE, CANARY.name, 100, scenario.name).rolled_back
        yield _target("M0", f"rule alone, false rollbacks, {scenario.name}", false, 0.001)
    for share in ("2 %", "5 %"):
        for recipe in (CANARY, HELD_BACK):
            missed = rows.one(PRODUCT, recipe.name, 10, f"errors {share}").promoted
            yield _target("M0", f"promoted in spite of errors {share} at 10 rps, {recipe.name}", missed, 0.01)


def _product(rows: Rows) -> Iterator[Target]:
    for identity, recipe, bounds in (("M1", CANARY, (80, 4, 10)), ("M2", LINEAR, (15, 7, 25))):
        yield _target(identity, "bad responses, 5 %", rows.one(PRODUCT, recipe.name, 100, "errors 5 %").bad, 20)
        rivals = ("alias alarm 1 of 1", "version alarm 1 of 1", "Flagger, threshold 5")
        for rival, bound in zip(rivals, bounds, strict=True):
            ratio = rows.ratio(PRODUCT, recipe.name, "errors 5 %", rival)
            yield _target(identity, f"times fewer bad than {rival} (60 s), 5 %", ratio, bound, at_least=True)
    for share in ("2 %", "5 %", "20 %"):
        yield _target(
            "M3", f"bad responses, {share}, {OWN.name}", rows.one(PRODUCT, OWN.name, 100, f"errors {share}").bad, 8
        )


def _complete_failure(rows: Rows) -> Iterator[Target]:
    failing = "errors 100 %"
    yield _target("M4", f"bad responses, 100 %, {OWN.name}", rows.one(PRODUCT, OWN.name, 100, failing).bad, 30)
    for rps in (10, 100, 1000):
        yield _target(
            "M4",
            f"bad responses, 100 %, {budgeted(rps).name}",
            rows.one(PRODUCT, budgeted(rps).name, rps, failing).bad,
            50,
        )
    for decider, bound in (("ours", 30), ("ours, standard metrics", 180)):
        slowest = max(
            rows.one(PRODUCT, CANARY.name, rps, f"errors {share}", decider).seconds_p95
            for rps in (100, 1000)
            for share in ("20 %", "100 %")
        )
        yield _target(
            "M5", f"p95 of the seconds to a rollback, {decider}, 20 % and more, 100 rps and more", slowest, bound
        )


def _false_rollbacks(rows: Rows) -> Iterator[Target]:
    plans = [recipe.name for recipe in (CANARY, LINEAR, OWN, HELD_BACK)]
    loads = (1, 10, 100, 1000)
    false = rows.worst(plans, loads, [scenario.name for scenario in HEALTHY])
    yield _target("M6", "worst share of healthy releases failed, all plans and loads", false, 0.001)
    shapes = (
        ("shared incident, the shape tuned on", SHARED[:1], 0.01),
        ("shared incidents, all shapes", SHARED, 0.01),
        ("overdispersion, the law tuned on", DISPERSED[:1], 0.002),
        ("overdispersion, all laws", DISPERSED, 0.002),
    )
    for recipe in (HELD_BACK, CANARY):
        for what, scenarios, bound in shapes:
            blamed = rows.worst([recipe.name], loads, [scenario.name for scenario in scenarios])
            yield _target("M7", f"worst share blamed, {what}, 10 rps and more, {recipe.name}", blamed, bound)


def _efficiency(rows: Rows, efficiencies: Sequence[Efficiency]) -> Iterator[Target]:
    by_share = {row.share: row for row in efficiencies}
    for share in (0.02, 0.05):
        yield _target("M8", f"samples over Wald's bound, {100 * share:g} %", by_share[share].over_bound, 1.5)
    worst = max(row.over_oracle for row in efficiencies if 0.02 <= row.share < 1)  # noqa: PLR2004 - of the target
    yield _target("M8", "worst samples over an oracle's, 2 % to 50 %", worst, 1.42)
    yield _target("M8", "the same, stretch", worst, 1.25)
    yield _target("M8", "samples over an oracle's, 100 % (two against one)", by_share[1.0].over_oracle, 1.42)
    served = rows.one(PRODUCT, CANARY.name, 10, "errors 5 %").requests / by_share[0.05].bound
    yield _target("M9", "requests served over Wald's bound, delays included, 10 rps, 5 %", served, 1.3)


def _cost(cost: Cost) -> Iterator[Target]:
    yield _target("M10", "ms a verdict at 100 rps", cost.busy_ms, 1)
    yield _target("M10", "the same in a process that was just started", cost.busy_fresh_process_ms, 1)
    yield _target("M10", "ms a verdict in an outage at 1000 rps", cost.outage_ms, 50)
    yield _target("M10", "modules of third parties imported", cost.third_party_imports, 0)
    yield _target("M10", "lines of mathematics", cost.lines_of_mathematics, 150)
