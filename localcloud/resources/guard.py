"""Checks every call's input against the service model before it leaves: the emulator accepts what AWS refuses.

botocore itself checks required members, types and minima only. Here: pattern, both bounds, and enumerations. What the
models do not hold is in `rules`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from localcloud.resources.errors import ForbiddenInput
from localcloud.resources.rules import RULES

_SHOWN: Final = 60
_CLASSES: Final = {
    # Java's Unicode classes, which Python's `re` lacks, by the nearest class that is not narrower
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{M}": r"\w",
    r"\p{P}": r"!-/:-@\[-`{-~",
    r"\p{Print}": r"[\x20-\x7e]",
    # a hyphen after a class is itself in Java, an error in Python
    r"\w-_": r"\w\-_",
    r"\w-\/": r"\w\-\/",
    # surrogate pairs stand for the characters beyond the basic plane
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}


def check_input(params: Mapping[str, Any], model: OperationModel) -> None:
    """Raises `ForbiddenInput`, naming service, operation and member, for the first value that AWS would refuse."""
    call = f"{model.service_model.service_name}:{model.name}"
    if model.input_shape is None:
        return
    for fault in _faults(model.input_shape, params, ""):
        raise ForbiddenInput(f"{call} would be refused by AWS: {fault}")
    for rule in RULES.get(call, ()):
        if (broken := rule(params)) is not None:
            raise ForbiddenInput(f"{call} would be refused by AWS: {broken}")


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - botocore's inputs are untyped
    if value is None:
        return
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _faults(member, value.get(name), f"{path}.{name}" if path else name)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        yield from _size_faults(shape, len(value), path, "entries")
        for key, item in value.items():
            yield from _faults(shape.key, key, f"{path} key")
            yield from _faults(shape.value, item, f"{path}[{key!r}]")
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        yield from _size_faults(shape, len(value), path, "items")
        for index, item in enumerate(value):
            yield from _faults(shape.member, item, f"{path}[{index}]")
    else:
        yield from _scalar_faults(shape, value, path)


def _scalar_faults(shape: Shape, value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text_faults(shape, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            yield f"{path} = {value}, wanted {_range(low, high)}"


def _text_faults(shape: Shape, value: str, path: str) -> Iterator[str]:
    shown = "its value" if shape.metadata.get("sensitive") else _shown(value)
    yield from _size_faults(shape, len(value), path, "characters")
    allowed: list[str] = getattr(shape, "enum", [])
    if allowed and value not in allowed:
        yield f"{path} = {shown}, wanted one of {', '.join(allowed)}"
    pattern = shape.metadata.get("pattern")
    if pattern and (compiled := _compiled(pattern)) and not compiled.fullmatch(value):
        yield f"{path} = {shown}, wanted {pattern}"


def _size_faults(shape: Shape, size: int, path: str, unit: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        yield f"{path} has {size} {unit}, wanted {_range(low, high)}"


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The model's pattern for Python; None for the rare one that Python cannot express, which is then not checked."""
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
