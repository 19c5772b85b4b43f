"""The benchmark's vectorised copies do what the real judge and the real reconcile do, run for run."""

from collections.abc import Sequence

import numpy as np
import pytest

from bench.detection.fast_rollout import release_all
from bench.detection.fast_rule import FastRule, Slot
from bench.detection.plans import CANARY, HELD_BACK, LINEAR, OWN, Recipe
from bench.detection.product import release
from bench.detection.scenarios import Floats
from bench.detection.traffic import Served
from canary.core.evidence import Standing
from canary.core.judge import Attribution, JudgeSettings
from canary.core.leg import MetricPath
from canary.core.model import Counts, Metric, MetricWindow
from canary.core.replay import advanced
from tests.core.periods import periods

RUNS = 12
PATHS: Sequence[MetricPath] = (MetricPath.EMF, MetricPath.LAMBDA)


def random_slot(rng: np.random.Generator, runs: int) -> Slot:
    """Anything from silence to an outage."""
    total = rng.poisson(rng.choice([0, 5, 100, 3_000], size=runs))
    canary = rng.binomial(total, rng.choice([0.0, 0.01, 0.1, 0.5, 1.0], size=runs))
    rates = rng.choice([0.0, 0.001, 0.01, 0.05, 0.5], size=(2, 2, runs))
    return Slot(
        canary=canary,
        stable=total - canary,
        canary_bad={metric: rng.binomial(canary, rates[0][index]) for index, metric in enumerate(Metric)},
        stable_bad={metric: rng.binomial(total - canary, rates[1][index]) for index, metric in enumerate(Metric)},
        mixed=rng.random(runs) < 0.1,
    )


@pytest.mark.parametrize("attribution", Attribution)
@pytest.mark.parametrize("seconds", [10, 60])
def test_the_vectorised_rule_gives_the_judges_e_values_and_incidents(seconds: int, attribution: Attribution) -> None:
    settings = JudgeSettings(attribution=attribution)
    rng = np.random.default_rng(7)
    rule, slots = FastRule(settings, RUNS, seconds), []
    standings = [Standing()] * RUNS
    for index in range(18):
        slots.append(random_slot(rng, RUNS))
        rule.see(slots[-1])
        for run in range(RUNS):
            lately = windows_of(slots[-max(1, 60 // seconds) :], run, seconds)
            standings[run], outlook = advanced(settings, standings[run], lately)
            assert outlook.log_e == pytest.approx(rule.log_e[run], rel=1e-9, abs=1e-9), (index, run)
            assert any(answer.is_disturbed for answer in outlook.answers) == rule.incident[run]


def windows_of(slots: Sequence[Slot], run: int, seconds: int) -> tuple[MetricWindow, ...]:
    errors, slow = Metric.ERRORS, Metric.SLOW
    return periods(
        *(
            (int(s.canary_bad[errors][run]), int(s.canary[run]), int(s.stable_bad[errors][run]), int(s.stable[run]))
            for s in slots
        ),
        slow=[(int(s.canary_bad[slow][run]), int(s.stable_bad[slow][run])) for s in slots],
        mixed=[index for index, s in enumerate(slots) if s.mixed[run]],
        seconds=seconds,
    )


class ReplayedService:
    """Traffic that depends on nothing but run, slot and weight, so that both sides can be given the same."""

    def __init__(self, rps: float, rate: float) -> None:
        self._rps, self._rate = rps, rate

    def served(self, run: int, slot: int, weight: float) -> Served:
        rng = np.random.default_rng([run, slot + 100, round(weight * 10_000)])
        troubled = self._rate * (8 if (run + slot // 9) % 5 == 0 else 1)
        total = rng.poisson(self._rps * 10)
        canary = rng.binomial(total, weight)
        stable = total - canary
        return Served(
            Counts(
                requests=int(stable), errors=int(rng.binomial(stable, troubled)), slow=int(rng.binomial(stable, 0.002))
            ),
            Counts(
                requests=int(canary), errors=int(rng.binomial(canary, troubled)), slow=int(rng.binomial(canary, 0.002))
            ),
        )

    def draw(self, slot: int, weights: Floats) -> Slot:
        runs = [self.served(run, slot, weight) for run, weight in enumerate(weights)]
        return Slot(
            canary=np.array([run.canary.requests for run in runs]),
            stable=np.array([run.stable.requests for run in runs]),
            canary_bad={
                Metric.ERRORS: np.array([run.canary.errors for run in runs]),
                Metric.SLOW: np.array([run.canary.slow for run in runs]),
            },
            stable_bad={
                Metric.ERRORS: np.array([run.stable.errors for run in runs]),
                Metric.SLOW: np.array([run.stable.slow for run in runs]),
            },
            mixed=np.zeros(len(runs), dtype=bool),
        )


class OneRun:
    """One run of a replayed service, as the real rollout wants it."""

    def __init__(self, service: ReplayedService, run: int) -> None:
        self._service, self._run, self._slot = service, run, -7

    def serve(self, slot: int, weight: float) -> Served:
        """Slots come in order from -6 on; those before the start are served as slot 0 is."""
        self._slot += 1
        assert slot == max(0, self._slot)
        return self._service.served(self._run, self._slot, weight)


@pytest.mark.parametrize("recipe", [CANARY, LINEAR, OWN, HELD_BACK], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize(("rps", "rate"), [(1, 0.01), (12, 0.004), (60, 0.02)])
def test_every_vectorised_rollout_ends_as_under_the_real_reconcile(recipe: Recipe, rps: float, rate: float) -> None:
    service, runs = ReplayedService(rps, rate), 5
    settings = JudgeSettings(alpha=0.2)
    fast = release_all(recipe, service.draw, runs, Metric.ERRORS, settings)
    for run in range(runs):
        real = release(recipe, OneRun(service, run), Metric.ERRORS, settings, PATHS)  # type: ignore[arg-type]
        assert (real.ending, real.seconds, real.bad, real.requests) == (
            fast.endings[run],
            fast.seconds[run],
            fast.bad[run],
            fast.requests[run],
        )
