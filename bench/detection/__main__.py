"""`python -m bench.detection`: how soon which rule finds which fault, and how often it is wrong (issue 3).

Prints the tables, writes `detection.json` and `detection.png`. The same seed gives the same figures.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from bench.detection import cost, efficiency, report
from bench.detection.cells import Row, matrix
from bench.detection.deciding import run_cell
from bench.detection.targets import Rows, judge_targets

SEED = 20_260_301


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the run is complete, whatever it measured."""
    options = _parsed(arguments)
    os.nice(10)
    begun = time.monotonic()
    rng = np.random.default_rng(SEED)
    measured = cost.measure(rng)
    efficiencies = [efficiency.measure(rng, share, 200 if options.quick else 4_000) for share in efficiency.SHARES]
    rows = _run(quick=options.quick, processes=options.processes)
    targets = judge_targets(Rows(rows), efficiencies, measured)
    data = report.summary(rows, efficiencies, measured, targets, seconds=time.monotonic() - begun)
    report.write_json(options.output / "detection.json", data)
    report.plot(rows, options.output / "detection.png")
    for line in (*report.tables(rows), "", *report.efficiency_table(efficiencies), "", *report.target_table(targets)):
        print(line)
    print(f"\n{options.output / 'detection.json'} and .png, {data['seconds']} s")
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.detection", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the runs: minutes, and coarse figures")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    return parser.parse_args(arguments)


def _run(*, quick: bool, processes: int) -> list[Row]:
    """Every cell's rows in the order of the matrix."""
    cells, rows = matrix(quick=quick), list[Row]()
    with Pool(processes) as pool:
        found_in_order = pool.imap(partial(_run_numbered, quick), range(len(cells)))
        for done, (cell, found) in enumerate(zip(cells, found_in_order, strict=True), start=1):
            rows += found
            what = f"{cell.comparison}, {cell.recipe.name}, {cell.rps}/s, {cell.scenario.name}"
            print(f"{done}/{len(cells)} {what}", file=sys.stderr)
    return rows


def _run_numbered(quick: bool, number: int) -> list[Row]:  # noqa: FBT001 - bound by position to cross processes
    """One cell: scenarios hold functions, which do not travel between processes, so its number does."""
    return run_cell(matrix(quick=quick)[number])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
