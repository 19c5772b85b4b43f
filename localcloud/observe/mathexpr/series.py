"""The values of metric math and how operators meet them: scalars, time series, arrays of time series."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

Series = dict[int, float]
"""Timestamp to value; a timestamp that is absent is a missing data point."""
Value = float | Series | list[Series]
Binary = Callable[[float, float], float]


UNDEFINED: Final = math.nan
"""The scalar that has no value, such as the average of no points: what it meets is dropped."""


class MathError(Exception):
    """An expression that CloudWatch would refuse, or that this implementation cannot compute."""


OPERATORS: Final[Mapping[str, Binary]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": math.pow,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}


def combine(operator: str, left: Value, right: Value) -> Value:
    """`left` and `right` under an operator.

    Between two time series a missing point counts as 0 where the other series has one. A point whose result is no
    finite real number, such as a division by zero, is dropped.

    Raises:
        MathError: Arrays of different lengths.
    """
    if isinstance(left, list) or isinstance(right, list):
        return [_joined(operator, a, b) for a, b in _pairs(operator, left, right)]
    if isinstance(left, dict) or isinstance(right, dict):
        return _joined(operator, left, right)
    result = _finite(OPERATORS[operator], left, right)
    return UNDEFINED if result is None else result


def constant(value: float, timestamps: Iterable[int]) -> Series:
    """The series that is `value` at each of `timestamps`; empty when `value` is undefined."""
    return {} if math.isnan(value) else dict.fromkeys(timestamps, value)


def each(change: Callable[[float], float], value: Value) -> Value:
    """`value` with `change` applied to every data point; points without a finite result are dropped."""
    if isinstance(value, list):
        return [_changed(change, series) for series in value]
    return _changed(change, value) if isinstance(value, dict) else change(value)


def per_series(change: Callable[[Series], Series], value: Value, function: str) -> Value:
    """`change` applied to a time series, or to each of an array."""
    if isinstance(value, list):
        return [change(series) for series in value]
    return change(as_series(value, function))


def as_series(value: Value, function: str) -> Series:
    """`value`, which must be one time series."""
    if not isinstance(value, dict):
        raise MathError(f"{function} needs a time series, got {type_name(value)}")
    return value


def as_array(value: Value, function: str) -> list[Series]:
    """`value`, which must be an array of time series."""
    if not isinstance(value, list):
        raise MathError(f"{function} needs an array of time series, got {type_name(value)}")
    return value


def as_scalar(value: Value, function: str) -> float:
    """`value`, which must be a scalar."""
    if isinstance(value, dict | list):
        raise MathError(f"{function} needs a scalar, got {type_name(value)}")
    return value


def type_name(value: Value) -> str:
    """What `value` is, in a reader's words."""
    if isinstance(value, list):
        return "an array of time series"
    return "a time series" if isinstance(value, dict) else "a scalar"


def _pairs(operator: str, left: Value, right: Value) -> list[tuple[float | Series, float | Series]]:
    size = max(len(side) for side in (left, right) if isinstance(side, list))
    sides = [side if isinstance(side, list) else [side] * size for side in (left, right)]
    if len(sides[0]) != len(sides[1]):
        raise MathError(f"{operator} between arrays of {len(sides[0])} and {len(sides[1])} time series")
    return list(zip(*sides, strict=True))


def _joined(operator: str, left: float | Series, right: float | Series) -> Series:
    compute = OPERATORS[operator]
    timestamps = sorted({timestamp for side in (left, right) if isinstance(side, dict) for timestamp in side})
    points = ((timestamp, _finite(compute, _at(left, timestamp), _at(right, timestamp))) for timestamp in timestamps)
    return {timestamp: value for timestamp, value in points if value is not None}


def _at(side: float | Series, timestamp: int) -> float:
    return side.get(timestamp, 0.0) if isinstance(side, dict) else side


def _finite(compute: Binary, left: float, right: float) -> float | None:
    if math.isnan(left) or math.isnan(right):
        return None
    try:
        result = compute(left, right)
    except (ArithmeticError, ValueError):
        return None
    return result if math.isfinite(result) else None


def _changed(change: Callable[[float], float], series: Series) -> Series:
    points = ((timestamp, _finite(lambda a, _: change(a), value, 0)) for timestamp, value in series.items())
    return {timestamp: value for timestamp, value in points if value is not None}
