"""API Gateway's patch operations, as its guide describes them ("Patch operations"): JSON pointers and text values.

ministack splits the path at each ``/`` without decoding it, keeps texts where numbers and truth values belong, and
knows no sets; so an updated media type, request template, throttle or usage plan would be lost or break.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from localcloud import seams

Record = dict[str, Any]

_SETS: Final = frozenset(("binaryMediaTypes", "cacheKeyParameters", "authorizationScopes"))
"""Members that a path addresses by their content, as in ``/binaryMediaTypes/image~1png``."""
_MEMBERS: Final[Mapping[str, Callable[[str], object]]] = {
    "apiKeyRequired": lambda text: text.lower() == "true",
    "disableExecuteApiEndpoint": lambda text: text.lower() == "true",
    "enabled": lambda text: text.lower() == "true",
    "insecureSkipVerification": lambda text: text.lower() == "true",
    "tracingEnabled": lambda text: text.lower() == "true",
    "cacheClusterEnabled": lambda text: text.lower() == "true",
    "burstLimit": int,
    "limit": int,
    "minimumCompressionSize": int,
    "offset": int,
    "rateLimit": float,
    "timeoutInMillis": int,
}


def install() -> None:
    """Lets every update of an API Gateway record follow the rules above."""
    seams.apply_patch.replace(apply_patches)


def apply_patches(record: Record, operations: list[dict[str, Any]]) -> Record:
    """Changes the record by each operation in turn, in place, and returns it."""
    for operation in operations:
        path = [_decoded(segment) for segment in str(operation.get("path", "")).lstrip("/").split("/")]
        if path != [""]:
            _apply(record, str(operation.get("op", "replace")), path, operation.get("value"))
    return record


def _apply(record: Record, verb: str, path: list[str], value: object) -> None:
    if path == ["apiStages"]:
        _change_stages(record, verb, str(value))
    elif path[0] == "apiStages":
        _change_member(_stage_throttle(record, path), verb, path[-1], value)
    elif path[0] in _SETS and len(path) > 1:
        _change_set(record, verb, path)
    else:
        _change_member(_owner(record, path[:-1]), verb, path[-1], value)


def _change_stages(plan: Record, verb: str, stage: str) -> None:
    """Of a usage plan: ``add`` or ``remove`` with the value ``API-ID:STAGE``."""
    api, _, name = stage.partition(":")
    others = [each for each in plan.get("apiStages") or [] if (each["apiId"], each["stage"]) != (api, name)]
    plan["apiStages"] = others if verb == "remove" else [*others, {"apiId": api, "stage": name}]


def _change_set(record: Record, verb: str, path: list[str]) -> None:
    item = "/".join(path[1:])
    others = [each for each in record.get(path[0]) or [] if each != item]
    record[path[0]] = others if verb == "remove" else [*others, item]


def _change_member(owner: Any, verb: str, name: str, value: object) -> None:  # noqa: ANN401 - a mapping or a list
    if isinstance(owner, list):
        owner[int(name)] = value
    elif verb == "remove":
        owner.pop(name, None)
    else:
        owner[name] = _typed(name, value)


def _owner(record: Record, path: list[str]) -> Any:  # noqa: ANN401 - the same
    """The mapping, made where it is missing, or the list in which the last segment lies."""
    owner: Any = record
    for segment in path:
        if not isinstance(owner.get(segment), dict | list):
            owner[segment] = {}
        owner = owner[segment]
    return owner


def _stage_throttle(plan: Record, path: list[str]) -> Record:
    """The limits at ``/apiStages/API-ID:STAGE/throttle/PATH/METHOD``."""
    entry = next(each for each in plan["apiStages"] if f"{each['apiId']}:{each['stage']}" == path[1])
    limits: Record = entry.setdefault("throttle", {}).setdefault("/".join(path[3:5]), {})
    return limits


def _typed(name: str, value: object) -> object:
    """The value as the record keeps it; a method's required parameters are truth values too."""
    if not isinstance(value, str):
        return value
    if name.startswith("method.request.") and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return _MEMBERS[name](value) if name in _MEMBERS else value


def _decoded(segment: str) -> str:
    """One segment of a JSON pointer (RFC 6901, section 4)."""
    return segment.replace("~1", "/").replace("~0", "~")
