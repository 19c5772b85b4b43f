"""Deletes recorded resources, dependents first."""

from collections.abc import Sequence

from localcloud.engine.diff import Operation
from localcloud.engine.errors import EngineError
from localcloud.engine.state import Recorded
from localcloud.engine.workspace import Workspace, catalogued, explained


def delete_all(space: Workspace, doomed: Sequence[Recorded]) -> None:
    """Deletes what is recorded, from the cloud and from the state; refuses as a whole when one is protected.

    A resource that ``retainOnDelete`` keeps, that was only read, or whose ``deletedWith`` is deleted too, is forgotten
    and stays in the cloud.
    """
    condemned = {id(resource) for resource in space.state.condemned}
    for resource in doomed:
        if resource.protect and id(resource) not in condemned:
            raise EngineError(
                f"{resource.urn} is protected and would be deleted: take `protect` off, apply, then retry"
            )
    going = {resource.urn for resource in doomed}
    for resource in _ordered(space, doomed, condemned):
        _delete(space, resource, going)


def _ordered(space: Workspace, doomed: Sequence[Recorded], condemned: set[int]) -> list[Recorded]:
    """Replaced resources go first, the newest first: nothing in the state depends on them any more."""
    replaced = [resource for resource in doomed if id(resource) in condemned]
    others = [resource for resource in doomed if id(resource) not in condemned]
    return [*reversed(replaced), *space.state.deletion_order(others)]


def _delete(space: Workspace, resource: Recorded, going: set[str]) -> None:
    if not resource.custom or resource.kind.startswith("pulumi:"):
        if not space.preview:
            space.state.forget(resource)
        return
    kept = resource.retain_on_delete or resource.external or resource.deleted_with in going
    operation = Operation.FORGET if kept else Operation.DELETE
    with (
        explained(resource.kind, resource.name, resource.inputs),
        space.reported(resource.urn, resource.kind, operation),
    ):
        if space.preview:
            return
        if not kept:
            space.remove(catalogued(resource.urn, resource.kind), resource)
        space.state.forget(resource)
