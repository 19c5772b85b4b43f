"""API Gateway's patch operations: JSON-patch paths with text values."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.resources.shapes import Inputs, attribute_text
from localcloud.resources.tagging import retag

Patches = list[dict[str, Any]]


def pointer(text: str) -> str:
    """One segment of a JSON pointer (RFC 6901, section 3)."""
    return text.replace("~", "~0").replace("/", "~1")


def patches(inputs: Inputs, changed: Iterable[str], renames: Mapping[str, str] | None = None) -> Patches:
    """Replaces each changed scalar; one that the program no longer gives is set to the empty text."""
    renamed = renames or {}
    return [
        {"op": "replace", "path": f"/{renamed.get(name, name)}", "value": _text(inputs.get(name))}
        for name in sorted(changed)
    ]


def map_patches(name: str, inputs: Inputs, old: Inputs) -> Patches:
    """Brings a map of scalars from old to new, key by key."""
    before, after = old.get(name) or {}, inputs.get(name) or {}
    removed = [{"op": "remove", "path": f"/{name}/{pointer(key)}"} for key in sorted(before.keys() - after.keys())]
    return removed + [
        {"op": "replace", "path": f"/{name}/{pointer(key)}", "value": attribute_text(after[key])}
        for key in sorted(after)
        if before.get(key) != after[key]
    ]


def set_patches(name: str, inputs: Inputs, old: Inputs) -> Patches:
    """Brings a list that is a set, such as media types, from old to new."""
    before, after = set(old.get(name) or []), set(inputs.get(name) or [])
    removed = [{"op": "remove", "path": f"/{name}/{pointer(item)}"} for item in sorted(before - after)]
    return removed + [{"op": "add", "path": f"/{name}/{pointer(item)}"} for item in sorted(after - before)]


def _text(value: object) -> object:
    return "" if value is None else attribute_text(value)


def retag_gateway(api: Any, arn: str, inputs: Inputs, old: Inputs) -> None:  # noqa: ANN401 - boto3
    """Brings the tags of an API Gateway resource from old to new."""
    retag(
        inputs,
        old,
        lambda tags: api.tag_resource(resourceArn=arn, tags=tags),
        lambda keys: api.untag_resource(resourceArn=arn, tagKeys=keys),
    )
