"""The functions of metric math that need their arguments only, not the query around them.

Semantics as in the CloudWatch user guide, "Using metric math". Functions absent here are refused by name.
"""

import math
import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Final

from localcloud.observe.mathexpr.series import (
    UNDEFINED,
    MathError,
    Series,
    Value,
    as_array,
    as_scalar,
    as_series,
    constant,
    each,
    per_series,
    type_name,
)

Function = Callable[[list[Value]], Value]
Aggregate = Callable[[list[float]], float]

AGGREGATES: Final[Mapping[str, Aggregate]] = {
    "SUM": math.fsum,
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "STDDEV": statistics.pstdev,
}


def aggregate(name: str, value: Value) -> Value:
    """SUM, AVG, MIN, MAX or STDDEV: of an array, a time series; of one time series, a scalar.

    In AVG over an array a missing point counts as 0; MIN, MAX and STDDEV see the points that exist.
    """
    compute = AGGREGATES[name]
    if isinstance(value, list):
        timestamps = sorted({timestamp for series in value for timestamp in series})
        if name == "AVG":
            return {at: compute([series.get(at, 0.0) for series in value]) for at in timestamps}
        return {at: compute([series[at] for series in value if at in series]) for at in timestamps}
    series = as_series(value, name)
    if not series:
        return 0.0 if name == "SUM" else UNDEFINED
    return compute(list(series.values()))


def condition(test: Value, chosen: Value, otherwise: Value | None) -> Value:
    """IF: by the guide's tables. A point missing in the test is dropped, a true one missing in `chosen` is 0."""
    if isinstance(test, list) or isinstance(chosen, list) or isinstance(otherwise, list):
        raise MathError("IF takes scalars and time series, not arrays of time series")
    if not isinstance(test, dict):
        return _one_of(test, chosen, otherwise)
    points: Series = {}
    for timestamp, value in test.items():
        side, absent = (chosen, 0.0) if value else (otherwise, None)
        found = side.get(timestamp, absent) if isinstance(side, dict) else side
        if found is not None and not math.isnan(found):
            points[timestamp] = found
    return points


def _one_of(test: float, chosen: float | Series, otherwise: float | Series | None) -> float | Series:
    picked, other = (chosen, otherwise) if test else (otherwise, chosen)
    if picked is None or math.isnan(test):
        return {}
    if isinstance(picked, float) and isinstance(other, dict):
        return constant(picked, other)
    return picked


def slice_array(arguments: list[Value]) -> Value:
    """SLICE(array, start[, end])."""
    array = as_array(arguments[0], "SLICE")
    bounds = [int(as_scalar(bound, "SLICE")) for bound in arguments[1:]]
    if any(bound < 0 for bound in bounds):
        raise MathError("SLICE needs bounds of at least 0")
    return array[bounds[0] : bounds[1] if len(bounds) > 1 else None]


def _rate(series: Series) -> Series:
    return {b: (series[b] - series[a]) / (b - a) for a, b in pairwise(sorted(series))}


def _diff(series: Series) -> Series:
    return {b: series[b] - series[a] for a, b in pairwise(sorted(series))}


def _diff_time(series: Series) -> Series:
    return {b: float(b - a) for a, b in pairwise(sorted(series))}


def _running_sum(series: Series) -> Series:
    ordered = sorted(series)
    return dict(zip(ordered, accumulate(series[at] for at in ordered), strict=True))


def _datapoint_count(arguments: list[Value]) -> Value:
    value = arguments[0]
    if isinstance(value, list):
        timestamps = sorted({timestamp for series in value for timestamp in series})
        return {at: float(sum(at in series for series in value)) for at in timestamps}
    return float(len(as_series(value, "DATAPOINT_COUNT")))


def _end_of_array(name: str, index: int) -> Function:
    def take(arguments: list[Value]) -> Value:
        array = as_array(arguments[0], name)
        return array[index] if array else {}

    return take


def _pointwise(change: Callable[[float], float]) -> Function:
    return lambda arguments: each(change, arguments[0])


def _seriewise(name: str, change: Callable[[Series], Series]) -> Function:
    return lambda arguments: per_series(change, arguments[0], name)


def _aggregated(name: str) -> Function:
    return lambda arguments: aggregate(name, arguments[0])


def _metric_count(arguments: list[Value]) -> Value:
    return float(len(as_array(arguments[0], "METRIC_COUNT")))


def _remove_empty(arguments: list[Value]) -> Value:
    return [series for series in as_array(arguments[0], "REMOVE_EMPTY") if series]


FUNCTIONS: Final[Mapping[str, tuple[range, Function]]] = {
    **{name: (range(1, 2), _aggregated(name)) for name in AGGREGATES},
    "ABS": (range(1, 2), _pointwise(abs)),
    "CEIL": (range(1, 2), _pointwise(lambda value: float(math.ceil(value)))),
    "FLOOR": (range(1, 2), _pointwise(lambda value: float(math.floor(value)))),
    "LOG": (range(1, 2), _pointwise(math.log)),
    "LOG10": (range(1, 2), _pointwise(math.log10)),
    "RATE": (range(1, 2), _seriewise("RATE", _rate)),
    "DIFF": (range(1, 2), _seriewise("DIFF", _diff)),
    "DIFF_TIME": (range(1, 2), _seriewise("DIFF_TIME", _diff_time)),
    "RUNNING_SUM": (range(1, 2), _seriewise("RUNNING_SUM", _running_sum)),
    "DATAPOINT_COUNT": (range(1, 2), _datapoint_count),
    "METRIC_COUNT": (range(1, 2), _metric_count),
    "REMOVE_EMPTY": (range(1, 2), _remove_empty),
    "FIRST": (range(1, 2), _end_of_array("FIRST", 0)),
    "LAST": (range(1, 2), _end_of_array("LAST", -1)),
    "SLICE": (range(2, 4), slice_array),
    "IF": (range(2, 4), lambda arguments: condition(arguments[0], arguments[1], [*arguments, None][2])),
}
"""Name to (how many arguments, what it computes)."""

CALENDAR: Final[Mapping[str, Callable[[datetime], float]]] = {
    "MINUTE": lambda at: float(at.minute),
    "HOUR": lambda at: float(at.hour),
    "DAY": lambda at: float(at.isoweekday()),
    "DATE": lambda at: float(at.day),
    "MONTH": lambda at: float(at.month),
    "YEAR": lambda at: float(at.year),
    "EPOCH": lambda at: at.timestamp(),
}


def calendar(name: str, timestamps: range) -> Series:
    """MINUTE, HOUR, DAY (Monday is 1), DATE, MONTH, YEAR or EPOCH of each timestamp, in UTC."""
    return {at: CALENDAR[name](datetime.fromtimestamp(at, UTC)) for at in timestamps}


def filled(series: Series, filler: Value | str, timestamps: range) -> Series:
    """FILL: `series` with every absent timestamp filled by a scalar, another series, ``REPEAT`` or ``LINEAR``."""
    if filler == "REPEAT":
        return _repeated(series, timestamps)
    if filler == "LINEAR":
        return _interpolated(series, timestamps)
    if isinstance(filler, dict):
        return filler | series
    if isinstance(filler, list | str):
        raise MathError(f"FILL takes a scalar, a time series, REPEAT or LINEAR, got {_shown(filler)}")
    return constant(filler, timestamps) | series


def _shown(filler: list[Series] | str) -> str:
    return filler if isinstance(filler, str) else type_name(filler)


def _repeated(series: Series, timestamps: range) -> Series:
    points, last = dict(series), None
    for at in timestamps:
        last = series.get(at, last)
        if last is not None:
            points[at] = last
    return points


def _interpolated(series: Series, timestamps: range) -> Series:
    points = dict(series)
    for left, right in pairwise(sorted(series)):
        slope = (series[right] - series[left]) / (right - left)
        for at in timestamps:
            if left < at < right:
                points[at] = series[left] + slope * (at - left)
    return points


def sorted_array(array: list[Series], by: str, order: str, limit: int | None) -> list[Series]:
    """SORT: the array by AVG, MIN, MAX or SUM of each series; series without points come last."""
    if by not in ("AVG", "MIN", "MAX", "SUM") or order not in ("ASC", "DESC"):
        raise MathError(f"SORT takes AVG, MIN, MAX or SUM and ASC or DESC, got {by} and {order}")
    present = [series for series in array if series]
    ranked = sorted(present, key=lambda series: AGGREGATES[by](list(series.values())), reverse=order == "DESC")
    return (ranked + [series for series in array if not series])[:limit]
