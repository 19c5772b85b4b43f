"""PutMetricData: points that a caller publishes itself."""

import math
from collections.abc import Iterator
from typing import Any, Final

from localcloud.observe.errors import (
    ApiError,
    invalid_combination,
    invalid_value,
    missing_parameter,
    validation_error,
)
from localcloud.observe.model import Plain
from localcloud.observe.queries import parse_dimensions
from localcloud.observe.samples import StatisticSet
from localcloud.observe.store import MINUTE, MetricStore, is_timely, metric_id

DATA_PER_REQUEST: Final = 1000
VALUES_PER_DATUM: Final = 150
LARGEST: Final = 2.0**360


def put_metric_data(request: Plain, store: MetricStore, now: float) -> Plain:
    """Stores every point of the request, or none.

    Raises:
        ApiError: A rule of PutMetricData that the request breaks, with the position of the datum.
    """
    namespace = request["Namespace"]
    if namespace.startswith("AWS/"):
        raise invalid_value(f"The value {namespace} for parameter Namespace is invalid: AWS/ is reserved.")
    data = [*request.get("MetricData", []), *_entity_data(request)]
    if not data:
        raise missing_parameter("The parameter MetricData is required.")
    if len(data) > DATA_PER_REQUEST:
        raise validation_error(f"The collection MetricData must not have a size greater than {DATA_PER_REQUEST}.")
    for position, datum in enumerate(data, 1):
        _check(datum, f"MetricData.member.{position}", now)
    for datum in data:
        _store(namespace, datum, store, now)
    return {}


def _entity_data(request: Plain) -> Iterator[Plain]:
    for entity in request.get("EntityMetricData", []):
        yield from entity.get("MetricData", [])


def _check(datum: Plain, where: str, now: float) -> None:
    if sum(name in datum for name in ("Value", "Values", "StatisticValues")) != 1:
        raise invalid_combination(f"{where} needs exactly one of Value, Values and StatisticValues.")
    values, counts = datum.get("Values", []), datum.get("Counts")
    if "Values" in datum and not 1 <= len(values) <= VALUES_PER_DATUM:
        raise invalid_value(f"{where}.Values must hold 1 to {VALUES_PER_DATUM} values, it holds {len(values)}.")
    if counts is not None and len(counts) != len(values):
        raise invalid_value(f"{where}: Counts holds {len(counts)} entries for {len(values)} Values.")
    if datum.get("StorageResolution", MINUTE) not in (1, MINUTE):
        raise invalid_value(f"{where}.StorageResolution must be 1 or {MINUTE}, it is {datum['StorageResolution']}.")
    if not is_timely(datum.get("Timestamp", now), now):
        raise invalid_value(f"{where}.Timestamp must be at most two weeks old and two hours in the future.")
    for number in _numbers(datum):
        if not math.isfinite(number) or abs(number) > LARGEST:
            raise invalid_value(f"The value {number} in {where} is invalid: it must lie between -2^360 and 2^360.")
    _check_counts(datum, where)


def _check_counts(datum: Plain, where: str) -> None:
    published = datum.get("StatisticValues")
    if any(count < 0 for count in datum.get("Counts", [])):
        raise _below(where, "Counts")
    if published and published["SampleCount"] <= 0:
        raise _below(where, "StatisticValues.SampleCount")
    if published and published["Minimum"] > published["Maximum"]:
        raise invalid_combination(f"{where}.StatisticValues has a Minimum above its Maximum.")


def _below(where: str, name: str) -> ApiError:
    return invalid_value(f"{where}.{name} must be positive.")


def _numbers(datum: Plain) -> list[float]:
    published: dict[str, Any] = datum.get("StatisticValues", {})
    single = [datum["Value"]] if "Value" in datum else []
    return [*single, *datum.get("Values", []), *datum.get("Counts", []), *published.values()]


def _store(namespace: str, datum: Plain, store: MetricStore, now: float) -> None:
    metric = metric_id(namespace, datum["MetricName"], parse_dimensions(datum.get("Dimensions")))
    at, unit = datum.get("Timestamp", now), datum.get("Unit", "None")
    high_resolution = datum.get("StorageResolution") == 1
    if published := datum.get("StatisticValues"):
        summary = StatisticSet(
            count=published["SampleCount"],
            total=published["Sum"],
            minimum=published["Minimum"],
            maximum=published["Maximum"],
        )
        store.record_set(metric, summary, at=at, unit=unit, high_resolution=high_resolution)
        return
    values = datum.get("Values") or [datum["Value"]]
    counts = datum.get("Counts") or [1.0] * len(values)
    for value, count in zip(values, counts, strict=True):
        store.record(metric, value, at=at, unit=unit, count=count, high_resolution=high_resolution)
