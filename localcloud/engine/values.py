"""Property values beyond JSON: secrets, values that a preview cannot know, archives and assets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""JSON, `Secret`, `UNKNOWN`, `Archive` or `Asset`, at any depth: what Pulumi programs pass is untyped."""
Properties: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is never printed, and never written unencrypted."""

    value: Value

    def __repr__(self) -> str:
        return "[secret]"


class Unknown(Enum):
    """What a preview cannot know before the apply."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
SECRET_MASK: Final = "[secret]"  # noqa: S105 - what is shown in a secret's place


def mapped(value: Value, leaf: Callable[[Value], Value]) -> Value:
    """The value with `leaf` applied to everything in it that is neither mapping nor list."""
    if isinstance(value, Mapping):
        return {key: mapped(item, leaf) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mapped(item, leaf) for item in value]
    return leaf(value)


def revealed(value: Value) -> Value:
    """The value without its secret markers, at any depth."""
    return mapped(value, lambda leaf: revealed(leaf.value) if isinstance(leaf, Secret) else leaf)


def masked(value: Value) -> Value:
    """The value with a mask in place of each secret."""
    return mapped(value, lambda leaf: SECRET_MASK if isinstance(leaf, Secret) else leaf)


def secrets_in(value: Value) -> list[str]:
    """Every text, longest first, that is inside a secret: what must not appear in a message."""
    found: list[str] = []

    def collect(leaf: Value) -> Value:
        if isinstance(leaf, Secret):
            mapped(revealed(leaf.value), lambda text: found.append(str(text)))
        return leaf

    mapped(value, collect)
    return sorted((text for text in found if text), key=len, reverse=True)


def has_secret(value: Value) -> bool:
    """Whether any part of the value is secret."""
    return _any_leaf(value, lambda leaf: isinstance(leaf, Secret))


def has_unknown(value: Value) -> bool:
    """Whether any part of the value is known only after an apply."""
    return _any_leaf(revealed(value), lambda leaf: leaf is UNKNOWN)


def _any_leaf(value: Value, wanted: Callable[[Value], bool]) -> bool:
    if isinstance(value, Mapping):
        return any(_any_leaf(item, wanted) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_any_leaf(item, wanted) for item in value)
    return wanted(value)
