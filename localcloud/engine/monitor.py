"""Pulumi's resource monitor and engine log, by the method names of the protocol, served in-process to the SDK.

Features that are not announced are refused by the SDK itself; alias specifications are left out on purpose, so that the
SDK resolves aliases, also inherited ones, to URNs.
"""

from collections.abc import Iterable
from typing import Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from localcloud.engine.deployment import STACK, Deployment
from localcloud.engine.errors import EngineError
from localcloud.engine.events import Emit, MessageEvent, Severity
from localcloud.engine.goals import Goal
from localcloud.engine.paths import parse_path
from localcloud.engine.values import revealed
from localcloud.engine.wire import decode, encode
from localcloud.engine.workspace import explained
from localcloud.resources.invokes import invoke

_SEVERITIES: Final = {
    engine_pb2.INFO: Severity.INFO,
    engine_pb2.WARNING: Severity.WARNING,
    engine_pb2.ERROR: Severity.ERROR,
}
_FEATURES: Final = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
}


class EngineLog:
    """Receives what the program logs."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """Passes the message on; the SDK's debug messages narrate its own inner life, several for every resource."""
        if request.severity == engine_pb2.DEBUG:
            return empty_pb2.Empty()
        self._emit(MessageEvent(severity=_SEVERITIES[request.severity], text=request.message))
        return empty_pb2.Empty()


class Monitor:
    """What the SDK calls, from several threads at once."""

    def __init__(self, project: str, stack: str, deployment: Deployment) -> None:
        self._prefix = f"urn:pulumi:{stack}::{project}"
        self._deployment = deployment

    def GetDeploymentInfo(self, request: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """The features that the SDK may use."""
        del request
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES.values())

    def SupportsFeature(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.SupportsFeatureRequest
    ) -> resource_pb2.SupportsFeatureResponse:
        """The same, one at a time, for older SDKs."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Applies, or previews, one resource."""
        _refuse_unsupported(request)
        goal = Goal(
            urn=self._urn(request.parent, request.type, request.name),
            kind=request.type,
            name=request.name,
            custom=request.custom,
            inputs=decode(request.object),
            parent=request.parent,
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
            aliases=tuple(urn.replace(f"::{STACK}$", "::") for urn in request.aliasURNs),
            ignore_changes=_paths(request.ignoreChanges),
            replace_on_changes=_paths(request.replaceOnChanges),
            secret_outputs=frozenset(request.additionalSecretOutputs),
            delete_before_replace=request.deleteBeforeReplace,
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            deleted_with=request.deletedWith,
            import_id=request.importId,
        )
        made = self._deployment.register(goal)
        return resource_pb2.RegisterResourceResponse(urn=made.urn, id=made.identifier, object=encode(made.outputs))

    def RegisterResourceOutputs(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keeps the outputs of a component or of the stack."""
        self._deployment.complete(request.urn, decode(request.outputs))
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Looks up a resource that the program did not make."""
        goal = Goal(
            urn=self._urn(request.parent, request.type, request.name),
            kind=request.type,
            name=request.name,
            custom=True,
            inputs=decode(request.properties),
            parent=request.parent,
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
            secret_outputs=frozenset(request.additionalSecretOutputs),
            import_id=request.id,
        )
        found = self._deployment.read(goal)
        return resource_pb2.ReadResourceResponse(urn=found.urn, id=found.identifier, properties=encode(found.outputs))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answers a provider function such as ``aws.get_caller_identity``."""
        arguments = revealed(decode(request.args))
        clouds = self._deployment.space.clouds
        with explained(request.tok, "invoke", arguments):
            answer = invoke(clouds.of(request.provider, arguments), request.tok, arguments)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(encode(answer))
        return response

    def Call(self, request: resource_pb2.ResourceCallRequest) -> empty_pb2.Empty:  # noqa: N802
        """Refused: methods of resources belong to packages that the local engine does not run."""
        raise EngineError(f"call {request.tok}: methods of resources are not supported by the local engine")

    def RegisterPackage(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterPackageRequest
    ) -> resource_pb2.RegisterPackageResponse:
        """Refused: parameterized packages need their provider's binary."""
        raise EngineError(f"package {request.name}: parameterized packages are not supported by the local engine")

    def RegisterStackTransform(self, request: object) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """Refused, with what to use in its place."""
        raise EngineError(
            "resource transforms are not supported by the local engine: use register_stack_transformation, or "
            f"ResourceOptions(transformations=...) ({type(request).__name__})"
        )

    RegisterStackInvokeTransform = RegisterStackTransform

    def SignalAndWaitForShutdown(self, request: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802
        """Nothing to wait for: every call above returns when its work is done."""
        del request
        return empty_pb2.Empty()

    def _urn(self, parent: str, kind: str, name: str) -> str:
        """Pulumi's URN: the types of all parents but the stack's, then the own type, then the name."""
        lineage = parent.split("::")[2] if parent else ""
        qualified = f"{lineage}${kind}" if lineage and lineage != STACK else kind
        return f"{self._prefix}::{qualified}::{name}"


def _paths(texts: Iterable[str]) -> tuple[tuple[str | int, ...], ...]:
    return tuple(parse_path(text) for text in texts)


def _refuse_unsupported(request: resource_pb2.RegisterResourceRequest) -> None:
    if request.remote:
        raise EngineError(f"{request.type} '{request.name}': components of other languages are not supported here")
    if request.HasField("replacement_trigger"):
        raise EngineError(f"{request.type} '{request.name}': replacement_trigger is not supported by the local engine")
