"""The live view of a rollout: redrawn in place on a terminal, one line a change elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from canary.cli.output import PHASE_STYLE, VERDICT_STYLE
from canary.controller import Tick
from canary.core.model import FULL_BASIS_POINTS, MetricResult
from canary.core.notices import counted
from canary.core.rollout import Rollout

BAR = 30


class LiveView:
    """Shows ticks on stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._told = 0
        self._trouble = ""

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, tick: Tick) -> None:
        """One tick: its new entries stay on the screen, the state of things below them is redrawn."""
        for entry in tick.decision.entries:
            self._print(f"{entry.at:%H:%M:%S}  {entry.kind:<12} {entry.weight!s:>7}  {entry.reason}")
        trouble = str(tick.trouble or "")
        if trouble and trouble != self._trouble:
            self._print(f"          {trouble}; trying again")
        self._trouble = trouble
        if self._live is not None:
            self._live.update(_panel(tick), refresh=True)

    def narrate(self, text: str) -> None:
        """A line above the view."""
        self._print(text)

    def _print(self, text: str) -> None:
        console = self._live.console if self._live is not None else self._console
        console.print(text)


def _panel(tick: Tick) -> Group:
    rollout = tick.decision.rollout
    return Group(_head(rollout), _counts(rollout), *(_line(result) for result in tick.decision.results))


def _head(rollout: Rollout) -> Text:
    filled = round(BAR * rollout.weight.basis_points / FULL_BASIS_POINTS)
    head = Text(f"{rollout.id}  ")
    head.append(rollout.phase, style=PHASE_STYLE.get(rollout.phase, "bold cyan"))
    head.append(f"  step {rollout.step_index + 1} of {len(rollout.plan.steps)}  ")
    head.append("#" * filled, style="green")
    head.append("-" * (BAR - filled), style="dim")
    head.append(f" {rollout.weight}  ")
    head.append(rollout.verdict, style=VERDICT_STYLE[rollout.verdict])
    return head


def _counts(rollout: Rollout) -> Table:
    table = Table("alias", "version", "answered since the first shift", box=None)
    for leg, counts in zip(rollout.legs, rollout.counts(), strict=True):
        table.add_row(counts.resource, f"{leg.target.stable} stable", counted(counts.stable))
        table.add_row("", f"{leg.target.canary} candidate", counted(counts.canary))
    return table


def _line(result: MetricResult) -> Text:
    line = Text(f"  {result.verdict:<13}", style=VERDICT_STYLE[result.verdict])
    return line.append(f"{result.name}: {result.reason}", style="default")
