"""CloudWatch's own service model (botocore): what a request may hold, and what a response holds. Pure.

Plain values in between are those of JSON, with every timestamp as epoch seconds.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import botocore.session

from localcloud.observe.errors import ApiError, validation_error

Plain = dict[str, Any]


@lru_cache(maxsize=1)
def service_model() -> Any:  # noqa: ANN401 - botocore has no types
    """The model of the CloudWatch API."""
    return botocore.session.get_session().get_service_model("cloudwatch")


def checked_request(operation: str, payload: object) -> Plain:
    """`payload` with the types of the operation's input; unknown members are left out.

    Raises:
        ApiError: ``ValidationError`` with every rule of the model that is broken, or ``MalformedInput``.
    """
    shape = service_model().operation_model(operation).input_shape
    typed = _typed(shape, payload, operation)
    broken = list(_broken(shape, typed, ""))
    if broken:
        plural = "error" if len(broken) == 1 else "errors"
        raise validation_error(f"{len(broken)} validation {plural} detected: {'; '.join(broken)}")
    return dict(typed)


def typed_result(operation: str, payload: object) -> Plain:
    """`payload` with the types of the operation's output, unchecked; unknown members are left out."""
    shape = service_model().operation_model(operation).output_shape
    return {} if shape is None else dict(_typed(shape, payload, operation))


def _typed(shape: Any, value: object, where: str) -> Any:  # noqa: ANN401 - as the model says
    if shape.type_name == "structure" and isinstance(value, Mapping):
        members = ((name, value.get(name), member) for name, member in shape.members.items())
        return {name: _typed(member, found, f"{where}.{name}") for name, found, member in members if found is not None}
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, item, where) for item in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {str(key): _typed(shape.value, item, where) for key, item in value.items()}
    if shape.type_name not in _SCALARS:
        raise _malformed(where, value)
    try:
        return _SCALARS[shape.type_name](value)
    except (TypeError, ValueError):
        raise _malformed(where, value) from None


def _malformed(where: str, value: object) -> ApiError:
    return ApiError("MalformedInput", f"{where} cannot be {type(value).__name__} {value!r}"[:1000])


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _integer(value: object) -> int:
    number = _double(value)
    if not number.is_integer():
        raise ValueError(value)
    return int(number)


def _double(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    return float(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError(value)
    return value == "true"


def _timestamp(value: object) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return _timestamp(datetime.fromisoformat(value))
    return _double(value)


_SCALARS = {
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "double": _double,
    "float": _double,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _broken(shape: Any, value: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - as the model says
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_path(where, name)}' failed to satisfy constraint: Member must not be null"
        for name, found in value.items():
            yield from _broken(shape.members[name], found, _path(where, name))
    elif shape.type_name == "list":
        yield from _outside(shape, len(value), where, value, "have length")
        for position, item in enumerate(value, 1):
            yield from _broken(shape.member, item, f"{where}.{position}.member")
    elif shape.type_name == "string":
        yield from _outside(shape, len(value), where, value, "have length")
        yield from _wrong_text(shape, value, where)
    elif shape.type_name in ("integer", "long", "double"):
        yield from _outside(shape, value, where, value, "have value")


def _path(where: str, name: str) -> str:
    own = name[0].lower() + name[1:]
    return f"{where}.{own}" if where else own


def _outside(shape: Any, size: float, where: str, value: object, noun: str) -> Iterator[str]:  # noqa: ANN401
    low, high = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
    told = f"Value '{value}' at '{where}' failed to satisfy constraint: Member must {noun}"
    if size < low:
        yield f"{told} greater than or equal to {low}"
    if size > high:
        yield f"{told} less than or equal to {high}"


def _wrong_text(shape: Any, value: str, where: str) -> Iterator[str]:  # noqa: ANN401
    told = f"Value '{value}' at '{where}' failed to satisfy constraint: Member must satisfy"
    if shape.enum and value not in shape.enum:
        yield f"{told} enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"{told} regular expression pattern: {pattern}"
