"""Metric data queries as the API writes them, by the rules that GetMetricData and alarms share. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from localcloud.observe.errors import invalid_combination, missing_parameter, validation_error
from localcloud.observe.mathexpr import MathError, parse
from localcloud.observe.model import Plain
from localcloud.observe.query import MathQuery, MetricQuery, Query
from localcloud.observe.statistics import parse_statistic
from localcloud.observe.store import MINUTE, MetricId, metric_id

_IDENTIFIER: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
SHORT_PERIODS: Final = (1, 5, 10, 20, 30)


def parse_queries(items: Sequence[Plain]) -> list[Query]:
    """The queries of a request, in its order.

    Raises:
        ApiError: An id, a period, a statistic or an expression that CloudWatch refuses.
    """
    queries = [_query(item) for item in items]
    identifiers = [query.identifier for query in queries]
    for identifier in identifiers:
        if not _IDENTIFIER.fullmatch(identifier):
            raise validation_error(
                f"Id '{identifier}' is not valid: a lower-case letter, then letters, digits, underscores."
            )
        if identifiers.count(identifier) > 1:
            raise validation_error(f"The Id '{identifier}' is not unique in the request.")
    return queries


def parse_dimensions(items: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Dimensions as a mapping.

    Raises:
        ApiError: ``InvalidParameterValue`` for one that is named twice.
    """
    listed = list(items or [])
    found = {item["Name"]: item["Value"] for item in listed}
    if len(found) < len(listed):
        raise invalid_combination("A dimension is named twice.")
    return found


def metric_of(item: Plain) -> MetricId:
    """The metric that a request names by Namespace, MetricName and Dimensions."""
    return metric_id(item.get("Namespace", ""), item.get("MetricName", ""), parse_dimensions(item.get("Dimensions")))


def checked_period(period: int) -> int:
    """`period`, when CloudWatch can read at it: 1, 5, 10, 20, 30 or a multiple of 60 seconds."""
    if period not in SHORT_PERIODS and period % MINUTE:
        raise validation_error(f"The period {period} is not valid: use 1, 5, 10, 20, 30 or a multiple of 60 seconds.")
    return period


def _query(item: Plain) -> Query:
    identifier, stat, expression = item["Id"], item.get("MetricStat"), item.get("Expression")
    if (stat is None) == (expression is None):
        raise invalid_combination(f"Query '{identifier}' needs either MetricStat or Expression.")
    label, returned = item.get("Label"), item.get("ReturnData", True)
    if stat is None:
        period = item.get("Period")
        return MathQuery(
            identifier=identifier,
            expression=_parsable(str(expression)),
            period=None if period is None else checked_period(period),
            label=label,
            returned=returned,
        )
    if not stat["Metric"].get("Namespace") or not stat["Metric"].get("MetricName"):
        raise missing_parameter(f"Query '{identifier}' needs Namespace and MetricName in MetricStat.Metric.")
    return MetricQuery(
        identifier=identifier,
        metric=metric_of(stat["Metric"]),
        period=checked_period(stat["Period"]),
        statistic=parse_statistic(stat["Stat"]),
        stat_text=stat["Stat"],
        unit=stat.get("Unit"),
        label=label,
        returned=returned,
    )


def _parsable(expression: str) -> str:
    try:
        parse(expression)
    except MathError as error:
        raise validation_error(str(error)) from error
    return expression
