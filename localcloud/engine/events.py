"""What a deployment reports while it runs, as values that survive a pipe."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from localcloud.engine.diff import Operation


class Status(StrEnum):
    """Where an operation stands."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


class Severity(StrEnum):
    """How loud a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEvent:
    """One resource's operation began, ended or failed."""

    status: Status
    operation: Operation
    urn: str
    kind: str
    name: str
    changed: tuple[str, ...] = ()
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent:
    """A line that the program or the engine says."""

    severity: Severity
    text: str


Event: TypeAlias = ResourceEvent | MessageEvent
Emit: TypeAlias = Callable[[Event], None]


def event_to_json(event: Event) -> str:
    """One line of JSON."""
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def event_from_json(document: Mapping[str, Any]) -> Event:
    """The event of `event_to_json`'s line, parsed."""
    fields = {key: value for key, value in document.items() if key != "event"}
    if document["event"] == MessageEvent.__name__:
        return MessageEvent(severity=Severity(fields["severity"]), text=fields["text"])
    status, operation = Status(fields.pop("status")), Operation(fields.pop("operation"))
    return ResourceEvent(status=status, operation=operation, changed=tuple(fields.pop("changed")), **fields)
