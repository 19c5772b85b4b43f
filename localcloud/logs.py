"""Log lines as they come: of a function, from CloudWatch Logs; of the server, from its file."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from localcloud.lifecycle import BAD_INPUT, CommandFailed
from localcloud.running import client_of
from localcloud.settings import DEFAULT_REGION

_PAUSE_SECONDS: Final = 0.5


def function_lines(endpoint: str, function: str, *, follow: bool) -> Iterator[str]:
    """The lines of a function's log group in order of time, each with its time; with `follow` it never ends.

    Raises:
        CommandFailed: There is no such log group.
    """
    logs, group = client_of("logs", endpoint, DEFAULT_REGION), f"/aws/lambda/{function}"
    if group not in [each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]]:
        raise CommandFailed(f"{group} does not exist: invoke the function first, or mend its name", BAD_INPUT)
    seen: set[str] = set()
    while True:
        for event in _events(logs, group):
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                yield _line(event)
        if not follow:
            return
        time.sleep(_PAUSE_SECONDS)


def file_lines(path: Path, *, follow: bool) -> Iterator[str]:
    """The lines of a file; with `follow` it never ends."""
    with path.open() as file:
        while True:
            yield from (line.rstrip("\n") for line in file)
            if not follow:
                return
            time.sleep(_PAUSE_SECONDS)


def _events(logs: Any, group: str) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3 clients are made at run time
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event for page in pages for event in page["events"]]


def _line(event: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{at:%H:%M:%S}.{event['timestamp'] % 1000:03d} {event['message'].rstrip()}"
