"""Brings the state to what the cloud really has, without running the program."""

from dataclasses import replace

from localcloud.engine.diff import Operation, changed_paths, top_level
from localcloud.engine.paths import rendered
from localcloud.engine.state import Recorded
from localcloud.engine.values import Properties, Secret, has_secret
from localcloud.engine.workspace import Workspace, catalogued, explained


def refresh_all(space: Workspace) -> None:
    """Reads every resource: drops what is gone, takes over what drifted."""
    for resource in list(space.state.resources.values()):
        if resource.custom and not resource.kind.startswith("pulumi:"):
            with explained(resource.kind, resource.name, resource.inputs):
                _refresh(space, resource)


def _refresh(space: Workspace, resource: Recorded) -> None:
    kind = catalogued(resource.urn, resource.kind)
    live = space.live(kind, resource)
    if live is None:
        with space.reported(resource.urn, resource.kind, Operation.DELETE):
            space.state.forget(resource)
        return
    seen = {name: value for name, value in live.items() if name not in kind.unread or name not in resource.inputs}
    inputs = _taken_over(resource.inputs, {name: seen[name] for name in seen.keys() & resource.inputs.keys()})
    outputs = _taken_over(resource.outputs, {name: value for name, value in seen.items() if value is not None})
    drifted = changed_paths(resource.inputs, inputs, kind.documents)
    outdated = changed_paths(resource.outputs, outputs, kind.documents)
    if not drifted and not outdated:
        with space.reported(resource.urn, resource.kind, Operation.SAME):
            return
    names = tuple(dict.fromkeys(rendered(path) for path in (*drifted, *outdated)))
    kept = inputs if top_level(drifted) else resource.inputs
    with space.reported(resource.urn, resource.kind, Operation.UPDATE, names):
        space.state.record(replace(resource, inputs=kept, outputs=outputs))


def _taken_over(known: Properties, live: Properties) -> Properties:
    """The known values with the live ones over them; what was secret stays secret, what AWS dropped is dropped."""
    taken = {name: Secret(value) if has_secret(known.get(name)) else value for name, value in live.items()}
    return {name: value for name, value in (known | taken).items() if value is not None}
