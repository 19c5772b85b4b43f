"""Our rule on the timetable's traffic: the real `judge_counts`, period by period; it can roll back and nothing else."""

import math
from datetime import timedelta

import numpy as np

from bench.detection.alarms import Ints, Path, Traffic
from bench.detection.fast_rule import FastRule, Slot
from bench.detection.product import START
from bench.detection.scenarios import HEALTHY_ERRORS, HEALTHY_SLOW, Floats, Generator
from canary.core.evidence import Evidence
from canary.core.judge import JudgeSettings, judge_counts
from canary.core.model import Counts, Metric, MetricWindow


def decide(rng: Generator, traffic: Traffic, path: Path, metric: Metric, settings: JudgeSettings) -> Floats:
    """When the judge fails each run. The metric that the scenario is not about is healthy, and judged all the same."""
    seen = traffic.by(path)
    level = HEALTHY_SLOW if metric is Metric.ERRORS else HEALTHY_ERRORS
    other = [rng.binomial(requests, level) for requests in (seen.canary, seen.stable)]
    canary = _counts(seen.canary, seen.canary_bad, other[0], metric)
    stable = _counts(seen.stable, seen.stable_bad, other[1], metric)
    periods = [_first_failure(settings, path, *run) for run in zip(canary, stable, strict=True)]
    return (np.array(periods) + 1) * path.period_s + path.visible_after_s


def decide_fast(rng: Generator, traffic: Traffic, path: Path, metric: Metric, settings: JudgeSettings) -> Floats:
    """The same by the vectorised copy of the rule."""
    seen = traffic.by(path)
    runs, periods = seen.canary.shape
    level = HEALTHY_SLOW if metric is Metric.ERRORS else HEALTHY_ERRORS
    other = Metric.SLOW if metric is Metric.ERRORS else Metric.ERRORS
    rule, decided = FastRule(settings, runs, path.period_s), np.full(runs, np.inf)
    for index in range(periods):
        canary, stable = seen.canary[:, index], seen.stable[:, index]
        rule.see(
            Slot(
                canary=canary,
                stable=stable,
                canary_bad={metric: seen.canary_bad[:, index], other: rng.binomial(canary, level)},
                stable_bad={metric: seen.stable_bad[:, index], other: rng.binomial(stable, level)},
                mixed=np.zeros(runs, dtype=bool),
            )
        )
        decided = np.where((rule.log_e >= math.log(settings.threshold)) & np.isinf(decided), index, decided)
    return (decided + 1) * path.period_s + path.visible_after_s


def _counts(requests: Ints, bad: Ints, other: Ints, metric: Metric) -> list[list[Counts]]:
    errors, slow = (bad, other) if metric is Metric.ERRORS else (other, bad)
    return [
        [Counts(requests=n, errors=x, slow=s) for n, x, s in zip(*row, strict=True)]
        for row in zip(requests.tolist(), errors.tolist(), slow.tolist(), strict=True)
    ]


def _first_failure(settings: JudgeSettings, path: Path, canary: list[Counts], stable: list[Counts]) -> float:
    evidence, period = Evidence(), timedelta(seconds=path.period_s)
    for index, counts in enumerate(zip(canary, stable, strict=True)):
        window = MetricWindow(start=START + index * period, period=period, canary=counts[0], stable=counts[1])
        evidence = judge_counts(settings, evidence, (window,)).evidence
        if evidence.failed is not None:
            return index
    return np.inf
