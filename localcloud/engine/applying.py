"""Carries one planned step to the cloud and into the state; or says what carrying it would return."""

from dataclasses import replace

from localcloud.engine.diff import Operation, top_level
from localcloud.engine.errors import EngineError
from localcloud.engine.goals import Goal, Registered
from localcloud.engine.planning import Step
from localcloud.engine.state import Recorded
from localcloud.engine.values import Properties, Secret, has_secret, has_unknown, revealed
from localcloud.engine.workspace import AWS_ERRORS, Workspace
from localcloud.resources.archives import Archive, Asset
from localcloud.resources.cloud import Cloud
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import ResourceType


def apply_step(space: Workspace, goal: Goal, kind: ResourceType, step: Step, prior: Recorded | None) -> Registered:
    """Makes, changes or keeps the resource, records it, and returns its outputs."""
    if has_unknown(step.inputs):
        raise EngineError(f"{goal.urn}: an input is unknown although everything before it was applied")
    inputs = revealed(step.inputs)
    cloud = space.clouds.of(goal.provider, inputs)
    replaced = None
    match step.operation, prior:
        case Operation.SAME, Recorded():
            identifier, live = prior.identifier, prior.outputs
        case Operation.UPDATE, Recorded():
            identifier = prior.identifier
            kind.update(cloud, identifier, inputs, revealed(prior.inputs), top_level(step.changed))
            live = _read_back(kind, cloud, identifier, inputs)
        case _:
            replaced = _cleared_the_way(space, kind, step, prior)
            identifier = _created(space, goal, kind, cloud, inputs)
            live = _read_back(kind, cloud, identifier, inputs)
    outputs = shown_outputs(step.inputs, live, goal.secret_outputs | kind.secret_outputs)
    space.state.record(recorded(goal, step, identifier, outputs), replaced)
    return Registered(urn=goal.urn, identifier=identifier, outputs=outputs)


def preview_step(goal: Goal, kind: ResourceType, step: Step, prior: Recorded | None) -> Registered:
    """What the apply would return, as far as it is known before it: an output that is left out is unknown."""
    identifier, known = "", {}
    if prior is not None and step.operation in (Operation.SAME, Operation.UPDATE):
        changed = top_level(step.changed)
        outdated = changed | kind.volatile(changed)
        identifier = prior.identifier
        known = {name: value for name, value in prior.outputs.items() if name not in outdated}
    elif prior is not None and step.operation is Operation.RECREATE and kind.stable:
        identifier = prior.identifier
        known = {name: value for name, value in prior.outputs.items() if name in kind.stable}
    outputs = shown_outputs(step.inputs, known, goal.secret_outputs | kind.secret_outputs)
    return Registered(urn=goal.urn, identifier=identifier, outputs=outputs)


def shown_outputs(inputs: Properties, live: Properties, secret: frozenset[str]) -> Properties:
    """What the program sees: its inputs, over them what AWS says, secret wherever an input or the program says so."""
    given = {name: value for name, value in inputs.items() if not isinstance(revealed(value), Archive | Asset)}
    outputs = given | {name: value for name, value in live.items() if value is not None}
    marked = secret | {name for name, value in given.items() if has_secret(value)}
    return {name: _marked(value) if name in marked else value for name, value in outputs.items()}


def recorded(goal: Goal, step: Step, identifier: str, outputs: Properties) -> Recorded:
    """What the state keeps of an applied goal."""
    return Recorded(
        urn=goal.urn,
        kind=goal.kind,
        custom=goal.custom,
        identifier=identifier,
        inputs=step.inputs,
        outputs=outputs,
        dependencies=goal.dependencies,
        parent=goal.parent,
        provider=goal.provider,
        protect=goal.protect,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
        generated_name=step.generated_name,
        external=step.operation is Operation.READ,
    )


def with_outputs(resource: Recorded, outputs: Properties) -> Recorded:
    """The resource with what it registered as its outputs."""
    return replace(resource, outputs=outputs)


def _cleared_the_way(space: Workspace, kind: ResourceType, step: Step, prior: Recorded | None) -> Recorded | None:
    """Deletes first what cannot stand beside its replacement; returns what is to be deleted after it."""
    if prior is None or step.operation is not Operation.REPLACE:
        return None
    if not step.delete_first:
        return prior
    space.remove(kind, prior)
    space.state.forget(prior)
    return None


def _created(space: Workspace, goal: Goal, kind: ResourceType, cloud: Cloud, inputs: Properties) -> str:
    if goal.urn in space.state.begun:
        _remove_interrupted(kind, cloud, inputs)
    space.state.begin(goal.urn)
    try:
        return kind.create(cloud, inputs)
    except AWS_ERRORS:
        space.state.ended(goal.urn)
        raise


def _remove_interrupted(kind: ResourceType, cloud: Cloud, inputs: Properties) -> None:
    """What a killed deployment was making when it died, and may have made: it is made again from nothing."""
    identifier = kind.identify(cloud, inputs)
    if identifier is not None and kind.read(cloud, identifier, inputs) is not None:
        kind.delete(cloud, identifier, inputs)


def _read_back(kind: ResourceType, cloud: Cloud, identifier: str, inputs: Properties) -> Properties:
    live = kind.read(cloud, identifier, inputs)
    if live is None:
        raise ResourceError(f"{identifier} cannot be read back after it was applied")
    return live


def _marked(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(revealed(value))
