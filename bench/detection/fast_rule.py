"""The judge's arithmetic for thousands of rollouts at once, in numpy: for cells of 20,000 runs only.

A copy of `canary.core.replay` in another form; `tests/bench/test_fast_path.py` proves on random histories that both
give the same e-values and holds. Every other cell of the benchmark runs the real code.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from canary.core.evidence import NEVER_DISTURBED
from canary.core.judge import Attribution, JudgeSettings
from canary.core.model import Metric, MetricSpec
from canary.core.replay import LOOK_BACK
from canary.core.statistics import Prior

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The counts of one period, an element a run; `bad` is by metric."""

    canary: Ints
    stable: Ints
    canary_bad: dict[Metric, Ints]
    stable_bad: dict[Metric, Ints]
    mixed: Flags


class _Capital:
    """One e-process a run."""

    def __init__(self, runs: int, prior: Prior) -> None:
        self._prior = prior
        self._multipliers = np.array(prior.multipliers)
        self._log_shares = np.log(prior.shares)
        self._reserve = np.ones(runs)
        self._log_stakes = np.full((runs, len(prior.multipliers)), -np.inf)
        self._begun = np.zeros(runs, dtype=bool)

    def bet(self, log_factors: Floats, speaks: Flags) -> None:
        """Grows where the period says something."""
        kept = self._reserve / (1 - self._prior.first)
        later = self._prior.later * self._reserve * kept**self._prior.ageing
        staked = np.where(self._begun, later, self._prior.first)
        stakes = np.logaddexp(self._log_stakes, np.log(staked)[:, None] + self._log_shares) + log_factors
        self._log_stakes = np.where(speaks[:, None], stakes, self._log_stakes)
        self._reserve = np.where(speaks, self._reserve - staked, self._reserve)
        self._begun |= speaks

    def log_value(self) -> Floats:
        """The logarithm of every e-value."""
        return _log_sum(np.concatenate([np.log(self._reserve)[:, None], self._log_stakes], axis=1))


class _MetricRule:
    """The four tests of one metric."""

    def __init__(self, settings: JudgeSettings, spec: MetricSpec, runs: int, period_s: int) -> None:
        self._settings, self._spec, self._period_s = settings, spec, period_s
        self._held_back, self._calm_periods = np.zeros(runs), np.full(runs, NEVER_DISTURBED)
        self.incident, self.unattributed = np.zeros((2, runs), dtype=bool)
        self._absolute = _Capital(runs, settings.absolute_prior)
        self._floor = _Capital(runs, settings.relative_prior)
        self._relative = _Capital(runs, settings.relative_prior)
        self._attribution = _Capital(runs, settings.relative_prior)

    def see(self, slot: Slot, lately_stable: Ints, lately_bad: Ints) -> None:
        x, y = slot.canary_bad[self._spec.metric], slot.stable_bad[self._spec.metric]
        limit, called = self._spec.limit, slot.canary > 0
        floor = limit * self._settings.floor
        self._floor.bet(_one_sample(x, slot.canary, floor, self._settings.relative_prior), called)
        quarantined = _breaks(limit, y, slot.stable, 2, 1) | _breaks(limit, lately_bad, lately_stable, 2, 1)
        factors = _one_sample(x, slot.canary, limit, self._settings.absolute_prior)
        self._absolute.bet(factors, called & ~quarantined)
        tells = called & (slot.stable > 0) & (x + y > 0) & ~slot.mixed
        attribution, relative = _two_sample(
            x, slot.canary, y, slot.stable, (1.0, self._settings.tolerance), self._settings.relative_prior, tells
        )
        self._attribution.bet(attribution, tells)
        self._relative.bet(relative, tells)

    def answer(self, lately_stable: Ints, lately_bad: Ints) -> tuple[Floats, Floats]:
        """What the test against the limit and the comparison contribute, in logarithms."""
        absolute, attribution = self._absolute.log_value(), self._attribution.log_value()
        compared = self._is_compared(lately_stable)
        attributed = np.where(
            attribution < math.log(self._settings.attr_e), np.minimum(absolute, attribution), absolute
        )
        counted = np.where(compared, attributed, absolute - self._held_back)
        self._held_back = absolute - counted
        suspicion = math.log(self._settings.warn * len(self._settings.specs) / self._settings.absolute_share)
        disturbed = _breaks(self._spec.limit, lately_bad, lately_stable, 3, 2)
        self.incident = disturbed | (self._calm_periods * self._period_s < LOOK_BACK.total_seconds())
        self.unattributed = (counted < absolute) & (absolute >= suspicion)
        self._calm_periods = np.where(disturbed, 0, self._calm_periods + 1)
        return counted, np.minimum(self._relative.log_value(), self._floor.log_value())

    def _is_compared(self, lately_stable: Ints) -> Flags:
        compared: Flags
        match self._settings.attribution:
            case Attribution.AUTO:
                compared = lately_stable >= max(1, self._settings.attr_min_stable)
            case Attribution.ALWAYS:
                compared = lately_stable > 0
            case Attribution.OFF:
                compared = np.zeros(len(lately_stable), dtype=bool)
        return compared


class FastRule:
    """The judge over many runs of equal settings; feed it one slot after the other."""

    def __init__(self, settings: JudgeSettings, runs: int, period_s: int) -> None:
        self._settings = settings
        self._rules = {spec.metric: _MetricRule(settings, spec, runs, period_s) for spec in settings.specs}
        self._lately: deque[Slot] = deque(maxlen=max(1, int(LOOK_BACK.total_seconds()) // period_s))
        self.log_e = np.zeros(runs)
        self.incident = np.zeros(runs, dtype=bool)
        self.unattributed = np.zeros(runs, dtype=bool)

    def see(self, slot: Slot) -> None:
        """One more period of every run; afterwards `log_e`, `incident` and `unattributed` hold for its end."""
        self._lately.append(slot)
        stable = sum((seen.stable for seen in self._lately), start=np.zeros_like(slot.stable))
        parts: list[Floats] = []
        self.incident, self.unattributed = np.zeros((2, len(stable)), dtype=bool)
        share = self._settings.absolute_share
        for spec in self._settings.specs:
            bad = sum((seen.stable_bad[spec.metric] for seen in self._lately), start=np.zeros_like(stable))
            rule = self._rules[spec.metric]
            rule.see(slot, stable, bad)
            absolute, relative = rule.answer(stable, bad)
            parts += [math.log(share) + absolute, math.log1p(-share) + relative]
            self.incident |= rule.incident
            self.unattributed |= rule.unattributed
        self.log_e = _log_sum(np.stack(parts, axis=-1)) - math.log(len(self._settings.specs))


def _breaks(limit: float, bad: Ints, requests: Ints, at_least: int, times: float) -> Flags:
    broken: Flags = (bad >= at_least) & (bad > times * limit * requests)
    return broken


def _one_sample(bad: Ints, requests: Ints, limit: float, prior: Prior) -> Floats:
    multipliers = np.array(prior.multipliers)
    factors: Floats = bad[:, None] * np.log(multipliers) - requests[:, None] * np.log1p(limit * (multipliers - 1))
    return factors


def _two_sample(  # noqa: PLR0917 - a two-by-two table in its usual order
    x: Ints, n: Ints, y: Ints, m: Ints, tolerances: tuple[float, ...], prior: Prior, tells: Flags
) -> list[Floats]:
    """The log factors for each tolerance, 0 where the table tells nothing; equal tables are computed once."""
    key = (n * (int(m.max()) + 1) + m) * (int((x + y).max()) + 1) + x + y
    _, first, back = np.unique(key[tells], return_index=True, return_inverse=True)
    tables = [counts[tells][first] for counts in (n, m, x + y)]
    odds = np.array([[tolerance, *(tolerance * m_ for m_ in prior.multipliers)] for tolerance in tolerances])
    sums = _log_normalisers(tables[0], tables[1], tables[2], odds.ravel()).reshape(*odds.shape, len(first))
    factors = []
    for null, *others in sums:
        values = np.zeros((len(x), len(prior.multipliers)))
        values[tells] = np.stack([null - other for other in others], axis=1)[back]
        values[tells] += x[tells, None] * np.log(prior.multipliers)
        factors.append(values)
    return factors


def _log_normalisers(n: Ints, m: Ints, bad: Ints, odds: Floats) -> Floats:
    """`canary.core.statistics.log_normaliser` of every table (a column) at every odds ratio (a row)."""
    psi = odds[:, None]
    low, high = np.maximum(0, bad - m), np.minimum(n, bad)
    a, b, c = psi - 1, psi * (n + bad + 2) + m - bad, psi * (n + 1.0) * (bad + 1)
    mode = np.clip((2 * c / (b + np.sqrt(b * b - 4 * a * c))).astype(np.int64), low, high)
    total = np.ones(mode.shape)
    for step in (1, -1):
        term, k = np.ones(mode.shape), mode.copy()
        while True:
            if step > 0:
                term *= psi * ((n - k) * (bad - k)) / ((k + 1) * (m - bad + k + 1))
            else:
                term *= k * (m - bad + k) / (psi * ((n - k + 1) * (bad - k + 1)))
            if not np.any(term >= _NEGLIGIBLE):
                break
            total += term
            k += step
    log_choose = gammaln(n + 1) - gammaln(mode + 1) - gammaln(n - mode + 1)
    log_choose += gammaln(m + 1) - gammaln(bad - mode + 1) - gammaln(m - bad + mode + 1)
    sums: Floats = log_choose + mode * np.log(psi) + np.log(total)
    return sums


def _log_sum(logs: Floats) -> Floats:
    """The logarithm of the sum along the last axis."""
    peak = logs.max(axis=-1)
    sums: Floats = peak + np.log(np.exp(logs - peak[..., None]).sum(axis=-1))
    return sums
