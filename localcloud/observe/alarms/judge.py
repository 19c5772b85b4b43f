"""The state that an alarm takes for the points of its evaluation range. Pure.

Rules and truth tables: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.observe.alarms.rule import AlarmRule, MissingData, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One period of the evaluation range. `value` is None when the period has no data."""

    at: int
    value: float | None
    samples: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an evaluation concludes.

    Attributes:
        state: The state to take; None to stay in the current one.
        evaluated: The points that count, oldest first: the newest real ones, as many as EvaluationPeriods.
        filled: How many missing points were needed beside them.
    """

    state: State | None
    evaluated: tuple[Point, ...]
    filled: int


def judge(rule: AlarmRule, points: Sequence[Point]) -> Judgement:
    """The judgement on `points`, the evaluation range, oldest first."""
    real = tuple(point for point in points if point.value is not None)
    evaluated = real[-rule.evaluation_periods :]
    filled = rule.evaluation_periods - len(evaluated)
    state = _state(rule, points, evaluated, filled)
    if rule.holds_on_few_samples and _has_few_samples(rule, evaluated):
        state = None
    return Judgement(state=state, evaluated=evaluated, filled=filled)


def _state(rule: AlarmRule, points: Sequence[Point], evaluated: Sequence[Point], filled: int) -> State | None:
    breaching = sum(rule.breaches(point.value) for point in evaluated)
    if rule.missing is MissingData.BREACHING:
        breaching += filled
    if breaching >= rule.datapoints_to_alarm:
        return State.ALARM
    decided = not filled or rule.missing in (MissingData.BREACHING, MissingData.NOT_BREACHING)
    if decided or any(not rule.breaches(point.value) for point in evaluated):
        return State.OK
    if rule.missing is MissingData.IGNORE:
        return None
    if not evaluated:
        return State.INSUFFICIENT_DATA
    return State.ALARM if _age_of_oldest(points) >= rule.datapoints_to_alarm else State.OK


def _age_of_oldest(points: Sequence[Point]) -> int:
    """In periods. Nothing but breaches and silence since M periods is an alarm, although M breaches have not come."""
    return max(len(points) - index for index, point in enumerate(points) if point.value is not None)


def _has_few_samples(rule: AlarmRule, evaluated: Sequence[Point]) -> bool:
    """Whether a percentile rests on fewer than 10/(1-p) samples from the median up, or 10/p below it."""
    if rule.metric is None or not rule.metric.statistic.is_percentile:
        return False
    percent = float(rule.metric.statistic.high or 0)
    share = 100 - percent if percent >= 50 else percent  # noqa: PLR2004 - the median
    return bool(share) and any((point.samples or 0) * share < 1000 for point in evaluated)  # noqa: PLR2004 - 10 x 100 %
