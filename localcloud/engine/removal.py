"""Deletes recorded resources, dependents first."""

from collections.abc import Sequence

from localcloud.engine.diff import Operation
from localcloud.engine.errors import EngineError
from localcloud.engine.state import Recorded
from localcloud.engine.workspace import Workspace, catalogued, explained


def delete_all(
    space: Workspace, doomed: Sequence[Recorded], *, replaced: Sequence[Recorded] = (), unprotect: bool = False
) -> None:
    """Deletes what is recorded, from the cloud and from the state; refuses as a whole when one is protected.

    What was replaced goes first, the newest first: nothing in the state depends on it any more. `unprotect` deletes
    protected resources too, also those that AWS itself protects.

    A resource that ``retainOnDelete`` keeps, that was only read, or whose ``deletedWith`` is deleted too, is forgotten
    and stays in the cloud.
    """
    protected = [resource for resource in doomed if resource.protect]
    if protected and not unprotect:
        raise EngineError(
            f"{protected[0].urn} is protected and would be deleted: take `protect` off and apply, or destroy with "
            "--unprotect"
        )
    going = {resource.urn for resource in doomed}
    for resource in (*reversed(replaced), *space.state.deletion_order(list(doomed))):
        _delete(space, resource, going, unprotect=unprotect)


def _delete(space: Workspace, resource: Recorded, going: set[str], *, unprotect: bool) -> None:
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
            space.remove(catalogued(resource.urn, resource.kind), resource, unprotect=unprotect)
        space.state.forget(resource)
