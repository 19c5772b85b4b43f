"""Computes expressions over the metrics of one query."""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from localcloud.observe.mathexpr.functions import CALENDAR, FUNCTIONS, calendar, filled, sorted_array
from localcloud.observe.mathexpr.series import MathError, Series, Value, as_array, as_scalar, combine, constant, each
from localcloud.observe.mathexpr.syntax import Call, Listing, Name, Negation, Node, Number, Operation, Text

UNSUPPORTED: Final = ("ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SEARCH", "SERVICE_QUOTA")
"""Functions that exist on AWS and need what the embedded cloud has not."""


class Evaluator:
    """The values of all ids of one query.

    Args:
        metrics: The time series of each id that retrieves a metric, in the order of the request.
        periods: The period in seconds of each of those ids.
        expressions: The tree of each id that is an expression.
        timestamps: Every timestamp that a series without gaps has.
    """

    def __init__(
        self,
        metrics: Mapping[str, Series],
        periods: Mapping[str, int],
        expressions: Mapping[str, Node],
        timestamps: range,
    ) -> None:
        self._metrics = metrics
        self._periods = periods
        self._expressions = expressions
        self._timestamps = timestamps
        self._known: dict[str, Value] = dict(metrics)
        self._open: list[str] = []

    def value(self, identifier: str) -> Value:
        """What `identifier` stands for.

        Raises:
            MathError: It is unknown, refers to itself, or its expression has no value.
        """
        if identifier in self._known:
            return self._known[identifier]
        if identifier not in self._expressions:
            raise MathError(f"Unknown id '{identifier}' in a metric math expression")
        if identifier in self._open:
            raise MathError(f"The expression '{identifier}' refers to itself: {' -> '.join([*self._open, identifier])}")
        self._open.append(identifier)
        found = self._known[identifier] = self._of(self._expressions[identifier])
        self._open.pop()
        return found

    def _of(self, node: Node) -> Value:
        match node:
            case Number(value):
                return value
            case Name(identifier):
                return self.value(identifier)
            case Negation(operand):
                return each(lambda value: -value, self._of(operand))
            case Operation(operator, left, right):
                return combine(operator, self._of(left), self._of(right))
            case Listing(items):
                return self._array(items)
            case Call(function, arguments):
                return self._call(function, arguments)
            case Text(value):
                raise MathError(f'The text "{value}" has no value of its own')
        assert_never(node)

    def _array(self, items: tuple[Node, ...]) -> list[Series]:
        found: list[Series] = []
        for item in items:
            value = self._of(item)
            if isinstance(value, float):
                found.append(constant(value, self._timestamps))
            else:
                found.extend(value if isinstance(value, list) else [value])
        return found

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Value:
        if function in FUNCTIONS:
            counts, compute = FUNCTIONS[function]
            _expect(function, arguments, counts)
            return compute([self._of(argument) for argument in arguments])
        if function in CALENDAR:
            _expect(function, arguments, range(1, 2))
            self._of(arguments[0])
            return calendar(function, self._timestamps)
        if function in self._queries:
            return self._queries[function](arguments)
        raise _unsupported(function)

    @property
    def _queries(self) -> Mapping[str, Callable[[tuple[Node, ...]], Value]]:
        """The functions that need the query around them."""
        return {
            "METRICS": self._matching,
            "FILL": self._fill,
            "PERIOD": self._period,
            "SORT": self._sort,
            "TIME_SERIES": self._time_series,
        }

    def _time_series(self, arguments: tuple[Node, ...]) -> Series:
        _expect("TIME_SERIES", arguments, range(1, 2))
        return constant(as_scalar(self._of(arguments[0]), "TIME_SERIES"), self._timestamps)

    def _matching(self, arguments: tuple[Node, ...]) -> list[Series]:
        _expect("METRICS", arguments, range(2))
        part = arguments[0] if arguments else Text("")
        if not isinstance(part, Text):
            raise MathError('METRICS takes a text in quotes, such as METRICS("errors")')
        return [series for identifier, series in self._metrics.items() if part.value in identifier]

    def _fill(self, arguments: tuple[Node, ...]) -> Value:
        _expect("FILL", arguments, range(2, 3))
        value, filler = self._of(arguments[0]), arguments[1]
        word = filler.value if isinstance(filler, Name) and filler.value in ("REPEAT", "LINEAR") else None
        how = word or self._of(filler)
        if isinstance(value, list):
            return [filled(series, how, self._timestamps) for series in value]
        if isinstance(value, float):
            raise MathError("FILL needs a time series or an array of time series, got a scalar")
        return filled(value, how, self._timestamps)

    def _period(self, arguments: tuple[Node, ...]) -> float:
        _expect("PERIOD", arguments, range(1, 2))
        metric = arguments[0]
        if not isinstance(metric, Name) or metric.value not in self._periods:
            raise MathError("PERIOD takes the id of a metric, not of an expression")
        return float(self._periods[metric.value])

    def _sort(self, arguments: tuple[Node, ...]) -> list[Series]:
        _expect("SORT", arguments, range(3, 5))
        by, order = arguments[1], arguments[2]
        if not isinstance(by, Name) or not isinstance(order, Name):
            raise MathError("SORT takes AVG, MIN, MAX or SUM and ASC or DESC")
        limit = int(as_scalar(self._of(arguments[3]), "SORT")) if len(arguments) > 3 else None  # noqa: PLR2004 - optional
        return sorted_array(as_array(self._of(arguments[0]), "SORT"), by.value, order.value, limit)


def _expect(function: str, arguments: tuple[Node, ...], counts: range) -> None:
    if len(arguments) not in counts:
        wanted = " or ".join(str(count) for count in counts)
        raise MathError(f"{function} takes {wanted} arguments, got {len(arguments)}")


def _unsupported(function: str) -> MathError:
    if function in UNSUPPORTED:
        return MathError(f"The function {function} is not supported by the embedded cloud")
    return MathError(f"The function {function} does not exist; functions are written in upper case")
