"""The MetricSource on CloudWatch: counts by version from the function's own metrics and from Lambda's standard ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from canary import schema
from canary.aws.clients import aws_errors
from canary.core.errors import Unavailable
from canary.core.leg import MetricPath
from canary.core.model import AliasName, Counts, MetricWindow, Target, Version
from canary.ports import REPORTED_WITHIN, WindowQuery

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        MetricDataQueryTypeDef,
        MetricStatTypeDef,
        MetricTypeDef,
    )

QUERIES_A_CALL: Final = 500
"""GetMetricData's own limit."""
GRACE_PERIODS: Final = 3
"""Periods after which a count that came alone (requests without errors) is taken as it is, and marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PathSource:
    """How a metric path is read: its three statistics, and how long after its end a period counts as complete."""

    namespace: str
    requests: str
    errors: str
    slow: str
    slow_statistic: str
    sealed_after: timedelta


_SOURCES: Final = {
    MetricPath.EMF: _PathSource(
        namespace=schema.METRIC_NAMESPACE,
        requests=schema.REQUESTS,
        errors=schema.FAULTS,
        slow=schema.SLOW_REQUESTS,
        slow_statistic="Sum",
        sealed_after=timedelta(seconds=10),
    ),
    MetricPath.LAMBDA: _PathSource(
        namespace="AWS/Lambda",
        requests="Invocations",
        errors="Errors",
        slow="Duration",
        slow_statistic=f"PR(:{schema.SLOW_AFTER_MS})",
        sealed_after=timedelta(seconds=60),
    ),
}

Series = dict[datetime, float]


class CloudWatchMetrics:
    """Reads counts with `GetMetricData`, up to 500 metrics a call: six metrics for each target and path."""

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def read_windows(self, queries: Sequence[WindowQuery], now: datetime) -> tuple[tuple[MetricWindow, ...], ...]:
        """The sealed periods of every query; one call for each 83 queries (and page)."""
        if not queries:
            return ()
        asked = [entry for index, query in enumerate(queries) for entry in _entries(index, query.target, query.path)]
        since = min(_floor(query.since, query.path.period) for query in queries)
        series = self._read(asked, since, now)
        return tuple(_windows(index, query, series, now) for index, query in enumerate(queries))

    def has_reported(self, target: Target, path: MetricPath, now: datetime) -> bool:
        """One call, of one metric for each version and alias; hours of one-minute data, which are kept for 15 days."""
        source = _SOURCES[path]
        aliases = (target.alias, *([target.preview_alias] if target.preview_alias is not None else []))
        places = [(alias, version) for alias in aliases for version in (target.stable, target.canary)]
        entries = [
            _entry(f"m{number}", source.namespace, source.requests, "Sum", _dimensions(target, *place), 3600)
            for number, place in enumerate(places)
        ]
        return any(self._read(entries, now - REPORTED_WITHIN, now).values())

    def _read(self, asked: "Sequence[MetricDataQueryTypeDef]", since: datetime, now: datetime) -> dict[str, Series]:
        series: dict[str, Series] = {}
        for chunk in _chunks(asked):
            for identity, timestamps, values in self._pages(chunk, since, now):
                series.setdefault(identity, {}).update(zip(timestamps, values, strict=True))
        return series

    def _pages(
        self, asked: "Sequence[MetricDataQueryTypeDef]", since: datetime, now: datetime
    ) -> Iterator[tuple[str, list[datetime], list[float]]]:
        pages = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=list(asked), StartTime=since, EndTime=now, ScanBy="TimestampAscending"
        )
        with aws_errors("reading metrics"):
            for page in pages:
                for result in page["MetricDataResults"]:
                    if result["StatusCode"] in ("InternalError", "Forbidden"):
                        raise Unavailable(f"reading metrics: CloudWatch answered {result['StatusCode']}")
                    yield result["Id"], [at.astimezone(UTC) for at in result["Timestamps"]], list(result["Values"])


def _entries(index: int, target: Target, path: MetricPath) -> "Iterator[MetricDataQueryTypeDef]":
    source = _SOURCES[path]
    seconds = int(path.period.total_seconds())
    for arm, version in (("stable", target.stable), ("canary", target.canary)):
        dimensions = _dimensions(target, target.alias, version)
        for name, metric, statistic in (
            ("requests", source.requests, "Sum"),
            ("errors", source.errors, "Sum"),
            ("slow", source.slow, source.slow_statistic),
        ):
            identity = f"{arm}_{name}_{index}"
            yield _entry(identity, source.namespace, metric, statistic, dimensions, seconds)


def _entry(  # noqa: PLR0917 - the parts of one query, in CloudWatch's order
    identity: str, namespace: str, metric: str, statistic: str, dimensions: "list[DimensionTypeDef]", seconds: int
) -> "MetricDataQueryTypeDef":
    named: MetricTypeDef = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    read: MetricStatTypeDef = {"Metric": named, "Period": seconds, "Stat": statistic}
    return {"Id": identity, "MetricStat": read, "ReturnData": True}


def _dimensions(target: Target, alias: AliasName, version: Version) -> "list[DimensionTypeDef]":
    values = (target.function, f"{target.function}:{alias}", version)
    return [{"Name": name, "Value": value} for name, value in zip(schema.METRIC_DIMENSIONS, values, strict=True)]


def _windows(index: int, query: WindowQuery, series: dict[str, Series], now: datetime) -> tuple[MetricWindow, ...]:
    period = query.path.period
    sealed_after = _SOURCES[query.path].sealed_after
    windows = list[MetricWindow]()
    start = _floor(query.since, period)
    while start + period + sealed_after <= now:
        is_settled = now - start > period * GRACE_PERIODS + sealed_after
        stable, is_stable_partial = _counts("stable", index, query.path, series, start)
        canary, is_canary_partial = _counts("canary", index, query.path, series, start)
        is_partial = is_stable_partial or is_canary_partial
        if is_partial and not is_settled:
            break
        windows.append(MetricWindow(start=start, period=period, stable=stable, canary=canary, partial=is_partial))
        start += period
    return tuple(windows)


def _counts(arm: str, index: int, path: MetricPath, series: dict[str, Series], start: datetime) -> tuple[Counts, bool]:
    """One version's counts in one period, and whether only a part of them has come in."""
    requests, errors, slow = (
        series.get(f"{arm}_{name}_{index}", {}).get(start) for name in ("requests", "errors", "slow")
    )
    if requests is None:
        return Counts(), False
    counts = Counts(requests=round(requests), errors=round(errors or 0), slow=_slow(path, requests, slow))
    return counts, errors is None or slow is None


def _slow(path: MetricPath, requests: float, read: float | None) -> int | None:
    """Slow requests: a count, or by Lambda's metrics the rest of the percentage that was fast enough."""
    if read is None:
        return None
    return round(requests * (1 - read / 100)) if path is MetricPath.LAMBDA else round(read)


def _floor(at: datetime, period: timedelta) -> datetime:
    seconds = int(period.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=UTC)


def _chunks(asked: "Sequence[MetricDataQueryTypeDef]") -> "Iterator[Sequence[MetricDataQueryTypeDef]]":
    for start in range(0, len(asked), QUERIES_A_CALL):
        yield asked[start : start + QUERIES_A_CALL]
