"""What is asked of the engine, and what it answers, as values that cross a process boundary."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localcloud.engine.diff import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Run one program against one stack of the embedded cloud."""

    project: str
    root: Path
    program: Path
    stack: str
    config: Mapping[str, str]
    endpoint: str
    instance: str
    home: Path
    preview: bool

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), default=str)


def job_from_json(text: str) -> Job:
    """The job of `Job.to_json`."""
    fields: dict[str, Any] = json.loads(text)
    return Job(**(fields | {name: Path(fields[name]) for name in ("root", "program", "home")}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was done, or would be done, to one resource."""

    operation: Operation
    urn: str
    kind: str
    name: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended."""

    changes: tuple[Change, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs in plain text: treat those named in `secret_outputs` as secrets."""
    secret_outputs: frozenset[str] = frozenset()
    seconds: float = 0.0

    def count(self, operation: Operation) -> int:
        """How many resources had this operation."""
        return sum(change.operation is operation for change in self.changes)

    @property
    def is_noop(self) -> bool:
        """Whether nothing changed."""
        return all(change.operation in (Operation.SAME, Operation.READ) for change in self.changes)
