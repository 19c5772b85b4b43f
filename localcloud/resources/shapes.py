"""Turns Pulumi's camelCase inputs into a boto3 call, led by the service model, dropping nothing in silence."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.resources.errors import UnhonouredProperty

Inputs = Mapping[str, Any]
"""A resource's properties as Pulumi names them: JSON values, and `Archive` or `Asset` where the program gave one."""
Renames = Mapping[str, str]
"""Pulumi's name -> the model's, at any depth, for the names that differ in more than case."""


def shaped(
    client: Any,  # noqa: ANN401 - boto3 makes its clients at run time
    operation: str,
    inputs: Inputs,
    properties: str,
    renames: Renames | None = None,
) -> dict[str, Any]:
    """Parameters of `operation` (boto3's name) for those of the space-separated `properties` that are set.

    Maps keep their keys; structures match their members without regard to case; numbers, truth values and texts become
    what the model wants; a single object becomes a list of one where the model has a list. A nested property without a
    member raises `UnhonouredProperty`.
    """
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    chosen = {name: inputs[name] for name in properties.split() if inputs.get(name) is not None}
    return _structure(model.input_shape, chosen, "", renames or {})


def _structure(shape: StructureShape, value: Inputs, path: str, renames: Renames) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    found: dict[str, Any] = {}
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        name = members.get(renames.get(key, key).lower())
        if name is None:
            raise UnhonouredProperty(f"property {here} has no counterpart in AWS's {shape.name}: remove it")
        if item is not None:
            found[name] = _converted(shape.members[name], item, here, renames)
    return found


def _converted(shape: Shape, value: Any, path: str, renames: Renames) -> Any:  # noqa: ANN401 - JSON in, JSON out
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return _structure(shape, value, path, renames)
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _converted(shape.value, item, f"{path}.{key}", renames) for key, item in value.items()}
    if isinstance(shape, ListShape):
        items = [value] if isinstance(value, str | Mapping) or not isinstance(value, Sequence) else value
        return [_converted(shape.member, item, f"{path}[{index}]", renames) for index, item in enumerate(items)]
    return _scalar(shape.type_name, value)


def _scalar(kind: str, value: object) -> object:
    match kind:
        case "string":
            return attribute_text(value)
        case "integer" | "long" if isinstance(value, str):
            return int(value)
        case "float" | "double" if isinstance(value, str | int) and not isinstance(value, bool):
            return float(value)
        case "boolean" if isinstance(value, str):
            return value.lower() == "true"
    return value


def attribute_text(value: object) -> object:
    """A number or truth value as AWS's string attributes write it; anything else unchanged."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
