"""List prices, each with how sure it is. Reads the file beside this module; no price is written in code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

HOURS_A_MONTH: Final = 730
"""As AWS's own calculator has it."""

_FILE: Final = Path(__file__).with_name("prices_us_east_1.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """Where a price is from and how sure it is: A from AWS's price list, B from a dated third party, C unverified."""

    confidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price in USD."""

    usd: float
    rating: Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A price up to a quantity; the last one has no end."""

    up_to: float | None
    usd: float


@cache
def _all() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def price(service: str, item: str) -> Price:
    """The price of an item, such as ``price("kms", "key_month")``; KeyError when the file has none."""
    return Price(usd=_all()[service][item]["v"], rating=rating(service, item))


def rating(service: str, item: str) -> Rating:
    """The rating of an item, or of a whole list of prices: ``rating("lambda", "gb_s_conf")``."""
    entry = _all()[service][item]
    legend: dict[str, str] = _all()["confidence_legend"]
    dated = f", {entry['d']}" if "d" in entry else ""
    return Rating(confidence=entry["c"], source=f"{legend[entry['c']]}{dated}")


def tiers(service: str, item: str, limit: str) -> tuple[Tier, ...]:
    """The tiers of an item, whose ends are under the key `limit`."""
    return tuple(Tier(up_to=each[limit], usd=each["v"]) for each in _all()[service][item])


def tiered(quantity: float, steps: tuple[Tier, ...]) -> float:
    """What `quantity` costs when each part of it is paid at its own tier's price."""
    usd, below = 0.0, 0.0
    for step in steps:
        part = min(quantity, step.up_to if step.up_to is not None else quantity) - below
        if part <= 0:
            break
        usd, below = usd + part * step.usd, below + part
    return usd


def cache_hour(size_gb: str) -> Price:
    """The price of an hour of an API cache of that size."""
    api = _all()["apigateway_rest"]
    rated = "cache_conf" if size_gb in api["cache_sizes_in_price_list"] else "cache_conf_of_other_sizes"
    return Price(usd=api["cache_per_hour_by_gb"][size_gb], rating=rating("apigateway_rest", rated))
