"""What every part of a deployment shares: the cloud, the state, and where events go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from localcloud.engine.clouds import Clouds
from localcloud.engine.diff import Operation
from localcloud.engine.errors import DeploymentFailed, EndpointUnavailable, EngineError
from localcloud.engine.events import Emit, ResourceEvent, Status
from localcloud.engine.state import Recorded, StackState
from localcloud.engine.values import SECRET_MASK, Properties, Value, revealed, secrets_in
from localcloud.resources.catalog import CATALOG
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import ResourceType

AWS_ERRORS = (ClientError, BotoCoreError, ResourceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One run against one stack."""

    clouds: Clouds
    state: StackState
    emit: Emit
    preview: bool

    def live(self, kind: ResourceType, recorded: Recorded) -> Properties | None:
        """What the cloud has of a recorded resource; None when it is gone."""
        known = revealed({**recorded.outputs, **recorded.inputs})
        return kind.read(self.clouds.of(recorded.provider, known), recorded.identifier, known)

    def remove(self, kind: ResourceType, recorded: Recorded, *, unprotect: bool = False) -> None:
        """Deletes a recorded resource from the cloud; with `unprotect` also one that AWS protects."""
        known = revealed({**recorded.outputs, **recorded.inputs})
        cloud = self.clouds.of(recorded.provider, known)
        if unprotect:
            kind.unprotect(cloud, recorded.identifier, known)
        kind.delete(cloud, recorded.identifier, known)

    @contextmanager
    def reported(self, urn: str, kind: str, operation: Operation, changed: tuple[str, ...] = ()) -> Iterator[None]:
        """Emits the operation's begin and end around the block."""
        name, begin = urn.rsplit("::", 1)[-1], time.monotonic()

        def emit(status: Status, message: str = "") -> None:
            seconds = time.monotonic() - begin
            self.emit(
                ResourceEvent(
                    status=status,
                    operation=operation,
                    urn=urn,
                    kind=kind,
                    name=name,
                    changed=changed,
                    seconds=seconds,
                    message=message,
                )
            )

        emit(Status.STARTED)
        try:
            yield
        except (EngineError, *AWS_ERRORS) as error:
            emit(Status.FAILED, type(error).__name__)
            raise
        emit(Status.DONE)


@contextmanager
def explained(kind: str, name: str, inputs: Value) -> Iterator[None]:
    """Turns what AWS, or a resource type, refuses into one line without secrets: ``type 'name': error``."""
    try:
        yield
    except EndpointConnectionError as error:
        raise EndpointUnavailable(f"{error}: is the embedded cloud running? Start it with `localcloud up`") from error
    except AWS_ERRORS as error:
        text = " ".join(_line(error).split())
        for secret in secrets_in(inputs):
            text = text.replace(secret, SECRET_MASK)
        raise DeploymentFailed(f"{kind} '{name}': {text}") from error


def catalogued(urn: str, kind: str) -> ResourceType:
    """The type's handler; refused with the whole list when there is none."""
    found = CATALOG.get(kind)
    if found is None:
        known = ", ".join(sorted(CATALOG))
        raise EngineError(f"{urn}: resource type {kind} is not supported by the local engine, which has {known}")
    return found


def _line(error: Exception) -> str:
    if isinstance(error, ClientError):
        fields = error.response.get("Error", {})
        return f"{error.operation_name}: {fields.get('Code', 'error')}: {fields.get('Message', '')}"
    return str(error)
