"""What a program asks for: one registered resource with its options."""

from dataclasses import dataclass, field

from localcloud.engine.paths import Path
from localcloud.engine.values import Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One resource as the program wants it."""

    urn: str
    kind: str
    name: str
    custom: bool
    inputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[Path, ...] = ()
    replace_on_changes: tuple[Path, ...] = ()
    secret_outputs: frozenset[str] = frozenset()
    delete_before_replace: bool = False
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    import_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the program gets back for a goal; an empty id is not known yet."""

    urn: str
    identifier: str = ""
    outputs: Properties = field(default_factory=dict)
