"""API Gateway deployments, stages and the settings of a stage's methods."""

from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.patches import map_patches, patches, pointer, retag_gateway
from localcloud.resources.shapes import Inputs, attribute_text, shaped

_RENAMES: Final = {"restApi": "restApiId", "deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"}


class Deployment(ResourceType):
    """``aws:apigateway/deployment:Deployment``; a change of ``triggers`` makes a new one before the old one goes."""

    kind = "aws:apigateway/deployment:Deployment"
    service = "apigateway"
    honours = names("restApi description triggers variables")
    replaces = names("restApi triggers variables")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = shaped(api, "create_deployment", inputs, "restApi description variables", _RENAMES)
        return str(api.create_deployment(**sent)["id"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_deployment, restApiId=state["restApi"], deploymentId=identifier)
        return found and {"createdDate": found["createdDate"].isoformat()}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        operations = patches(inputs, changed & {"description"})
        target = {"restApiId": inputs["restApi"], "deploymentId": identifier}
        self.api(cloud).update_deployment(**target, patchOperations=operations)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_deployment, restApiId=state["restApi"], deploymentId=identifier)


class Stage(ResourceType):
    """``aws:apigateway/stage:Stage``; its ``invokeUrl`` works on the embedded cloud."""

    kind = "aws:apigateway/stage:Stage"
    service = "apigateway"
    honours = names(
        "restApi stageName deployment description variables accessLogSettings xrayTracingEnabled cacheClusterEnabled "
        "cacheClusterSize clientCertificateId documentationVersion tags"
    )
    replaces = names("restApi stageName")
    identity = ("restApi", "stageName")
    defaults: ClassVar = {"xrayTracingEnabled": False, "cacheClusterEnabled": False}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"ags-{inputs['restApi']}-{inputs['stageName']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = (
            "restApi stageName deployment description variables xrayTracingEnabled cacheClusterEnabled "
            "cacheClusterSize documentationVersion"
        )
        sent = shaped(api, "create_stage", inputs, plain, _RENAMES)
        api.create_stage(tags=dict(inputs.get("tagsAll") or {}), **sent)
        later = frozenset(name for name in ("accessLogSettings", "clientCertificateId") if inputs.get(name))
        self._patch(cloud, inputs, {}, later)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        api_id, name = state["restApi"], state["stageName"]
        found = lookup(self.api(cloud).get_stage, restApiId=api_id, stageName=name)
        return found and {
            "arn": f"arn:aws:apigateway:{cloud.region}::/restapis/{api_id}/stages/{name}",
            "executionArn": cloud.arn("execute-api", f"{api_id}/{name}"),
            "invokeUrl": f"{cloud.endpoint.rstrip('/')}/restapis/{api_id}/{name}/_user_request_",
            "deployment": found["deploymentId"],
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self._patch(cloud, inputs, old, changed)
        arn = f"arn:aws:apigateway:{cloud.region}::/restapis/{inputs['restApi']}/stages/{inputs['stageName']}"
        retag_gateway(self.api(cloud), arn, inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_stage, restApiId=state["restApi"], stageName=state["stageName"])

    def _patch(self, cloud: Cloud, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        scalar = changed & names(
            "deployment description xrayTracingEnabled cacheClusterEnabled cacheClusterSize clientCertificateId "
            "documentationVersion"
        )
        operations = patches(inputs, scalar, _RENAMES)
        if "variables" in changed:
            operations += map_patches("variables", inputs, old)
        if "accessLogSettings" in changed:
            settings = inputs.get("accessLogSettings") or {}
            operations += [
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": settings[name]}
                for name in ("destinationArn", "format")
                if settings.get(name)
            ] or [{"op": "remove", "path": "/accessLogSettings"}]
        if operations:
            self.api(cloud).update_stage(
                restApiId=inputs["restApi"], stageName=inputs["stageName"], patchOperations=operations
            )


class MethodSettings(ResourceType):
    """``aws:apigateway/methodSettings:MethodSettings`` of one method path, or of all with ``*/*``."""

    kind = "aws:apigateway/methodSettings:MethodSettings"
    service = "apigateway"
    honours = names("restApi stageName methodPath settings")
    replaces = names("restApi stageName methodPath")
    identity = ("restApi", "stageName", "methodPath")

    PATHS: ClassVar = {
        "metricsEnabled": "metrics/enabled",
        "loggingLevel": "logging/loglevel",
        "dataTraceEnabled": "logging/dataTrace",
        "throttlingBurstLimit": "throttling/burstLimit",
        "throttlingRateLimit": "throttling/rateLimit",
        "cachingEnabled": "caching/enabled",
        "cacheTtlInSeconds": "caching/ttlInSeconds",
        "cacheDataEncrypted": "caching/dataEncrypted",
        "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
        "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
    }

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        operations = [
            {
                "op": "replace",
                "path": f"{self._prefix(inputs)}/{path}",
                "value": attribute_text(inputs["settings"][name]),
            }
            for name, path in self.PATHS.items()
            if inputs["settings"].get(name) is not None
        ]
        self._patch(cloud, inputs, operations)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_stage, restApiId=state["restApi"], stageName=state["stageName"])
        return {} if found and state["methodPath"] in (found.get("methodSettings") or {}) else None

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Removes the path's settings first: what the program no longer names falls back to AWS's default."""
        self.delete(cloud, identifier, old)
        self.create(cloud, inputs)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if self.read(cloud, identifier, state) is not None:
            self._patch(cloud, state, [{"op": "remove", "path": self._prefix(state)}])

    def _prefix(self, inputs: Inputs) -> str:
        resource, _, method = str(inputs["methodPath"]).rpartition("/")
        return f"/{pointer(resource)}/{method}"

    def _patch(self, cloud: Cloud, inputs: Inputs, operations: list[dict[str, Any]]) -> None:
        self.api(cloud).update_stage(
            restApiId=inputs["restApi"], stageName=inputs["stageName"], patchOperations=operations
        )
