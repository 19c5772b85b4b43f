"""``python -m stack.cost``: an environment's monthly bill beside the unoptimised design's, as table and chart."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass, fields
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from stack.errors import SettingsError
from stack.estimate import MILLION, Design, Line, Load, design_of, estimate, load_at_cap, total, unoptimised
from stack.settings import parse_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.prices import Rating

WANTED_SAVING: Final = 0.4
BAR: Final = 40
WIDTH: Final = 110
BAD_INPUT: Final = 2
OVER_THE_CAP: Final = 1

ALARM_METRICS: Final = {"dev": 34, "staging": 38, "prod": 38}
"""Metrics that an environment's alarms watch; a test holds them against the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two bills for one load."""

    load: Load
    cap_usd: float
    design: Design
    lines: tuple[Line, ...]
    before: tuple[Line, ...]

    @property
    def saved(self) -> float:
        """The share of the unoptimised bill that is saved."""
        return 1 - total(self.lines) / total(self.before)

    @property
    def requests_at_cap(self) -> float:
        """Requests a month at which the cap is reached."""
        return load_at_cap(self.design, self.load, self.cap_usd)


def compare(environment: str, load: Load, config: dict[str, str]) -> Comparison:
    """The bills of an environment with that config, and of the unoptimised design."""
    settings = parse_settings(environment, "us-east-1", config)
    design = design_of(settings, alarm_metrics=ALARM_METRICS[settings.environment])
    return Comparison(
        load=load,
        cap_usd=settings.budget_usd,
        design=design,
        lines=estimate(design, load),
        before=estimate(unoptimised(design), load),
    )


def render(comparison: Comparison) -> str:
    """The table, a bar for each line, what follows from them, and where the prices are from."""
    rows = _rows(comparison)
    dearest = max(max(row.usd, row.before_usd) for row in rows)
    lines = [f"{'resource':<22}{'quantity':>18}{'USD':>10}{'before':>10}  price"]
    for row in rows:
        bar = "█" * round(BAR * row.usd / dearest)
        rest = "░" * max(0, round(BAR * row.before_usd / dearest) - len(bar))
        figures = f"{row.quantity:>18}{row.usd:>10.2f}{row.before_usd:>10.2f}"
        lines.append(f"{row.resource:<22}{figures}  {row.rating.confidence}      {bar}{rest}".rstrip())
    return "\n".join([*lines, *_conclusions(comparison), *_sources(rows)])


def _conclusions(comparison: Comparison) -> tuple[str, ...]:
    now, before = total(comparison.lines), total(comparison.before)
    cap, at_cap = comparison.cap_usd, comparison.requests_at_cap / MILLION
    return (
        f"{'total a month':<40}{now:>10.2f}{before:>10.2f}",
        "",
        f"saved {comparison.saved:.0%} of the unoptimised design; {cap:g} USD are reached at {at_cap:,.0f}M requests",
        f"each further GB of stored payments adds {_usd_per_stored_gb(comparison):.2f} USD a month, mostly backups",
        "free tiers are left out; where the prices are from, and how sure they are:",
    )


def _sources(rows: Sequence[Row]) -> list[str]:
    """Every rating once, the surest first, with the lines whose prices have it."""
    ratings = sorted({row.rating for row in rows}, key=lambda each: (each.confidence, each.source))
    rated = {each: ", ".join(row.resource for row in rows if row.rating == each) for each in ratings}
    lines = (f"{each.confidence}  {each.source}: {resources}" for each, resources in rated.items())
    return [part for line in lines for part in wrap(line, WIDTH, subsequent_indent="   ")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One resource in both bills."""

    resource: str
    quantity: str
    usd: float
    before_usd: float
    rating: Rating


def _rows(comparison: Comparison) -> list[Row]:
    now = {line.resource: line for line in comparison.lines}
    before = {line.resource: line for line in comparison.before}
    names = [*now, *(name for name in before if name not in now)]
    return [
        Row(
            resource=name,
            quantity=now[name].quantity if name in now else "-",
            usd=now[name].usd if name in now else 0.0,
            before_usd=before[name].usd if name in before else 0.0,
            rating=(now.get(name) or before[name]).rating,
        )
        for name in names
    ]


def _usd_per_stored_gb(comparison: Comparison) -> float:
    kept = sum(
        line.usd
        for line in comparison.lines
        if line.resource in {"DynamoDB storage", "DynamoDB recovery", "Daily backups"}
    )
    return kept / comparison.load.stored_gb if comparison.load.stored_gb else 0.0


def as_json(comparison: Comparison) -> str:
    """The same as JSON, with stable keys."""
    return json.dumps(
        {
            "design": comparison.design.name,
            "load": {each.name: getattr(comparison.load, each.name) for each in fields(Load)},
            "lines": [
                {
                    "resource": row.resource,
                    "quantity": row.quantity,
                    "usd": round(row.usd, 2),
                    "before_usd": round(row.before_usd, 2),
                    "confidence": row.rating.confidence,
                    "source": row.rating.source,
                }
                for row in _rows(comparison)
            ],
            "total_usd": round(total(comparison.lines), 2),
            "before_usd": round(total(comparison.before), 2),
            "saved": round(comparison.saved, 4),
            "cap_usd": comparison.cap_usd,
            "requests_at_cap": round(comparison.requests_at_cap),
        },
        indent=2,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the comparison; 1 when the bill is over the cap or saves less than `WANTED_SAVING`, 2 on bad input."""
    given = _parser().parse_args(arguments)
    try:
        load = Load(**{each.name: getattr(given, each.name) for each in fields(Load)})
        comparison = compare(given.env, load, dict(pair.split("=", 1) for pair in given.set))
    except (SettingsError, ValueError) as refused:
        sys.stderr.write(f"{refused}\n")
        return BAD_INPUT
    sys.stdout.write((as_json(comparison) if given.json else render(comparison)) + "\n")
    fits = total(comparison.lines) <= comparison.cap_usd and comparison.saved >= WANTED_SAVING
    return 0 if fits else OVER_THE_CAP


def amount(text: str) -> float:
    """A number with an optional k, M or G: ``30M``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kMG]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount; give one such as 250k or 30M")
    return float(found[1]) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[found[2]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack.cost", description=__doc__)
    parser.add_argument("--env", default="prod", help="dev, staging or prod (default), or a long form")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting that differs from the environment's"
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of the table")
    for each in fields(Load):
        option = f"--{each.name.replace('_', '-')}"
        kind = int if each.name == "months" else amount
        parser.add_argument(option, type=kind, default=each.default, help=f"default {each.default:,g}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
