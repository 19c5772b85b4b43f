import json
import re
from pathlib import Path
from typing import Any

import stack
from tests.stack.recording import Graph, recorded

SCHEMA: dict[str, Any] = json.loads(Path(stack.__file__).with_name("manifest.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}


def problems(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:  # noqa: ANN401 - any JSON
    """What a value breaks of a JSON schema, for the words that the manifest's schema uses."""
    wanted = schema.get("type", [])
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{at} is no {wanted}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at} is not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is none of {schema['enum']}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{at} does not match")
    if isinstance(value, dict):
        found += [f"{at} lacks {key}" for key in schema.get("required", []) if key not in value]
        for key, each in value.items():
            member = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            found += [f"{at}.{key} is unknown"] if member is False else problems(each, member, f"{at}.{key}")
    if isinstance(value, list):
        for number, each in enumerate(value):
            found += problems(each, schema.get("items", {}), f"{at}[{number}]")
    return found


def test_the_manifest_of_each_environment_has_the_form_of_its_schema(graph: Graph) -> None:
    assert problems(json.loads(graph.manifest), SCHEMA) == []


def test_the_schema_refuses_a_manifest_that_lacks_a_resources_id(dev: Graph) -> None:
    manifest = json.loads(dev.manifest)
    del manifest["resources"][0]["id"]
    manifest["environment"] = "test"
    assert problems(manifest, SCHEMA) == [
        "$.environment is none of ['dev', 'staging', 'prod']",
        "$.resources[0] lacks id",
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


def test_no_secret_is_in_the_manifest(graph: Graph) -> None:
    secrets = [each for each in graph.of("aws:ssm/parameter:Parameter") if each.inputs["type"] == "SecureString"]
    assert [each.name for each in secrets if each.inputs["value"] in graph.manifest] == []
