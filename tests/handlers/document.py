"""The OpenAPI document as a generator of requests and a judge of answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.handlers.deployment import DOCUMENT

Schema = Mapping[str, Any]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=40)
"""What a header may carry."""
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
IDS = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=30)
"""A slash would make it another path."""
TOKENS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z_.:@+-]{0,20}\Z")
CENTS = st.integers(min_value=1, max_value=2_000_000)


@dataclass(frozen=True, kw_only=True)
class Operation:
    method: str
    template: str

    @property
    def described(self) -> Mapping[str, Any]:
        operation: Mapping[str, Any] = DOCUMENT["paths"][self.template][self.method.lower()]
        return operation

    @property
    def body_schema(self) -> Schema | None:
        body = self.described.get("requestBody")
        return None if body is None else body["content"]["application/json"]["schema"]


@dataclass(frozen=True, kw_only=True)
class Sent:
    operation: Operation
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None


OPERATIONS = [
    Operation(method=method.upper(), template=template)
    for template, methods in DOCUMENT["paths"].items()
    for method in methods
]


def resolved(schema: Schema) -> Schema:
    """The schema that a reference names."""
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    schema = resolved(schema)
    if "oneOf" in schema:
        return st.one_of([values(each) for each in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    makers = {
        "object": _objects,
        "number": lambda _: CENTS.map(lambda cents: cents / 100),
        "integer": lambda each: st.integers(each.get("minimum"), each.get("maximum")),
        "string": _strings,
    }
    return makers[schema["type"]](schema)


def _objects(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: values(each) for name, each in schema["properties"].items()}
    required = {name: members[name] for name in schema["required"]}
    return st.fixed_dictionaries(required, optional={name: members[name] for name in members.keys() - required.keys()})


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 40)
    if "pattern" not in schema:
        return TOKENS | st.text(min_size=shortest, max_size=longest)
    matching = st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True)
    return matching.filter(lambda text: len(text) <= schema.get("maxLength", len(text)))


@st.composite
def bodies(draw: st.DrawFn, schema: Schema) -> str:
    """Bodies from valid to absurd."""
    kind = draw(st.sampled_from(["valid", "valid", "spoiled", "any", "text"]))
    if kind == "text":
        return draw(st.text(max_size=60) | st.sampled_from(["", "{", "[" * 3000, '{"amount":1,"amount":2}', "NaN"]))
    if kind == "any":
        return json.dumps(draw(ANY_JSON))
    body = draw(values(schema))
    if kind == "spoiled":
        name = draw(st.sampled_from(sorted(resolved(schema)["properties"])))
        body = body | {name: draw(ANY_JSON)}
    return json.dumps(body)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Requests to any operation of the document."""
    operation = draw(st.sampled_from(OPERATIONS))
    parameters = operation.described.get("parameters", [])
    path = operation.template
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    for parameter in parameters:
        if parameter["in"] == "path":
            value = draw(IDS | st.just(parameter["example"]))
            path = path.replace(f"{{{parameter['name']}}}", value)
        elif not draw(st.booleans()):
            continue
        elif parameter["in"] == "header":
            valid = values(parameter["schema"]) if "pattern" in parameter["schema"] else VISIBLE
            headers[parameter["name"]] = draw(valid | LATIN).strip()
        else:
            query[parameter["name"]] = draw(values(parameter["schema"]).map(str) | st.text(max_size=40))
    body = None if operation.body_schema is None else draw(bodies(operation.body_schema))
    return Sent(operation=operation, path=path, query=query, headers=headers, body=body)


def complaints(value: Any, schema: Schema, where: str = "body") -> Iterator[str]:  # noqa: ANN401 - any JSON
    """What is wrong with a value by a schema of the document (the part of JSON Schema that the document uses)."""
    schema = resolved(schema)
    if value is None and schema.get("nullable"):
        return
    if "oneOf" in schema:
        if not any(not list(complaints(value, each, where)) for each in schema["oneOf"]):
            yield f"{where}: none of the alternatives"
        return
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    if not isinstance(value, kinds[schema["type"]]):
        yield f"{where}: no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value} does not match {schema['pattern']}"
    if schema["type"] == "object":
        yield from _member_complaints(value, schema, where)
    if schema["type"] == "array":
        for index, item in enumerate(value):
            yield from complaints(item, schema["items"], f"{where}[{index}]")


def _member_complaints(value: Mapping[str, Any], schema: Schema, where: str) -> Iterator[str]:
    yield from (f"{where}: {name} is missing" for name in schema["required"] if name not in value)
    for name, member in value.items():
        if name in schema["properties"]:
            yield from complaints(member, schema["properties"][name], f"{where}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{where}: {name} is not documented"
