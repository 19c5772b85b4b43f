"""Writes docs/api.md from the OpenAPI document: ``python -m docs.api_reference``."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent.parent / "handlers" / "openapi.json").read_text())
METHODS = ("get", "post")
HEAD = """# API reference

Written by `make docs` from `handlers/openapi.json`. {description}
Every answer names in `X-Version` the version that gave it.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD.format(description=DOCUMENT["info"]["description"]), *_operations(), *_objects()])


def _operations() -> Iterator[str]:
    for path, methods in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in methods:
                yield "\n".join(_operation(method.upper(), path, methods[method])) + "\n"


def _operation(method: str, path: str, described: Mapping[str, Any]) -> Iterator[str]:
    needed = "`x-api-key`" if described.get("security") else "no key"
    yield f"## {method} {path}\n\n{described['summary']} Needs {needed}.\n"
    if "requestBody" in described:
        yield f"Body: {_type(described['requestBody']['content']['application/json']['schema'])}.\n"
    if "parameters" in described:
        yield "| parameter | in | required | type | |\n|---|---|---|---|---|"
        for each in described["parameters"]:
            cells = [f"`{each['name']}`", each["in"], "yes" if each.get("required") else "", _type(each["schema"])]
            yield _row([*cells, each.get("description", "")])
        yield ""
    yield "| status | answer | |\n|---|---|---|"
    for status, answer in sorted(described["responses"].items()):
        yield _row([status, _type(answer["content"]["application/json"]["schema"]), answer["description"]])


def _objects() -> Iterator[str]:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        yield f"## {name}\n\n{schema['description']}\n\n| member | required | type | |\n|---|---|---|---|"
        for member, described in schema["properties"].items():
            required = "yes" if member in schema["required"] else ""
            yield _row([f"`{member}`", required, _type(described), described.get("description", "")])
        yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """What values a schema allows, in a table's cell."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema:
        return " or ".join(map(_type, schema["oneOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"array of {_type(schema['items'])}, at most {schema['maxItems']}"
    return ", ".join([schema["type"], *_limits(schema)])


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    if "minimum" in schema:
        yield f"{'over' if schema.get('exclusiveMinimum') else 'from'} {schema['minimum']}"
    if "maximum" in schema:
        yield f"up to {schema['maximum']}"
    if "maxLength" in schema:
        yield f"{schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if "pattern" in schema:
        yield f"`{schema['pattern']}`"
    if "default" in schema:
        yield f"default {schema['default']}"
    if schema.get("nullable"):
        yield "or null"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    page = Path(__file__).with_name("api.md")
    page.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{page.name} written\n")
