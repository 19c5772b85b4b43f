"""Why an alarm is in its state, in CloudWatch's words: StateReason and StateReasonData. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from localcloud.observe.alarms.judge import Judgement, Point
from localcloud.observe.alarms.rule import COMPARISONS, AlarmRule, MissingData, State

INITIAL: Final = "Unchecked: Initial alarm creation"
LONGEST_REASON: Final = 1023
LONGEST_DATA: Final = 4000
_FILLED_AS: Final = {
    MissingData.BREACHING: "Breaching",
    MissingData.NOT_BREACHING: "NonBreaching",
    MissingData.IGNORE: "Ignored",
    MissingData.MISSING: "Missing",
}


def state_reason(rule: AlarmRule, judgement: Judgement, before: State) -> str:
    """The sentence for a judgement that has a state; the times of points are epoch seconds."""
    after = judgement.state
    if after is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_counted(judgement.filled, 'datapoint')} {_were(judgement.filled)} unknown."
    if not judgement.evaluated:
        periods = _counted(rule.evaluation_periods, "period")
        return f"Threshold Crossed: no datapoints were received for {periods} and {_filling(rule, judgement)}."
    deciding = [point for point in judgement.evaluated if rule.breaches(point.value) == (after is State.ALARM)]
    shown = deciding or judgement.evaluated
    told = _told(rule, shown) + (f" and {_filling(rule, judgement)}" if judgement.filled else "")
    if not rule.names_m:
        return f"Threshold Crossed: {_counted(len(shown), 'datapoint')} {told}."[:LONGEST_REASON]
    noun = f"{len(shown)} out of the last {rule.evaluation_periods} datapoints"
    least = f"(minimum {_counted(_needed(rule, after), 'datapoint')} for {_change(before, after)} transition)"
    return f"Threshold Crossed: {noun} {told} {least}."[:LONGEST_REASON]


def state_reason_data(rule: AlarmRule, judgement: Judgement, range_points: Sequence[Point], now: float) -> str:
    """The JSON text behind the sentence; `now` and the times of points are epoch seconds."""
    metric = rule.metric
    missing = [point for point in range_points if point.value is None][-judgement.filled :] if judgement.filled else []
    shown = sorted([*judgement.evaluated, *missing], key=lambda point: point.at, reverse=True)
    data = {
        "version": "1.0",
        "queryDate": timestamp(now),
        "startDate": timestamp(judgement.evaluated[0].at) if judgement.evaluated else None,
        "unit": metric.unit if metric else None,
        "statistic": metric.stat_text if metric else None,
        "period": rule.period,
        "recentDatapoints": [point.value for point in judgement.evaluated],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [_evaluated(point) for point in shown],
    }
    while len(text := json.dumps(_present(data), separators=(",", ":"))) > LONGEST_DATA and shown:
        shown.pop()
        data["evaluatedDatapoints"] = [_evaluated(point) for point in shown]
    return text


def timestamp(seconds: float) -> str:
    """Epoch seconds as alarms write them: ``2019-10-02T17:04:40.989+0000``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _evaluated(point: Point) -> dict[str, object]:
    return _present({"timestamp": timestamp(point.at), "sampleCount": point.samples, "value": point.value})


def _present(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _told(rule: AlarmRule, points: Sequence[Point]) -> str:
    shown = ", ".join(f"{point.value} ({_short(point.at)})" for point in reversed(points))
    negated = "" if rule.breaches(points[0].value) else "not "
    side = COMPARISONS[rule.comparison][1]
    return f"[{shown}] {_were(len(points))} {negated}{side} the threshold ({rule.threshold})"


def _short(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%m/%y %H:%M:%S")


def _filling(rule: AlarmRule, judgement: Judgement) -> str:
    noun = _counted(judgement.filled, "missing datapoint")
    return f"{noun} {_were(judgement.filled)} treated as [{_FILLED_AS[rule.missing]}]"


def _needed(rule: AlarmRule, after: State | None) -> int:
    if after is State.ALARM:
        return rule.datapoints_to_alarm
    return rule.evaluation_periods - rule.datapoints_to_alarm + 1


def _change(before: State, after: State | None) -> str:
    """A reason always speaks of OK and ALARM, also when the alarm had insufficient data before."""
    if after is State.ALARM:
        return "OK -> ALARM"
    return "ALARM -> OK" if before is not State.OK else "OK -> OK"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
