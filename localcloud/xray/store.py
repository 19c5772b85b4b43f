"""Recorded segments, by trace; the oldest traces make room for new ones."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

TRACES_KEPT: Final = 2_000
SEGMENTS_PER_TRACE: Final = 500

Segment = dict[str, Any]
"""A segment document, or a subsegment that was sent by itself."""


class BadSegment(Exception):
    """A document that X-Ray would not process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that is recorded under one id."""

    id: str
    segments: tuple[Segment, ...]

    @property
    def start(self) -> float:
        """Epoch seconds."""
        return min(float(segment["start_time"]) for segment in self.segments)

    @property
    def duration(self) -> float:
        """Seconds from the first start to the last end."""
        ends = [float(segment.get("end_time") or segment["start_time"]) for segment in self.segments]
        return max(ends) - self.start

    def parts(self) -> Iterator[Segment]:
        """Every segment and every subsegment."""
        waiting = list(self.segments)
        while waiting:
            part = waiting.pop()
            waiting.extend(part.get("subsegments", []))
            yield part


class SegmentStore:
    """Traces in the order of their first segment; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, dict[str, Segment]] = OrderedDict()

    def put(self, segment: Segment) -> None:
        """Records a segment; a later document of the same id takes the place of an earlier one.

        Raises:
            BadSegment: A required member is missing.
        """
        missing = [name for name in ("id", "trace_id", "name", "start_time") if not segment.get(name)]
        if missing:
            raise BadSegment(f"a segment needs {', '.join(missing)}")
        with self._lock:
            segments = self._traces.setdefault(segment["trace_id"], {})
            if segment["id"] in segments or len(segments) < SEGMENTS_PER_TRACE:
                segments[segment["id"]] = segment
            while len(self._traces) > TRACES_KEPT:
                self._traces.popitem(last=False)

    def traces(self) -> list[Trace]:
        """Every trace that is kept, oldest first."""
        with self._lock:
            return [Trace(id=name, segments=tuple(segments.values())) for name, segments in self._traces.items()]

    def trace(self, trace_id: str) -> Trace | None:
        """One trace; None when it is not, or not any more, kept."""
        with self._lock:
            segments = self._traces.get(trace_id)
            return Trace(id=trace_id, segments=tuple(segments.values())) if segments else None

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._traces.clear()
