"""A report -> a page that needs nothing but a browser: no script, no font and no picture from elsewhere. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Final

from canary.core.ledger import LedgerEntry
from canary.core.model import Counts, MetricWindow, Phase
from canary.core.words import duration_in_words
from canary.ports import RecordedWindows
from canary.report import ReleaseReport, counted_windows

WIDTH: Final = 860
LEFT: Final = 56
PLOT: Final = WIDTH - LEFT - 12
WEIGHT_HEIGHT: Final = 110
COUNTS_HEIGHT: Final = 130

_STYLE: Final = """
:root{--ink:#1c2330;--soft:#5b6575;--line:#d9dee6;--paper:#fff;--panel:#f5f7fa;--stable:#3867b7;
--canary:#c98a12;--bad:#c0303a;--good:#1c7f4d}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa4b4;--line:#333b48;--paper:#14181f;
--panel:#1c222c;--stable:#7aa5f0;--canary:#e6b04a;--bad:#f0727b;--good:#5cc792}}*{box-sizing:border-box}
body{margin:0 auto;max-width:940px;padding:24px 20px 60px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}h1{font-size:22px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 6px}
h3{font-size:15px;margin:22px 0 6px}p{margin:4px 0}.soft{color:var(--soft)}
.outcome{display:inline-block;padding:1px 10px;border-radius:10px;font-weight:600;
border:1.5px solid currentColor}.promoted{color:var(--good)}.rolled_back,.aborted{color:var(--bad)}
a{color:var(--stable)}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft);white-space:nowrap}td.n,th.n{text-align:right}
.bad{color:var(--bad);font-weight:600}
svg{width:100%;height:auto;min-width:560px;background:var(--panel);border-radius:6px}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}svg line{stroke:var(--line)}
.weight{fill:none;stroke:var(--canary);stroke-width:2}.s{fill:var(--stable)}.c{fill:var(--canary)}
.b{fill:var(--bad)}.key{display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 5px 0 14px}
.key:first-child{margin-left:0}details{margin:2px 0}summary{cursor:pointer;color:var(--soft)}
"""


def render_page(title: str, sections: Iterable[str], *, refresh_s: int | None = None) -> str:
    """A whole page of sections that are HTML already; with `refresh_s` the browser asks for it again and again."""
    again = "" if refresh_s is None else f'<meta http-equiv="refresh" content="{refresh_s}">'
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(sections)}</body></html>\n"
    )


def render_release(report: ReleaseReport, recorded: Sequence[RecordedWindows]) -> str:
    """The section of one release: outcome, what was asked, the picture, the steps and the ledger."""
    windows = counted_windows(report.rollout, recorded)
    return "".join((_head(report), _picture(report, windows), _steps(report), _ledger(report.ledger)))


def render_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int = 1) -> str:
    """A table of texts; the columns from `numbers_from` on are set as numbers. Cells are escaped here."""
    cells = [_cell("th", text, index >= numbers_from) for index, text in enumerate(head)]
    lines = ["".join(_cell("td", text, index >= numbers_from) for index, text in enumerate(row)) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><tr>{"".join(cells)}</tr>{body}</table></div>'


def _cell(tag: str, text: str, is_number: bool) -> str:  # noqa: FBT001 - private, one meaning
    return f"<{tag}{' class=n' if is_number else ''}>{escape(text)}</{tag}>"


def _head(report: ReleaseReport) -> str:
    rollout = report.rollout
    moves = "; ".join(
        f"{leg.target.resource}: version {leg.target.stable} to {leg.target.canary}" for leg in rollout.legs
    )
    lasted = (rollout.ended_at or report.ledger[-1].at) - rollout.opened_at
    return (
        f"<h2>{escape(moves)}</h2>"
        f'<p><span class="outcome {report.outcome}">{escape(_words(rollout.phase))}</span> {escape(report.reason)}</p>'
        f'<p class="soft">{escape(rollout.id)} opened by {escape(rollout.opened_by)}, '
        f"{rollout.opened_at:%d %B %Y %H:%M:%S} UTC; {escape(rollout.plan.strategy)}; {duration_in_words(lasted)}</p>"
    )


def _picture(report: ReleaseReport, windows: Sequence[MetricWindow]) -> str:
    if not report.steps:
        return ""
    start, end = report.steps[0].started_at, max(report.ledger[-1].at, report.steps[-1].ended_at)
    scale = _Scale(start, max(end - start, timedelta(seconds=1)))
    return (
        "<h3>Weight of the candidate</h3>"
        f"{_svg('weight over time', WEIGHT_HEIGHT, scale, _weight_line(report, scale))}"
        "<h3>Requests a period, by version</h3>"
        '<p class="soft"><span class="key" style="background:var(--stable)"></span>stable'
        '<span class="key" style="background:var(--canary)"></span>candidate'
        '<span class="key" style="background:var(--bad)"></span>bad (errors or slow)</p>'
        f"{_svg('requests over time', COUNTS_HEIGHT, scale, _bars(windows, scale))}"
    )


class _Scale:
    """Time to pixels."""

    def __init__(self, start: datetime, length: timedelta) -> None:
        self.start = start
        self.length = length

    def x(self, at: datetime) -> float:
        share = (at - self.start) / self.length
        return LEFT + PLOT * min(max(share, 0.0), 1.0)


def _svg(label: str, height: int, scale: _Scale, drawing: str) -> str:
    return (
        f'<div class="scroll"><svg viewBox="0 0 {WIDTH} {height + 24}" role="img" aria-label="{label}">'
        f"{drawing}{_times(scale, height)}</svg></div>"
    )


def _weight_line(report: ReleaseReport, scale: _Scale) -> str:
    points = [(scale.x(scale.start), 0.0)]
    for step in report.steps:
        share = step.weight.basis_points / 10_000
        points += [(scale.x(step.started_at), share), (scale.x(step.ended_at), share)]
    last = 1.0 if report.rollout.phase in (Phase.PROMOTED, Phase.PROMOTING) else 0.0
    points += [(points[-1][0], last), (LEFT + PLOT, last)]
    drawn = " ".join(f"{x:.1f},{8 + (1 - share) * (WEIGHT_HEIGHT - 16):.1f}" for x, share in points)
    return f'{_grid(WEIGHT_HEIGHT, ("100 %", "0 %"))}<polyline class="weight" points="{drawn}"/>'


def _bars(windows: Sequence[MetricWindow], scale: _Scale) -> str:
    most = max((window.stable.requests + window.canary.requests for window in windows), default=0) or 1
    height = COUNTS_HEIGHT - 16
    drawn = [_grid(COUNTS_HEIGHT, (f"{most}", "0"))]
    for window in windows:
        x, width = scale.x(window.start), max(scale.x(window.end) - scale.x(window.start) - 1, 1.0)
        y = float(COUNTS_HEIGHT - 8)
        for amount, kind in _layers(window):
            tall = height * amount / most
            y -= tall
            drawn.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{tall:.1f}"/>')
    return "".join(drawn)


def _layers(window: MetricWindow) -> list[tuple[int, str]]:
    bad_stable, bad_canary = _bad(window.stable), _bad(window.canary)
    return [
        (window.stable.requests - bad_stable, "s"),
        (window.canary.requests - bad_canary, "c"),
        (bad_stable + bad_canary, "b"),
    ]


def _bad(counts: Counts) -> int:
    """Errors and slow answers; one that is both is counted once where that can be told."""
    return min(counts.requests, counts.errors + (counts.slow or 0))


def _grid(height: int, labels: tuple[str, str]) -> str:
    top, bottom = 8, height - 8
    return (
        f'<line x1="{LEFT}" x2="{LEFT + PLOT}" y1="{top}" y2="{top}"/>'
        f'<line x1="{LEFT}" x2="{LEFT + PLOT}" y1="{bottom}" y2="{bottom}"/>'
        f'<text x="{LEFT - 8}" y="{top + 5}" text-anchor="end">{escape(labels[0])}</text>'
        f'<text x="{LEFT - 8}" y="{bottom + 4}" text-anchor="end">{escape(labels[1])}</text>'
    )


def _times(scale: _Scale, height: int) -> str:
    at = [(0.0, "start"), (0.5, "middle"), (1.0, "end")]
    return "".join(
        f'<text x="{LEFT + PLOT * share:.0f}" y="{height + 14}" text-anchor="{anchor}">'
        f"{_clock(scale.start + scale.length * share)}</text>"
        for share, anchor in at
    )


def _steps(report: ReleaseReport) -> str:
    if not report.steps:
        return ""
    rows = [
        (
            str(step.weight),
            duration_in_words(step.ended_at - step.started_at),
            *_numbers(step.stable),
            *_numbers(step.canary),
            "-" if step.observed_share is None else f"{100 * step.observed_share:.1f} %",
        )
        for step in report.steps
    ]
    head = ("weight", "for", "stable", "errors", "slow", "candidate", "errors", "slow", "observed share")
    return f"<h3>Steps, by the metrics</h3>{render_table(head, rows)}"


def _numbers(counts: Counts) -> tuple[str, str, str]:
    return str(counts.requests), str(counts.errors), "-" if counts.slow is None else str(counts.slow)


def _ledger(entries: Sequence[LedgerEntry]) -> str:
    rows = "".join(
        f"<tr><td>{_clock(entry.at)}</td><td>{escape(_words(entry.kind))}</td><td>{escape(entry.by)}</td>"
        f"<td class=n>{entry.weight}</td><td>{escape(entry.reason)}{_evidence(entry)}</td></tr>"
        for entry in entries
    )
    head = "<tr><th>at</th><th>what</th><th>by</th><th class=n>weight</th><th>why</th></tr>"
    return f'<h3>Ledger</h3><div class="scroll"><table>{head}{rows}</table></div>'


def _evidence(entry: LedgerEntry) -> str:
    if not entry.results:
        return ""
    lines = "".join(f"<li>{escape(f'{r.verdict}: {r.name}: {r.reason}')}</li>" for r in entry.results)
    return f"<details><summary>evidence</summary><ul>{lines}</ul></details>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"
