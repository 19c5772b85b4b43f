"""Metrics inside log lines: the embedded metric format. Pure.

Rules as in the CloudWatch user guide, "Specification: Embedded metric format": a log line is one JSON object, after
what Lambda's logger may put before it; each directive names a namespace, dimension sets and metrics; values are members
of the root object; what breaks a rule is dropped, never guessed.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from localcloud.observe.store import MetricId, metric_id

_MARK: Final = '"CloudWatchMetrics"'
_LOGGER_PREFIX: Final = re.compile(r"^(?:\[[A-Z]+\]\t)?\d{4}-\d\d-\d\dT[\d:.]+Z\t[\w-]+\t(?=\{)")
METRICS_PER_DIRECTIVE: Final = 100
DIMENSIONS_PER_SET: Final = 30
VALUES_PER_METRIC: Final = 100
DIMENSION_VALUE_LENGTH: Final = 1024
DOCUMENT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedMetric:
    """One metric of one dimension set, as a log line carries it. `at` is epoch seconds."""

    metric: MetricId
    values: tuple[float, ...]
    unit: str
    high_resolution: bool
    at: float


def embedded_metrics(line: str) -> list[EmbeddedMetric]:
    """The metrics that `line` carries; none when it is not one whole JSON object with metric directives."""
    document = _document(line)
    root = document.get("_aws")
    if not isinstance(root, dict) or (at := _number(root.get("Timestamp"))) is None:
        return []
    directives = root.get("CloudWatchMetrics")
    return [
        found
        for directive in (directives if isinstance(directives, list) else [])
        if isinstance(directive, dict)
        for found in _directive_metrics(directive, document, at / 1000)
    ]


def _document(line: str) -> dict[str, object]:
    if _MARK not in line or len(line) > DOCUMENT_BYTES:
        return {}
    try:
        parsed = json.loads(_LOGGER_PREFIX.sub("", line, count=1))
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _directive_metrics(
    directive: dict[str, object], document: dict[str, object], at: float
) -> Iterator[EmbeddedMetric]:
    namespace, wanted = directive.get("Namespace"), directive.get("Metrics")
    if not isinstance(namespace, str) or not namespace or not isinstance(wanted, list):
        return
    for dimensions in _dimension_sets(directive.get("Dimensions"), document):
        for definition in wanted[:METRICS_PER_DIRECTIVE]:
            if isinstance(definition, dict) and isinstance(name := definition.get("Name"), str):
                values = _values(document.get(name))
                if values:
                    yield EmbeddedMetric(
                        metric=metric_id(namespace, name, dimensions),
                        values=values,
                        unit=str(definition.get("Unit") or "None"),
                        high_resolution=definition.get("StorageResolution") == 1,
                        at=at,
                    )


def _dimension_sets(sets: object, document: dict[str, object]) -> Iterator[dict[str, str]]:
    for keys in sets if isinstance(sets, list) else []:
        if not isinstance(keys, list) or len(keys) > DIMENSIONS_PER_SET:
            continue
        found = {key: document.get(key) for key in keys if isinstance(key, str)}
        named = {key: value for key, value in found.items() if isinstance(value, str) and value}
        if len(named) == len(keys) and all(len(value) <= DIMENSION_VALUE_LENGTH for value in named.values()):
            yield named


def _values(member: object) -> tuple[float, ...]:
    values = [_number(value) for value in (member if isinstance(member, list) else [member])]
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) <= VALUES_PER_METRIC else ()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
