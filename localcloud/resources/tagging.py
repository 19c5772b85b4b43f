"""Tags of existing resources, for the services that take them apart from the resource's own update call."""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.resources.shapes import Inputs

Tags = Mapping[str, str]


def tag_list(tags: Tags | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as the list of pairs that most services want, sorted for stable requests."""
    return [{key: name, value: tags[name]} for name in sorted(tags)] if tags else []


def tag_map(pairs: list[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """A list of pairs as a mapping."""
    return {pair[key]: pair[value] for pair in pairs or []}


def retag(inputs: Inputs, old: Inputs, tag: Callable[[dict[str, str]], Any], untag: Callable[[list[str]], Any]) -> None:
    """Calls `untag` with the keys that went and `tag` with what is new or differs; neither when nothing changed."""
    before, after = dict(old.get("tagsAll") or {}), dict(inputs.get("tagsAll") or {})
    if gone := sorted(before.keys() - after.keys()):
        untag(gone)
    if added := {key: value for key, value in after.items() if before.get(key) != value}:
        tag(added)
