"""`canary judge`: the judge run on recorded counts, tick by tick; for dry runs, for backtests, for trust."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from canary.backtest import Backtest, Reading, backtest_as_plain, judge_recording
from canary.cli import options, output
from canary.cli.judge_plot import plot_backtests
from canary.core.errors import ConfigError
from canary.core.model import Counts, RolloutId, Verdict
from canary.recording import Recording, parse_recording, recordings_of

File = Annotated[Path | None, typer.Argument(help="A recording (JSON, see docs/judging.md).", show_default=False)]
FromHistory = Annotated[
    str, typer.Option("--from-history", help="Judge the counts of this rollout again, instead of a file's.")
]
Plot = Annotated[
    Path | None,
    typer.Option(help="Write a picture (.png or .svg): weights, counts, e-value, thresholds.", show_default=False),
]


def judge(
    file: File = None,
    from_history: FromHistory = "",
    plot: Plot = None,
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Judges recorded counts period by period and prints e-values and verdicts; exit code 1 if they fail a release."""
    if (file is None) == (not from_history):
        raise ConfigError("judge what? name a recording (canary judge FILE) or a rollout (--from-history ID)")
    recordings = (_read(file),) if file is not None else _load(from_history, environment, store, region)
    backtests = tuple(judge_recording(recording) for recording in recordings)
    if plot is not None:
        plot_backtests(backtests, plot)
    if as_json:
        output.say(json.dumps([backtest_as_plain(backtest) for backtest in backtests], indent=2))
    else:
        for backtest in backtests:
            _show(backtest)
    if any(backtest.verdict is Verdict.FAIL for backtest in backtests):
        raise typer.Exit(1)


def _read(file: Path) -> Recording:
    try:
        return parse_recording(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}; name a recording (examples/recordings has some)") from error


def _load(rollout_id: str, environment: str, store: str, region: str) -> tuple[Recording, ...]:
    kept = options.connect(environment, store, region).wired.world.store
    rollout = kept.load_rollout(RolloutId(rollout_id))
    if rollout is None:
        raise ConfigError(f"there is no rollout {rollout_id}; canary history lists them")
    recordings = recordings_of(rollout, kept.read_ledger(rollout.id), kept.read_recorded(rollout.id))
    told = tuple(recording for recording in recordings if recording.periods)
    if not told:
        raise ConfigError(f"rollout {rollout_id} has no counts: it ended before its first metric period was read")
    return told


def _show(backtest: Backtest) -> None:
    columns = ("from", "weight", "canary: errors", "slow", "stable: errors", "slow", "e-value", "verdict")
    table = Table(*columns, title=backtest.recording.name, title_justify="left")
    for reading in backtest.readings:
        table.add_row(*_cells(reading))
    output.show_table(table)
    for result in backtest.readings[-1].results:
        output.say(f"{result.name}: {result.verdict}: {result.reason}")
    if (failed_at := backtest.failed_at) is not None:
        output.say(f"failed at {failed_at:%H:%M:%S} UTC")


def _cells(reading: Reading) -> tuple[str | Text, ...]:
    window, weight = reading.period.window, reading.period.weight
    shown = "" if weight is None else str(weight)
    return (
        f"{window.start:%H:%M:%S}",
        f"to {shown}" if window.mixed else shown,
        *_counts(window.canary),
        *_counts(window.stable),
        f"{reading.e_value:.2g}",
        Text(reading.verdict, style=output.VERDICT_STYLE[reading.verdict]),
    )


def _counts(counts: Counts) -> tuple[str, str]:
    slow = "-" if counts.slow is None else f"{counts.slow}"
    return f"{counts.errors}/{counts.requests}", slow
