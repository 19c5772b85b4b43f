"""Backtests -> a picture: weights, bad requests and e-values over time. Only here is matplotlib needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from canary.backtest import Backtest
from canary.core.errors import ConfigError
from canary.core.model import Counts, Metric
from canary.core.replay import bad_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS: Final = (".png", ".svg")
LOWEST_E: Final = 1e-3
HIGHEST_E: Final = 1e9
"""Beyond these an e-value says nothing more to the eye."""


def plot_backtests(backtests: Sequence[Backtest], path: Path) -> None:
    """Writes one column of three panels for each backtest.

    Raises:
        ConfigError: matplotlib is not installed, the file's ending is neither .png nor .svg, or it cannot be written.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path}: a picture ends in {' or '.join(FORMATS)}")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra that only a picture needs
    except ImportError as error:
        raise ConfigError("a picture needs matplotlib; pip install 'lambda-bluegreen[plots]'") from error
    figure = Figure(figsize=(8 * len(backtests), 8), layout="constrained")
    panels = figure.subplots(3, len(backtests), squeeze=False, sharex="col", height_ratios=(1, 2, 2))
    for column, backtest in enumerate(backtests):
        _plot(backtest, [row[column] for row in panels])
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; name another file with --plot") from error


def _plot(backtest: Backtest, panels: "Sequence[Axes]") -> None:
    weights, shares, e_values = panels
    first = backtest.recording.periods[0].window.start
    ends = [(reading.period.window.end - first).total_seconds() for reading in backtest.readings]
    known = [reading.period.weight for reading in backtest.readings]
    weights.step(ends, [float("nan") if weight is None else weight.basis_points / 100 for weight in known], where="pre")
    weights.set(ylabel="weight, %", ylim=(0, 105), title=backtest.recording.name)
    for spec in backtest.recording.settings.specs:
        for version in ("canary", "stable"):
            counts = [getattr(reading.period.window, version) for reading in backtest.readings]
            style = "-" if version == "canary" else ":"
            shares.plot(
                ends, [_percent(each, spec.metric) for each in counts], style, label=f"{version}, {spec.metric}"
            )
        shares.axhline(100 * spec.limit, color="grey", linewidth=0.8)
    shares.set(ylabel="bad requests, %")
    shares.legend(fontsize=8)
    settings = backtest.recording.settings
    e_values.semilogy(ends, [min(max(r.e_value, LOWEST_E), HIGHEST_E) for r in backtest.readings], color="black")
    for level, label in ((settings.threshold, "fails"), (settings.warn, "holds")):
        e_values.axhline(
            level, linestyle="--", linewidth=0.8, color="red" if label == "fails" else "orange", label=label
        )
    e_values.set(ylabel="e-value", xlabel="seconds since the first period")
    e_values.legend(fontsize=8)


def _percent(counts: Counts, metric: Metric) -> float:
    bad = bad_of(counts, metric)
    return float("nan") if bad is None or not counts.requests else 100 * bad / counts.requests
