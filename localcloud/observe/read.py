"""GetMetricData, GetMetricStatistics and ListMetrics."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from localcloud.observe.errors import (
    ApiError,
    invalid_combination,
    missing_parameter,
    validation_error,
)
from localcloud.observe.mathexpr import MathError
from localcloud.observe.model import Plain
from localcloud.observe.queries import checked_period, metric_of, parse_queries
from localcloud.observe.query import MetricQuery, Query, Span, Timeline, answers
from localcloud.observe.samples import Samples
from localcloud.observe.statistics import Statistic, parse_statistic
from localcloud.observe.store import MetricId, MetricStore

QUERIES_PER_REQUEST: Final = 500
POINTS_PER_REQUEST: Final = 100_800
STATISTICS_POINTS: Final = 1440
METRICS_PER_PAGE: Final = 500
RECENT: Final = 3 * 3600


@dataclass(frozen=True, slots=True)
class _Line:
    """One time series of the answer, in the order that was asked for."""

    identifier: str
    label: str
    points: list[tuple[int, float]]


def get_metric_data(request: Plain, store: MetricStore) -> Plain:
    """The points of every query with ReturnData, at most `POINTS_PER_REQUEST` or MaxDatapoints on one page.

    Raises:
        ApiError: A query, span or token that CloudWatch refuses.
    """
    if len(request["MetricDataQueries"]) > QUERIES_PER_REQUEST:
        raise validation_error(f"MetricDataQueries must not have more than {QUERIES_PER_REQUEST} members.")
    queries = parse_queries(request["MetricDataQueries"])
    limit = request.get("MaxDatapoints", POINTS_PER_REQUEST)
    if not 1 <= limit <= POINTS_PER_REQUEST:
        raise validation_error(f"MaxDatapoints must be 1 to {POINTS_PER_REQUEST}, it is {limit}.")
    descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    try:
        lines = list(_lines(queries, store, _span(request), descending=descending))
    except MathError as error:
        raise validation_error(str(error)) from error
    return _page(lines, _offset(request.get("NextToken")), limit)


def _span(request: Plain) -> Span:
    start, end = int(request["StartTime"]), int(-(-request["EndTime"] // 1))
    if start >= end:
        raise validation_error("The parameter StartTime must be less than the parameter EndTime.")
    return Span(start, end)


def _lines(queries: Sequence[Query], store: MetricStore, span: Span, *, descending: bool) -> Iterator[_Line]:
    values = answers(queries, Timeline(store.read), span.aligned)
    for query in queries:
        value = values.get(query.identifier, [])
        for series in value if isinstance(value, list) else [value]:
            if isinstance(series, dict):
                yield _Line(query.identifier, _label(query), sorted(series.items(), reverse=descending))


def _label(query: Query) -> str:
    if query.label is not None:
        return query.label
    return query.metric.name if isinstance(query, MetricQuery) else query.identifier


def _page(lines: list[_Line], offset: int, limit: int) -> Plain:
    results, position = [], 0
    for line in lines:
        first, last = max(offset - position, 0), offset + limit - position
        shown, size = line.points[first:last] if last > 0 else [], len(line.points)
        if shown or (not size and offset <= position < offset + limit):
            results.append(
                {
                    "Id": line.identifier,
                    "Label": line.label,
                    "Timestamps": [at for at, _ in shown],
                    "Values": [value for _, value in shown],
                    "StatusCode": "Complete" if last >= size else "PartialData",
                }
            )
        position += size
    token = _token(offset + limit) if position > offset + limit else None
    return {"MetricDataResults": results, "NextToken": token, "Messages": []}


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps(offset).encode()).decode()


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise ApiError("InvalidNextToken", f"The token {token} is not one of this API.") from error


def get_metric_statistics(request: Plain, store: MetricStore) -> Plain:
    """The asked statistics of one metric for each period that has data, oldest first.

    Raises:
        ApiError: No statistic, more than 1440 points, or a rule that GetMetricData shares.
    """
    basic, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if not basic and not extended:
        raise missing_parameter("The parameter Statistics or ExtendedStatistics is required.")
    period, span = checked_period(request["Period"]), _span(request)
    if (span.end - span.start) / period > STATISTICS_POINTS:
        raise invalid_combination(
            f"You have requested more than the limit of {STATISTICS_POINTS} datapoints: "
            "use a longer Period or a shorter span."
        )
    timeline = Timeline(store.read)
    buckets = timeline.buckets(metric_of(request), period, span.aligned(period), request.get("Unit"))
    unit = request.get("Unit") or next(iter(store.units(metric_of(request))), "None")
    statistics = {text: parse_statistic(text) for text in [*basic, *extended]}
    points = [_datapoint(at, samples, statistics, unit) for at, samples in sorted(buckets.items())]
    return {"Label": request["MetricName"], "Datapoints": points}


def _datapoint(at: int, samples: Samples, statistics: dict[str, Statistic], unit: str) -> Plain:
    values = {text: (statistic, statistic.of(samples)) for text, statistic in statistics.items()}
    known = {text: value for text, (statistic, value) in values.items() if statistic.is_basic and value is not None}
    extended = {
        text: value for text, (statistic, value) in values.items() if not statistic.is_basic and value is not None
    }
    return {"Timestamp": at, "Unit": unit, **known, "ExtendedStatistics": extended or None}


def list_metrics(request: Plain, store: MetricStore, now: float) -> Plain:
    """The metrics that match namespace, name and dimension filters, 500 on a page.

    A dimension filter without a value matches any value; a metric may have more dimensions than are filtered for.
    """
    recent = now - RECENT if request.get("RecentlyActive") else None
    found = [
        metric
        for metric in store.metrics()
        if request.get("Namespace") in (None, metric.namespace)
        and request.get("MetricName") in (None, metric.name)
        and all(_has(metric, wanted) for wanted in request.get("Dimensions", []))
        and (recent is None or (store.last_second(metric) or 0) >= recent)
    ]
    offset = _offset(request.get("NextToken"))
    following = offset + METRICS_PER_PAGE
    return {
        "Metrics": [_described(metric) for metric in found[offset:following]],
        "NextToken": _token(following) if len(found) > following else None,
    }


def _has(metric: MetricId, wanted: Plain) -> bool:
    return any(name == wanted["Name"] and wanted.get("Value") in (None, value) for name, value in metric.dimensions)


def _described(metric: MetricId) -> Plain:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
