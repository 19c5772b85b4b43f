"""The API as its one OpenAPI document describes it, as values that API Gateway's resources are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stack.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FUNCTION: Final = "x-function"
"""The extension that names the function which answers an operation."""

SHARED: Final = "x-shared-answer"
"""The extension that says that all callers with a key get the same answer."""

_DRAFT_4: Final = "http://json-schema.org/draft-04/schema#"
_PLACES: Final = {"query": "querystring", "header": "header", "path": "path"}
_NOT_IN_DRAFT_4: Final = frozenset({"example", "nullable", "description"})
_METHODS: Final = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    function: str
    """The purpose of the function that answers."""
    is_keyed: bool
    """Whether callers need an API key."""
    is_shared: bool
    """Whether all callers with a key get the same answer."""
    parameters: tuple[tuple[str, bool], ...]
    """API Gateway's name of each parameter (``method.request.querystring.status``) and whether it must be there."""
    body: str | None
    """The name of the body's schema among `body_schemas`, where there is a body."""

    @property
    def is_cacheable(self) -> bool:
        """Whether an answer is the same for every caller, so that one may get another one's.

        API Gateway looks at a key before it looks into the cache.
        """
        return self.method == "GET" and (self.is_shared or not self.is_keyed)

    @property
    def label(self) -> str:
        """The operation as part of a resource's name: ``get-payments-id``."""
        return f"{self.method.lower()}-{path_label(self.path)}"


def path_label(path: str) -> str:
    """A path as part of a resource's name: ``payments-id``."""
    return path.replace("{", "").replace("}", "").strip("/").replace("/", "-")


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Every operation of the document.

    Raises:
        SettingsError: an operation names no function, or has an inline body; both are needed by name.
    """
    return tuple(
        _operation(document, path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    )


def _operation(document: Mapping[str, Any], path: str, method: str, described: Mapping[str, Any]) -> Operation:
    if FUNCTION not in described:
        raise SettingsError(f"{method.upper()} {path} of the OpenAPI document has no {FUNCTION}; add it")
    return Operation(
        method=method.upper(),
        path=path,
        function=described[FUNCTION],
        is_keyed=bool(described.get("security", document.get("security"))),
        is_shared=bool(described.get(SHARED)),
        parameters=tuple(_parameters(described)),
        body=_body(path, described),
    )


def _parameters(described: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for each in described.get("parameters", ()):
        yield f"method.request.{_PLACES[each['in']]}.{each['name']}", bool(each.get("required"))


def _body(path: str, described: Mapping[str, Any]) -> str | None:
    if "requestBody" not in described:
        return None
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" not in schema:
        raise SettingsError(f"the body of {path} in the OpenAPI document is inline; move it to components/schemas")
    return str(schema["$ref"]).rpartition("/")[2]


def body_schemas(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The JSON schema (draft 4, as API Gateway's models want it) of each body that an operation takes."""
    wanted = {each.body for each in operations(document) if each.body}
    return {name: {"$schema": _DRAFT_4, "title": name, **_resolved(document, name)} for name in sorted(wanted)}


def _resolved(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    resolved: dict[str, Any] = _draft_4(document, document["components"]["schemas"][name])
    return resolved


def _draft_4(document: Mapping[str, Any], schema: Any) -> Any:  # noqa: ANN401 - any node of a JSON schema
    """The schema with its references followed, without what draft 4 does not know."""
    match schema:
        case {"$ref": str(reference)}:
            return _resolved(document, reference.rpartition("/")[2])
        case dict() if "properties" in schema:
            members = {key: _draft_4(document, each) for key, each in schema["properties"].items()}
            rest = {key: each for key, each in schema.items() if key != "properties"}
            return {**_draft_4(document, rest), "properties": members}
        case dict():
            return {key: _draft_4(document, each) for key, each in schema.items() if key not in _NOT_IN_DRAFT_4}
        case list():
            return [_draft_4(document, each) for each in schema]
    return schema
