"""Shows a deployment: what runs now on stderr, what was done as a table on stdout, or all of it as JSON."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from localcloud.engine.diff import Operation
from localcloud.engine.events import Emit, Event, MessageEvent, Severity, Status
from localcloud.engine.jobs import Change, Result
from localcloud.engine.values import SECRET_MASK

_STYLES: Final = {
    Operation.CREATE: "green",
    Operation.RECREATE: "green",
    Operation.UPDATE: "yellow",
    Operation.REPLACE: "magenta",
    Operation.DELETE: "red",
    Operation.FORGET: "cyan",
    Operation.READ: "cyan",
    Operation.SAME: "dim",
}
_ORDER: Final = tuple(_STYLES)
_NAMES_SHOWN: Final = 4


class Progress:
    """Narrates events on stderr: a live line of what runs now on a terminal, one line a finished change elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: dict[str, Operation] = {}
        self._finished = 0
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None

    @contextmanager
    def shown(self) -> Iterator[Emit]:
        """The function to give events to, for as long as the block lasts."""
        if self._live is None:
            yield self._tell
            return
        with self._live:
            yield self._tell

    def _tell(self, event: Event) -> None:
        if isinstance(event, MessageEvent):
            style = {Severity.WARNING: "yellow", Severity.ERROR: "red"}.get(event.severity, "dim")
            self._console.print(Text(event.text, style=style))
            return
        if event.status is Status.STARTED:
            self._running[event.urn] = event.operation
        else:
            self._running.pop(event.urn, None)
            self._finished += 1
            if self._live is None and event.operation is not Operation.SAME:
                mark = "failed" if event.status is Status.FAILED else f"{event.seconds:.1f} s"
                self._console.print(
                    f"{event.operation} {event.name} ({short_kind(event.kind)}) {mark}", highlight=False
                )
        self._refresh()

    def _refresh(self) -> None:
        if self._live is None:
            return
        names = [f"{operation} {urn.rsplit('::', 1)[-1]}" for urn, operation in list(self._running.items())]
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        self._live.update(Text(f"{self._finished} done; {', '.join(names[:_NAMES_SHOWN])}{more}"), refresh=True)


def print_result(console: Console, result: Result, *, title: str, show_secrets: bool) -> None:
    """A table of what changed, the stack's outputs, and one line of counts."""
    changes = [change for change in result.changes if change.operation is not Operation.SAME]
    if changes:
        console.print(_change_table(title, changes))
    if result.outputs:
        console.print(_output_table(shown_outputs(result, show_secrets=show_secrets)))
    console.print(f"{summary(result)} in {result.seconds:.1f} s", highlight=False)


def result_document(result: Result, stack: str, *, show_secrets: bool) -> dict[str, Any]:
    """The result as a JSON object: ``stack``, ``changes``, ``counts``, ``outputs``, ``seconds``."""
    return {
        "stack": stack,
        "changes": [asdict(change) for change in result.changes],
        "counts": {str(operation): count for operation, count in _counts(result).items()},
        "outputs": shown_outputs(result, show_secrets=show_secrets),
        "seconds": round(result.seconds, 3),
    }


def shown_outputs(result: Result, *, show_secrets: bool) -> dict[str, Any]:
    """The outputs, the secret ones masked unless asked for."""
    hidden = frozenset[str]() if show_secrets else result.secret_outputs
    return {name: SECRET_MASK if name in hidden else result.outputs[name] for name in sorted(result.outputs)}


def summary(result: Result) -> str:
    """``3 create, 1 update, 20 same``; says so when there is nothing."""
    counts = _counts(result)
    return ", ".join(f"{counts[operation]} {operation}" for operation in counts) or "no resources"


def short_kind(kind: str) -> str:
    """``aws:lambda/function:Function`` as ``lambda.Function``."""
    _, _, rest = kind.partition(":")
    module, _, name = rest.partition(":")
    return f"{module.split('/')[0]}.{name}"


def _counts(result: Result) -> dict[Operation, int]:
    found = Counter(change.operation for change in result.changes)
    return {operation: found[operation] for operation in _ORDER if found[operation]}


def _change_table(title: str, changes: list[Change]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in ("operation", "type", "name", "changed"):
        table.add_column(heading, overflow="fold")
    for change in sorted(changes, key=lambda each: _ORDER.index(each.operation)):
        operation = Text(change.operation, style=_STYLES[change.operation])
        table.add_row(operation, short_kind(change.kind), change.name, Text(", ".join(change.changed)))
    return table


def _output_table(outputs: dict[str, Any]) -> Table:
    table = Table(title="Outputs", title_justify="left", show_header=False)
    table.add_column("name", style="bold")
    table.add_column("value", overflow="fold")
    for name, value in outputs.items():
        table.add_row(name, Text(value if isinstance(value, str) else json.dumps(value)))
    return table
