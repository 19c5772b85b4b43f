"""What a JSON document spreads over its parts: digits over an array's items, a value below its name. Pure.

Spaces between parts, the depth of arrays, and documents inside strings make no difference. Linear in the length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

MOST_BELOW: Final = 32
"""Parts of a member that are taken as its value: keeps documents that nest deeply linear."""
MOST_TRIES: Final = 8
"""Places in a text where a document may begin that are tried: keeps long rows of brackets linear."""
OTHER: Final = "x"
"""Stands for what is neither a text nor a number."""


@dataclass(frozen=True, slots=True)
class _Members:
    """An object as it was written: a name may come twice."""

    pairs: list[tuple[str, Any]]


_START: Final = re.compile(r"[\[{]")
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_Members, parse_int=str, parse_float=str, parse_constant=str)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a document, numbers as their literals."""

    rows: list[list[str]] = field(default_factory=list)
    """The items of each array with those of the arrays inside; of each object the names, and the names with values."""
    fields: list[list[str]] = field(default_factory=list)
    """The values of each object."""
    named: list[tuple[str, str]] = field(default_factory=list)
    """Each member's name, and the texts and numbers in its value as one text."""


def parts_of(document: str) -> Parts:
    """The parts of the JSON arrays and objects in a text; none of a text without any."""
    found = Parts()
    waiting = list(_parsed(document))
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            items = list(_flat(part))
            found.rows.append([_text(item) for item in items])
        else:
            items = [value for _, value in part.pairs]
            names = [name for name, _ in part.pairs]
            values = [_text(value) for value in items]
            found.fields.append(values)
            found.rows.append(names)
            found.rows.append([each for pair in zip(names, values, strict=True) for each in pair])
            found.named.extend((name, _below(value)) for name, value in part.pairs)
        for item in items:
            waiting.extend(_parsed(item) if isinstance(item, str) else _containers(item))
    return found


def _parsed(text: str) -> Iterator[Any]:
    """The arrays and objects that a text is or has among its words."""
    position = 0
    for _ in range(MOST_TRIES):
        start = _START.search(text, position)
        if start is None:
            return
        try:
            document, position = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.end()
        else:
            yield document


def _containers(item: object) -> Iterable[Any]:
    return [item] if isinstance(item, list | _Members) else ()


def _flat(array: list[Any]) -> Iterator[Any]:
    """The items of an array and of the arrays inside, in the order in which they are written."""
    waiting = array[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        else:
            yield item


def _below(value: object) -> str:
    """The texts and numbers in a value."""
    texts, waiting = [], [value]
    for _ in range(MOST_BELOW):
        if not waiting:
            break
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(reversed(part[:MOST_BELOW]))
        elif isinstance(part, _Members):
            waiting.extend(each for _, each in reversed(part.pairs[:MOST_BELOW]))
        elif isinstance(part, str):
            texts.append(part)
    return "".join(texts)


def _text(item: object) -> str:
    return item if isinstance(item, str) else OTHER
