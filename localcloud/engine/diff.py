"""What differs between two sets of inputs, and what that asks for: nothing, an update or a replacement."""

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from localcloud.engine.paths import Path, covers
from localcloud.engine.values import UNKNOWN, Properties, Value, revealed
from localcloud.resources.archives import Archive, Asset
from localcloud.resources.model import ResourceType


class Operation(StrEnum):
    """What a deployment does with one resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    RECREATE = "recreate"
    """It was in the state but is gone from the cloud."""
    DELETE = "delete"
    FORGET = "forget"
    """Dropped from the state, left in the cloud: ``retainOnDelete``, or ``deletedWith`` what is deleted too."""
    READ = "read"


def changed_paths(old: Mapping[str, Value], new: Mapping[str, Value], documents: frozenset[str]) -> tuple[Path, ...]:
    """The deepest paths at which the two differ, in order; what a preview cannot know counts as different."""
    return tuple(_differences((), revealed(dict(old)), revealed(dict(new)), documents))


def top_level(paths: Iterable[Path]) -> frozenset[str]:
    """The names of the properties in which the paths lie."""
    return frozenset(str(path[0]) for path in paths)


def is_replacement(kind: ResourceType, paths: Iterable[Path], replace_on_changes: Iterable[Path]) -> bool:
    """Whether a change at these paths needs a new resource, by its type or by the program's ``replaceOnChanges``."""
    paths = tuple(paths)
    if top_level(paths) & (kind.replaces | {"region"}):
        return True
    return any(covers(pattern, path) for pattern in replace_on_changes for path in paths)


def deletes_first(kind: ResourceType, old: Properties, new: Properties, *, asked: bool) -> bool:
    """Whether a replacement must delete before it creates: when asked, or when both would be the same thing."""
    before, after = revealed(old), revealed(new)
    names = (*kind.identity, "region")
    return asked or (bool(kind.identity) and all(before.get(name) == after.get(name) for name in names))


def _differences(path: Path, old: Value, new: Value, documents: frozenset[str]) -> Iterator[Path]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences((*path, key), old.get(key), new.get(key), documents)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences((*path, index), before, after, documents)
    elif new is UNKNOWN or not _is_same(old, new, is_document=path[0] in documents):
        yield path


def _is_same(old: Value, new: Value, *, is_document: bool) -> bool:
    if isinstance(old, Archive | Asset) or isinstance(new, Archive | Asset):
        return getattr(old, "digest", old) == getattr(new, "digest", new)
    if isinstance(old, bool) is not isinstance(new, bool):
        return False
    return bool(old == new) or (is_document and _is_same_document(old, new))


def _is_same_document(old: Value, new: Value) -> bool:
    try:
        return bool(_parsed(old) == _parsed(new))
    except ValueError:
        return False


def _parsed(value: Value) -> Value:
    return json.loads(value) if isinstance(value, str) else value
