"""Values of the core <-> plain JSON data, by their type annotations: what a store keeps is what the core reads back."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from canary.core.errors import ConfigError

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What `json.dumps` takes."""

T = TypeVar("T")


def to_plain(value: object) -> Plain:
    """The JSON form of a value: datetimes as ISO 8601 in UTC, durations in seconds, fields at their default left out.

    Leaving defaults out keeps states small, and lets an older state be read after a field was added.

    Raises:
        TypeError: a value that the core does not use (a set, an open file ...).
    """
    if dataclasses.is_dataclass(value):
        pairs = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: to_plain(held) for field, held in pairs if held != field.default}
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case timedelta():
            return value.total_seconds()
        case tuple():
            return [to_plain(item) for item in value]
        case StrEnum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[T], plain: Plain) -> T:
    """The value of type `kind` that `to_plain` made `plain` from.

    Raises:
        ConfigError: the data does not have the shape of `kind`; the text says where.
    """
    value: T = _read(kind, plain, kind.__name__)
    return value


def _read(kind: Any, plain: Plain, where: str) -> Any:  # noqa: ANN401 - annotations are values of no one type
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _read_optional(kind, plain, where)
    if origin is tuple:
        return _read_tuple(get_args(kind), plain, where)
    kind = getattr(kind, "__supertype__", kind)  # a NewType
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, plain, where)
    return _read_scalar(kind, plain, where)


def _read_optional(kind: Any, plain: Plain, where: str) -> Any:  # noqa: ANN401 - see _read
    if plain is None:
        return None
    (inner,) = (arg for arg in get_args(kind) if arg is not NoneType)
    return _read(inner, plain, where)


def _read_tuple(args: tuple[Any, ...], plain: Plain, where: str) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise _misfit(where, "a list", plain)
    kinds = [args[0]] * len(plain) if args[-1] is Ellipsis else list(args)
    if len(kinds) != len(plain):
        raise _misfit(where, f"{len(kinds)} items", plain)
    return tuple(
        _read(kind, item, f"{where}[{index}]") for index, (kind, item) in enumerate(zip(kinds, plain, strict=True))
    )


def _read_fields(kind: Any, plain: Plain, where: str) -> Any:  # noqa: ANN401 - see _read
    if not isinstance(plain, Mapping):
        raise _misfit(where, "an object", plain)
    hints = _hints(kind)
    if unknown := sorted(plain.keys() - hints.keys()):
        raise ConfigError(f"{where} has the unknown field {unknown[0]!r}; was it written by a newer release?")
    try:
        return kind(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in plain.items()})
    except TypeError as error:
        raise ConfigError(f"{where} is incomplete: {error}") from error


def _read_scalar(kind: Any, plain: Plain, where: str) -> Any:  # noqa: ANN401 - see _read
    if kind is datetime and isinstance(plain, str):
        return datetime.fromisoformat(plain)
    if kind is timedelta and isinstance(plain, int | float):
        return timedelta(seconds=plain)
    if kind is float and isinstance(plain, int | float):
        return float(plain)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and plain in list(kind):
        return kind(plain)
    if type(plain) is kind:
        return plain
    raise _misfit(where, getattr(kind, "__name__", str(kind)), plain)


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - see _read
    return get_type_hints(kind)


def _misfit(where: str, wanted: str, got: Plain) -> ConfigError:
    return ConfigError(f"{where}: wanted {wanted}, got {got!r:.60}")
