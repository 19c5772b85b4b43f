"""JSON whose numbers keep the digits they were sent with: no number becomes a float, on the way in or out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias


@dataclass(frozen=True, slots=True)
class JsonNumber:
    """A JSON number as its own text: ``12.30`` stays ``12.30``."""

    literal: str

    def decimal(self) -> Decimal:
        """The exact value."""
        return Decimal(self.literal)


Json: TypeAlias = "bool | int | str | JsonNumber | Sequence[Json] | Mapping[str, Json] | None"


def parse_json(text: str) -> Json:
    """The value of a JSON text, its numbers as `JsonNumber`.

    Raises:
        ValueError: no JSON (NaN and Infinity are none), nested too deeply, or an object that names a member twice: of
            two amounts neither is the one that was meant.
    """
    try:
        parsed: Json = json.loads(
            text,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_members,
        )
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep
    return parsed


def render_json(value: Json) -> str:
    """The compact JSON text of a value; the inverse of `parse_json`."""
    if isinstance(value, JsonNumber):
        return value.literal
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{render_json(member)}" for name, member in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(render_json, value)) + "]"
    return json.dumps(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _unique_members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice in one object")
    return members
