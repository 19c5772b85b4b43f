import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stack
from stack.manifest import SETTINGS
from tests.stack.recording import Graph, recorded

SCHEMA: dict[str, Any] = json.loads(Path(stack.__file__).with_name("manifest.schema.json").read_text())
ANNOTATIONS = {"$schema", "title", "description"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}


RULES: dict[str, Callable[[Any, Any], bool]] = {
    "const": lambda value, wanted: bool(value == wanted),
    "enum": lambda value, wanted: value in wanted,
    "pattern": lambda value, wanted: not isinstance(value, str) or bool(re.search(wanted, value)),
    "minLength": lambda value, wanted: not isinstance(value, str) or len(value) >= wanted,
    "minimum": lambda value, wanted: not isinstance(value, int) or value >= wanted,
    "required": lambda value, wanted: set(wanted) <= set(value),
}
NESTED = {"type", "properties", "additionalProperties", "items"}


def problems(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:  # noqa: ANN401 - any JSON
    """What a value breaks of a JSON schema, for the words that the manifest's schema uses; another is an error."""
    assert schema.keys() <= ANNOTATIONS | RULES.keys() | NESTED
    wanted = schema.get("type", [])
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{at} is no {wanted}"]
    found = [f"{at}: {word}" for word, holds in RULES.items() if word in schema and not holds(value, schema[word])]
    if isinstance(value, dict):
        for key, each in value.items():
            member = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            found += [f"{at}.{key} is unknown"] if member is False else problems(each, member, f"{at}.{key}")
    if isinstance(value, list):
        for number, each in enumerate(value):
            found += problems(each, schema.get("items", {}), f"{at}[{number}]")
    return found


def test_the_manifest_of_each_environment_has_the_form_of_its_schema(graph: Graph) -> None:
    assert problems(json.loads(graph.manifest), SCHEMA) == []


def test_the_schema_refuses_a_manifest_that_lacks_what_a_reader_needs(dev: Graph) -> None:
    manifest = json.loads(dev.manifest)
    del manifest["resources"][0]["id"]
    manifest["resources"][1] |= {"id": "", "arn": "table/x", "secret": "x"}
    manifest["counts"]["aws:x/y:Y"] = 0
    manifest |= {"environment": "test", "account": "1"}
    manifest["schema"] = "manifest/0"
    assert sorted(problems(manifest, SCHEMA)) == [
        "$.account: pattern",
        "$.counts.aws:x/y:Y: minimum",
        "$.environment: enum",
        "$.resources[0]: required",
        "$.resources[1].arn: pattern",
        "$.resources[1].id: minLength",
        "$.resources[1].secret is unknown",
        "$.schema: const",
    ]


def test_the_manifest_names_every_resource_once(graph: Graph) -> None:
    listed = [(each["type"], each["name"]) for each in json.loads(graph.manifest)["resources"]]
    declared = [(each.kind, each.name) for each in graph.resources if each.kind.startswith("aws:")]
    assert listed == sorted(declared)


def test_the_manifest_tells_the_settings_that_matter() -> None:
    resources = {each["name"]: each for each in json.loads(recorded("prod").manifest)["resources"]}
    function = resources["function-payment-processor-prod"]
    assert function["settings"]["memory_size"] == 2048
    assert resources["table-payments-prod"]["settings"]["deletion_protection_enabled"] is True
    assert resources["logs-payment-processor-prod"]["settings"] == {"retention_in_days": 7}
    assert resources["parameter-fraud-secret-prod"]["settings"]["type"] == "SecureString"
    assert resources["source-notification-sender-notifications-prod"]["settings"]["batch_size"] == 10


def test_every_setting_that_the_manifest_asks_for_is_an_input_that_some_resource_has() -> None:
    """A name that was mistyped would be left out in silence."""
    graphs = [recorded("prod"), recorded("dev")]
    told = [each for graph in graphs for each in json.loads(graph.manifest)["resources"]]
    found = {(each["type"], key) for each in told for key in each["settings"]}
    assert {(kind, key) for kind, keys in SETTINGS.items() for key in keys} == found


def test_no_secret_is_in_the_manifest(graph: Graph) -> None:
    secrets = [each for each in graph.of("aws:ssm/parameter:Parameter") if each.inputs["type"] == "SecureString"]
    assert [each.name for each in secrets if each.inputs["value"] in graph.manifest] == []
