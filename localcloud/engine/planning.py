"""Decides what happens to one resource; the same decision serves the preview and the apply."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from localcloud.engine.diff import Operation, changed_paths, deletes_first, is_replacement
from localcloud.engine.errors import EngineError
from localcloud.engine.goals import Goal
from localcloud.engine.paths import Path, restored
from localcloud.engine.state import Recorded
from localcloud.engine.values import UNKNOWN, Properties, revealed
from localcloud.resources.model import ResourceType

_SUFFIX: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do with one resource, and the inputs to do it with."""

    operation: Operation
    inputs: Properties
    changed: tuple[Path, ...] = ()
    delete_first: bool = False
    generated_name: str = ""


def plan_step(goal: Goal, kind: ResourceType, prior: Recorded | None, tags: Mapping[str, str], *, exists: bool) -> Step:
    """The step from what is recorded to what is wanted; `exists` says whether the cloud still has the recorded one."""
    _refuse_unknown_properties(goal, kind)
    inputs = restored(dict(goal.inputs), prior.inputs if prior else {}, goal.ignore_changes if prior else ())
    inputs = _with_tags(kind, {**kind.defaults, **inputs}, tags)
    name = prior.generated_name if prior else ""
    named = _named(goal, kind, inputs, name)
    if prior is None:
        return _created(goal, kind, inputs, Operation.CREATE, "")
    if not exists:
        return Step(operation=Operation.RECREATE, inputs=named, generated_name=_generated(kind, goal, named))
    changed = changed_paths(prior.inputs, named, kind.documents)
    if not changed:
        return Step(operation=Operation.SAME, inputs=named, generated_name=name)
    if not is_replacement(kind, changed, goal.replace_on_changes):
        return Step(operation=Operation.UPDATE, inputs=named, changed=changed, generated_name=name)
    return _replaced(goal, kind, prior, inputs, changed)


def _replaced(goal: Goal, kind: ResourceType, prior: Recorded, inputs: Properties, changed: tuple[Path, ...]) -> Step:
    if prior.protect:
        raise EngineError(f"{goal.urn} is protected and would be replaced: take `protect` off first, or undo it")
    fresh = _created(goal, kind, inputs, Operation.REPLACE, prior.generated_name)
    first = deletes_first(kind, prior.inputs, fresh.inputs, asked=goal.delete_before_replace)
    return Step(
        operation=Operation.REPLACE,
        inputs=fresh.inputs,
        changed=changed,
        delete_first=first,
        generated_name=fresh.generated_name,
    )


def _created(goal: Goal, kind: ResourceType, inputs: Properties, operation: Operation, previous: str) -> Step:
    """A step that makes a resource; a generated name differs from the previous one, so that both can exist."""
    digest = hashlib.sha256(f"{goal.urn} {previous}".encode()).hexdigest()[:_SUFFIX]
    name = kind.generated_name(goal.name, digest, revealed(inputs))
    named = _named(goal, kind, inputs, name)
    return Step(operation=operation, inputs=named, generated_name=_generated(kind, goal, named))


def _named(goal: Goal, kind: ResourceType, inputs: Properties, name: str) -> Properties:
    if kind.name_property is None or goal.inputs.get(kind.name_property) is not None or not name:
        return inputs
    return inputs | {kind.name_property: name}


def _generated(kind: ResourceType, goal: Goal, inputs: Properties) -> str:
    if kind.name_property is None or goal.inputs.get(kind.name_property) is not None:
        return ""
    return str(inputs[kind.name_property])


def _with_tags(kind: ResourceType, inputs: Properties, default_tags: Mapping[str, str]) -> Properties:
    """Adds ``tagsAll``, what is really on the resource: its own tags over the provider's."""
    if "tags" not in kind.honours:
        return inputs
    own = inputs.get("tags")
    if own is UNKNOWN:
        return inputs | {"tagsAll": UNKNOWN}
    return inputs | {"tagsAll": {**default_tags, **(revealed(own) or {})}}


def _refuse_unknown_properties(goal: Goal, kind: ResourceType) -> None:
    if unknown := sorted(goal.inputs.keys() - kind.honours - {"region"}):
        raise EngineError(
            f"{goal.urn}: the local engine does not carry {', '.join(unknown)} of {goal.kind} to AWS, dropping nothing "
            f"in silence; it carries {', '.join(sorted(kind.honours))}"
        )
