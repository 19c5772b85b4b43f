"""One evaluation of one alarm over the metrics of its account and region. Pure."""

from dataclasses import dataclass, replace

from localcloud.observe.alarms.judge import Judgement, Point, judge
from localcloud.observe.alarms.reason import state_reason, state_reason_data
from localcloud.observe.alarms.rule import AlarmRule, State
from localcloud.observe.mathexpr import MathError
from localcloud.observe.query import Span, Timeline, answers, statistic_series


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The state that an alarm must take, and why; `state` None means that it stays as it is."""

    state: State | None
    reason: str = ""
    reason_data: str = ""
    failure: str | None = None


def evaluate(rule: AlarmRule, timeline: Timeline, before: State, now: float) -> Evaluation:
    """The evaluation at `now` (epoch seconds) over the last whole periods.

    A failure says why the alarm's expression has no value; the state then stays as it is.
    """
    end = int(now * timeline.speed) // rule.step * rule.step
    span = Span(end - rule.range_size * rule.period, end)
    try:
        points = evaluation_range(rule, timeline, span)
    except MathError as error:
        return Evaluation(state=None, failure=str(error))
    judgement = judge(rule, points)
    if judgement.state is None:
        return Evaluation(state=None)
    shown = _in_real_time(judgement, timeline.speed)
    seen = [replace(point, at=round(point.at / timeline.speed)) for point in points]
    return Evaluation(
        state=judgement.state,
        reason=state_reason(rule, shown, before),
        reason_data=state_reason_data(rule, shown, seen, now),
    )


def evaluation_range(rule: AlarmRule, timeline: Timeline, span: Span) -> list[Point]:
    """The watched value of each period of `span`, oldest first.

    Raises:
        MathError: The expression has no value, or not one time series.
    """
    metric, timestamps = rule.metric, span.timestamps(rule.period)
    if metric is not None:
        buckets = timeline.buckets(metric.metric, metric.period, span, metric.unit)
        series = statistic_series(buckets, metric.statistic)
        return [
            Point(at=at, value=series.get(at), samples=buckets[at].size if at in buckets else None) for at in timestamps
        ]
    value = answers(rule.queries, timeline, lambda _: span)[rule.watched]
    if not isinstance(value, dict):
        raise MathError(f"The expression '{rule.watched}' gives several time series: an alarm watches one")
    return [Point(at=at, value=value.get(at)) for at in timestamps]


def _in_real_time(judgement: Judgement, speed: float) -> Judgement:
    return replace(
        judgement, evaluated=tuple(replace(point, at=round(point.at / speed)) for point in judgement.evaluated)
    )
