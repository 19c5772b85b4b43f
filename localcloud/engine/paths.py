"""Pulumi's property paths, as in ``environment.variables.MODE``, ``tags["a.b"]`` and ``rules[*].name``."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from localcloud.engine.values import Properties, Secret, Value

Path: TypeAlias = tuple[str | int, ...]

_SEGMENT: Final = re.compile(r"""\["(?P<quoted>[^"]*)"\]|\[(?P<index>\d+|\*)\]|\.?(?P<name>[^.\[\]]+)""")
_ABSENT: Final = object()


def parse_path(text: str) -> Path:
    """The path's segments; list indices as integers, ``*`` as a wildcard segment."""
    segments: list[str | int] = []
    for match in _SEGMENT.finditer(text):
        index = match["index"]
        if match["quoted"] is not None:
            segments.append(match["quoted"])
        elif index is not None:
            segments.append(int(index) if index.isdigit() else "*")
        else:
            segments.append(match["name"])
    return tuple(segments)


def rendered(path: Path) -> str:
    """The path as Pulumi writes it."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif re.fullmatch(r"[\w-]+", segment):
            text += f".{segment}" if text else segment
        else:
            text += f'["{segment}"]'
    return text


def covers(pattern: Path, path: Path) -> bool:
    """Whether a change at `path` is inside what `pattern` names, or contains it."""
    return all(wanted in ("*", seen) for wanted, seen in zip(pattern, path, strict=False))


def restored(new: Properties, old: Mapping[str, Value], patterns: Iterable[Path]) -> Properties:
    """`new` with the old value at each path; what the old did not have there is removed: Pulumi's ``ignoreChanges``."""
    for pattern in patterns:
        result = _restored(new, old, pattern)
        new = result if isinstance(result, dict) else {}
    return new


def _restored(new: Value, old: Value, pattern: Path) -> Value:
    if not pattern:
        return old
    new, old = _open(new), _open(old)
    if isinstance(new, Mapping) or isinstance(old, Mapping):
        return _restored_mapping(new, old, pattern)
    if isinstance(new, list) and isinstance(old, list):
        return _restored_list(new, old, pattern)
    return new


def _restored_mapping(new: Value, old: Value, pattern: Path) -> Value:
    before = old if isinstance(old, Mapping) else {}
    after = dict(new) if isinstance(new, Mapping) else {}
    head = pattern[0]
    for key in sorted({*before, *after}) if head == "*" else [head]:
        inner = _restored(after.get(key, _ABSENT), before.get(key, _ABSENT), pattern[1:])
        if inner is _ABSENT:
            after.pop(key, None)
        else:
            after[key] = inner
    return after if after or new is not _ABSENT else _ABSENT


def _restored_list(new: list[Value], old: list[Value], pattern: Path) -> Value:
    head = pattern[0]
    return [
        _restored(item, old[index], pattern[1:]) if head in ("*", index) and index < len(old) else item
        for index, item in enumerate(new)
    ]


def _open(value: Value) -> Value:
    return value.value if isinstance(value, Secret) else value
