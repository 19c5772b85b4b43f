"""(rollouts, stop) -> the page that lists them. Pure; one rollout's own page is `canary.report_page`'s."""

from collections.abc import Iterable
from html import escape
from typing import Final

from canary.core.model import Phase
from canary.core.rollout import Rollout
from canary.report_page import render_page

REFRESH_S: Final = 5
_OPEN: Final = ("rollout", "phase", "targets", "versions", "step", "weight", "verdict", "held by")
_ENDED: Final = ("rollout", "outcome", "targets", "versions", "opened", "by", "why")


def render_overview(rollouts: Iterable[Rollout], *, stopped: str | None) -> str:
    """The open rollouts, each with where it stands, and those that have ended, each with why."""
    known = list(rollouts)
    open_ones = [_standing(rollout) for rollout in known if not rollout.phase.is_terminal]
    ended = [_ending(rollout) for rollout in known if rollout.phase.is_terminal]
    banner = "" if stopped is None else f'<p class="bad">{escape(stopped)}</p>'
    sections = (banner, _section("Open", _OPEN, open_ones), _section("Ended", _ENDED, ended))
    return render_page("Rollouts", sections, refresh_s=REFRESH_S)


def render_trouble(trouble: str) -> str:
    """What could not be shown, and why; looked at again soon."""
    return render_page("Rollouts", (f'<p class="bad">{escape(trouble)}</p>',), refresh_s=REFRESH_S)


def _section(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Cells are HTML already."""
    if not rows:
        return f'<h2>{title}</h2><p class="soft">none</p>'
    cells = "".join(f"<th>{name}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<h2>{title}</h2><div class="scroll"><table><tr>{cells}</tr>{lines}</table></div>'


def _standing(rollout: Rollout) -> tuple[str, ...]:
    return (
        _link(rollout),
        _phase(rollout.phase),
        *_what(rollout),
        f"{rollout.step_index + 1} of {len(rollout.plan.steps)}",
        str(rollout.weight),
        escape(rollout.verdict),
        escape(rollout.held or ""),
    )


def _ending(rollout: Rollout) -> tuple[str, ...]:
    why = rollout.cause if rollout.phase in (Phase.ROLLED_BACK, Phase.ABORTED) else rollout.reason
    undone = "" if rollout.undone is None else f"; undone {rollout.undone}"
    return (
        _link(rollout),
        _phase(rollout.phase),
        *_what(rollout),
        f"{rollout.opened_at:%Y-%m-%d %H:%M}",
        escape(rollout.opened_by),
        escape(f"{why}{undone}"),
    )


def _link(rollout: Rollout) -> str:
    name = escape(rollout.id)
    return f'<a href="/rollouts/{name}">{name}</a>'


def _phase(phase: Phase) -> str:
    return f'<span class="outcome {phase.value}">{escape(phase.value.replace("_", " "))}</span>'


def _what(rollout: Rollout) -> tuple[str, str]:
    targets = "<br>".join(escape(leg.target.resource) for leg in rollout.legs)
    versions = "<br>".join(escape(f"{leg.target.stable} to {leg.target.canary}") for leg in rollout.legs)
    return targets, versions
