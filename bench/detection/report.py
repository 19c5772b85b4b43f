"""The results as tables, as JSON and as a picture."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from bench.detection.cells import Comparison, Row
from bench.detection.cost import Cost
from bench.detection.efficiency import Efficiency
from bench.detection.plans import CANARY
from bench.detection.targets import Target

ASSUMPTIONS: Final = (
    "Poisson arrivals in slots of 10 s, binomial routing by weight, independent outcomes given the scenario's rates",
    "standard metrics: 60 s periods, readable 60 s after their end, looked at once a minute at a random phase",
    "the function's own metrics: 10 s periods, readable 10 s after their end, looked at every 10 s",
    "10 s from a decision to its effect on traffic, for everybody",
    "CodeDeploy stops watching when its shift is complete; Flagger when it promotes; our plan bakes on after the shift",
    "bad responses of a release that nobody stopped are counted until five minutes after it serves everything",
    "the alarms watch the one metric that the scenario is about; our judge watches errors and slow requests",
    "delays are assumptions: a real account may have others, and bad responses scale with them",
)


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """One block a plan and load: a line a decider, a column a scenario, `rolled back %, bad responses`."""
    for (comparison, plan, rps), block in groupby(rows, key=lambda row: (row.comparison, row.plan, row.rps)):
        found = list(block)
        scenarios = list(dict.fromkeys(row.scenario for row in found))
        cells = {(row.decider, row.scenario): _figures(row) for row in found}
        deciders = list(dict.fromkeys(row.decider for row in found))
        lines = [[decider, *(cells.get((decider, scenario), "") for scenario in scenarios)] for decider in deciders]
        yield f"\n{comparison}: {plan}, {rps} requests/s (rolled back %, bad responses; i = ended as inconclusive %)"
        yield from _aligned([["", *scenarios], *lines])


def _figures(row: Row) -> str:
    held = f" i {100 * row.inconclusive:.3g}" if row.inconclusive else ""
    return f"{100 * row.rolled_back:.3g} %{held}, {row.bad:.3g}"


def target_table(targets: Iterable[Target]) -> Iterator[str]:
    """A line a target: the number beside its bound."""
    lines = [
        [
            target.id,
            "met" if target.is_met else "NOT MET",
            f"{target.measured:.4g}",
            f"{'>=' if target.at_least else '<='} {target.bound:g}",
            target.what,
        ]
        for target in targets
    ]
    yield from _aligned([["", "", "measured", "target", ""], *lines])


def efficiency_table(efficiencies: Iterable[Efficiency]) -> Iterator[str]:
    """A line a share of bad requests."""
    lines = [
        [
            f"{100 * row.share:g} %",
            f"{row.samples:.1f}",
            f"{row.bound:.1f}",
            f"{row.oracle:.1f}",
            f"{row.over_bound:.2f}",
            f"{row.over_oracle:.2f}",
        ]
        for row in efficiencies
    ]
    yield from _aligned([["bad", "samples", "Wald's bound", "oracle", "over bound", "over oracle"], *lines])


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def summary(
    rows: Sequence[Row], efficiencies: Sequence[Efficiency], cost: Cost, targets: Sequence[Target], *, seconds: float
) -> dict[str, Any]:
    """Everything measured, as plain data; what does not exist is null."""
    return {
        "assumptions": list(ASSUMPTIONS),
        "seconds": round(seconds),
        "targets": [{**_plain(target), "met": target.is_met} for target in targets],
        "efficiency": [_plain(row) for row in efficiencies],
        "cost": _plain(cost),
        "rows": [_plain(row) for row in rows],
    }


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the dataclasses above
    return {name: _rounded(held) for name, held in asdict(value).items()}


def _rounded(value: Any) -> Any:  # noqa: ANN401 - a field of any of them
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) or math.isinf(value) else float(f"{value:.5g}")


def write_json(path: Path, data: dict[str, Any]) -> None:
    """One row a line, so that two runs can be compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lists = {name: held for name, held in data.items() if isinstance(held, list)}
    rest = {name: held for name, held in data.items() if name not in lists}
    blocks = [f'"{name}": {json.dumps(held)}' for name, held in rest.items()]
    for name, held in lists.items():
        items = ",\n  ".join(json.dumps(item) for item in held)
        blocks.append(f'"{name}": [\n  {items}\n]')
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def plot(rows: Sequence[Row], path: Path) -> None:
    """Bad responses at 100 requests/s (product and rule alone), and the share of healthy releases rolled back."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and needed here only

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the same

    figure, axes = plt.subplots(1, 3, figsize=(17, 6), layout="constrained")
    panels = (
        (
            Comparison.PRODUCT,
            ("errors 2 %", "errors 5 %", "errors 20 %"),
            "bad",
            "product: bad responses until rollback",
        ),
        (Comparison.RULE, ("errors 2 %", "errors 5 %", "errors 20 %"), "bad", "rule alone, equal data: bad responses"),
        (
            Comparison.PRODUCT,
            ("same 0.1 %", "same 0.5 %"),
            "rolled_back",
            "product: share of healthy releases rolled back",
        ),
    )
    for axis, (comparison, scenarios, field, title) in zip(axes, panels, strict=True):
        chosen = [r for r in rows if (r.comparison, r.plan, r.rps) == (comparison.value, CANARY.name, 100)]
        _bars(axis, chosen, scenarios, field)
        axis.set_title(f"{title}\n{CANARY.name}, 100 requests/s", fontsize=10)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _bars(axis: Any, rows: Sequence[Row], scenarios: Sequence[str], field: str) -> None:  # noqa: ANN401 - matplotlib's
    deciders = [
        d
        for d in dict.fromkeys(r.decider for r in rows)
        if any(r.decider == d and r.scenario in scenarios for r in rows)
    ]
    height = 0.8 / len(scenarios)
    for index, scenario in enumerate(scenarios):
        values = {row.decider: getattr(row, field) for row in rows if row.scenario == scenario}
        positions = [place + index * height for place in range(len(deciders))]
        axis.barh(positions, [values.get(decider, math.nan) for decider in deciders], height=height, label=scenario)
    axis.set_yticks([place + 0.4 - height / 2 for place in range(len(deciders))], deciders, fontsize=8)
    axis.invert_yaxis()
    if field == "bad":
        axis.set_xscale("log")
    axis.grid(axis="x", alpha=0.3)
    axis.legend(fontsize=8)
