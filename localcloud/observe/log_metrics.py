"""Metrics that log lines bring: embedded metric format, and the metric filters of a log group."""

import logging
import math
import time
from collections.abc import Iterable, Sequence

from localcloud.observe import emulator
from localcloud.observe.filter_pattern import PatternError, matcher, selected
from localcloud.observe.metrics import current_store, extract_emf
from localcloud.observe.model import Plain
from localcloud.observe.store import metric_id

_log = logging.getLogger(__name__)


def watching_put_log_events(write: emulator.LogWriter) -> emulator.LogWriter:
    """`write`, with the metrics taken from what it stored."""

    def write_and_watch(request: Plain) -> tuple[int, dict[str, str], bytes]:
        answer = write(request)
        if answer[0] == 200:  # noqa: PLR2004 - HTTP's success
            events = request.get("logEvents", [])
            for event in events:
                extract_emf(event.get("message", ""))
            at = events[0].get("timestamp", time.time() * 1000) / 1000 if events else time.time()
            apply_metric_filters(request["logGroupName"], [event.get("message", "") for event in events], at)
        return answer

    return write_and_watch


def apply_metric_filters(log_group: str, lines: Sequence[str], at: float) -> None:
    """Counts what the metric filters of `log_group` find in `lines`, stamped with `at` in epoch seconds."""
    for stored in emulator.metric_filters(log_group):
        try:
            matches = matcher(stored.get("filterPattern", ""))
        except PatternError as error:
            _log.warning("metric filter %s of %s counts nothing: %s", stored["filterName"], log_group, error)
            continue
        found = [line for line in lines if matches(line)]
        for transformation in stored.get("metricTransformations", []):
            _count(transformation, found, at, has_lines=bool(lines))


def _count(transformation: Plain, lines: Iterable[str], at: float, *, has_lines: bool) -> None:
    """Records one value a matching line, else the default value for a batch without any."""
    counted = False
    for line in lines:
        value = _value(transformation["metricValue"], line)
        if value is not None:
            counted = True
            _record(transformation, value, _dimensions(transformation, line), at)
    default = transformation.get("defaultValue")
    if has_lines and not counted and default is not None and not transformation.get("dimensions"):
        _record(transformation, float(default), {}, at)


def _record(transformation: Plain, value: float, dimensions: dict[str, str], at: float) -> None:
    metric = metric_id(transformation["metricNamespace"], transformation["metricName"], dimensions)
    current_store().record(metric, value, at=at, unit=transformation.get("unit", "None"))


def _value(wanted: str, line: str) -> float | None:
    found = selected(line, wanted) if wanted.startswith("$.") else wanted
    try:
        value = float(str(found))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _dimensions(transformation: Plain, line: str) -> dict[str, str]:
    found = {name: selected(line, selector) for name, selector in transformation.get("dimensions", {}).items()}
    return {name: str(value) for name, value in found.items() if value is not None}
