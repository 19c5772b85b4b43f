"""Log events into CloudWatch Logs of the embedded cloud, bounded, with the metrics that they carry."""

import threading
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from localcloud import seams
from localcloud.observe.log_metrics import apply_metric_filters
from localcloud.observe.metrics import extract_emf

EVENTS_PER_STREAM: Final = 5_000
"""The newest events kept of a stream that localcloud writes to; twice as many may be there between two trims."""
STREAMS_PER_GROUP: Final = 200
"""The newest streams kept of such a group."""

_creating: Final = threading.Lock()


def write_log(group: str, stream: str, lines: Sequence[str], *, at: float) -> None:
    """Appends `lines` to a log stream of the current account and region; group and stream are made where missing.

    A group that exists keeps its retention, tags and subscription filters.

    Args:
        group: Log group name.
        stream: Log stream name.
        lines: One log event each.
        at: Epoch seconds.
    """
    common = {"timestamp": int(at * 1000), "ingestionTime": int(time.time() * 1000)}
    events = [{**common, "message": line, "eventId": uuid4().hex} for line in lines]
    target = _stream(group, stream)
    seams.append_log_events(target, events)
    if len(target["events"]) > 2 * EVENTS_PER_STREAM:
        target["events"] = target["events"][-EVENTS_PER_STREAM:]
    for line in lines:
        extract_emf(line)
    apply_metric_filters(group, lines, at)
    seams.fan_out_log_events(group, stream, events)


def _stream(group: str, name: str) -> dict[str, Any]:
    groups = seams.log_groups.value
    with _creating:
        if group not in groups:
            seams.create_log_group({"logGroupName": group})
        streams: dict[str, dict[str, Any]] = groups[group]["streams"]
        if name not in streams:
            seams.create_log_stream({"logGroupName": group, "logStreamName": name})
            for oldest in list(streams)[:-STREAMS_PER_GROUP]:
                del streams[oldest]
        return streams[name]
