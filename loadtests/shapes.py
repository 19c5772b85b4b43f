"""How many users there are at which time. Pure."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final, assert_never

SPIKE_BASE: Final = 0.2
"""The share of the users that is there outside the spike."""
SPIKE_FROM: Final = 0.4
SPIKE_UNTIL: Final = 0.6
SOAK_RAMP: Final = 0.1
"""The share of a soak's time in which it fills up."""


class Shape(StrEnum):
    """The course of a load."""

    CONSTANT = "constant"
    RAMP = "ramp"
    SPIKE = "spike"
    SOAK = "soak"


def users_at(shape: Shape, *, most: int, progress: float) -> int:
    """The users when `progress` (0..1) of the run is over: at least one, at most `most`."""
    match shape:
        case Shape.CONSTANT:
            share = 1.0
        case Shape.RAMP:
            share = progress
        case Shape.SPIKE:
            share = 1.0 if SPIKE_FROM <= progress < SPIKE_UNTIL else SPIKE_BASE
        case Shape.SOAK:
            share = progress / SOAK_RAMP
        case _:
            assert_never(shape)
    return max(1, min(most, math.ceil(most * share)))
