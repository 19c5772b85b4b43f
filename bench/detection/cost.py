"""What a verdict costs: time for a period, and what has to be imported for it (M10)."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from bench.detection.product import START
from bench.detection.scenarios import Generator
from canary.core import evidence, judge, judge_settings, replay, statistics
from canary.core.evidence import Evidence
from canary.core.judge import JudgeSettings, judge_counts
from canary.core.model import Counts, MetricWindow
from canary.core.replay import advanced
from canary.core.statistics import two_sample_log_factors

PERIOD = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Median processor milliseconds of one verdict after a new ten-second period, and the size of what computes it."""

    busy_ms: float
    busy_fresh_process_ms: float
    outage_ms: float
    import_ms: float
    third_party_imports: int
    lines_of_mathematics: int
    lines_in_all: int


def measure(rng: Generator, periods: int = 100) -> Cost:
    """Both metrics judged: 100 rps healthy with a warm and a cold cache, and 1000 rps with 20 % bad everywhere."""
    modules = (statistics, evidence, judge_settings, replay, judge)
    lines = [_code_lines(Path(module.__file__ or "")) for module in modules]
    loaded = _imported()
    return Cost(
        busy_ms=_median_ms(rng, periods, rps=100, rate=0.002),
        busy_fresh_process_ms=_median_ms(rng, periods, rps=100, rate=0.002, before_each=_forget),
        outage_ms=_median_ms(rng, periods, rps=1000, rate=0.2),
        import_ms=loaded[0],
        third_party_imports=loaded[1],
        lines_of_mathematics=lines[0],
        lines_in_all=sum(lines),
    )


def _median_ms(
    rng: Generator, periods: int, *, rps: int, rate: float, before_each: Callable[[], None] = lambda: None
) -> float:
    known, spent = Evidence(), list[float]()
    settings = JudgeSettings(alpha=1e-300)
    for index in range(periods):
        total = int(rng.poisson(rps * 10))
        canary = int(rng.binomial(total, 0.1))
        window = MetricWindow(
            start=START + index * PERIOD,
            period=PERIOD,
            stable=_counts(rng, total - canary, rate),
            canary=_counts(rng, canary, rate),
        )
        before_each()
        begun = time.process_time()
        known = judge_counts(settings, known, (window,)).evidence
        spent.append(1000 * (time.process_time() - begun))
    return float(np.median(spent))


def _counts(rng: Generator, requests: int, rate: float) -> Counts:
    return Counts(requests=requests, errors=int(rng.binomial(requests, rate)), slow=int(rng.binomial(requests, rate)))


def _forget() -> None:
    """A process that was just started, as a scheduled Lambda function may be, knows no earlier result."""
    advanced.cache_clear()
    two_sample_log_factors.cache_clear()


def _imported() -> tuple[float, int]:
    """Milliseconds to import the judge in a new process, and how many modules of third parties that brings."""
    code = (
        "import sys, time; t = time.process_time(); import canary.core.judge; spent = time.process_time() - t;"
        "own = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names) - {'canary'};"
        "print(spent * 1000, len([m for m in own if not m.startswith('_')]))"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - our own code
    return float(told[0]), int(told[1])


def _code_lines(path: Path) -> int:
    """Lines that hold code: neither blank, nor comment, nor docstring."""
    inside, count = False, 0
    for line in map(str.strip, path.read_text(encoding="utf-8").splitlines()):
        quotes = line.count('"""')
        if not inside and not quotes and line and not line.startswith("#"):
            count += 1
        inside ^= quotes == 1
    return count
