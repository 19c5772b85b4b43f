"""API Gateway REST APIs: the API itself, its path tree, its methods and their integrations."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.patches import map_patches, patches, retag_gateway, set_patches
from localcloud.resources.shapes import Inputs, attribute_text, shaped

_API_RENAMES: Final = {"restApi": "restApiId", "authorization": "authorizationType"}


class RestApi(ResourceType):
    """``aws:apigateway/restApi:RestApi``."""

    kind = "aws:apigateway/restApi:RestApi"
    service = "apigateway"
    honours = names(
        "name description apiKeySource binaryMediaTypes disableExecuteApiEndpoint endpointConfiguration "
        "minimumCompressionSize policy tags"
    )
    name_property = "name"
    documents = names("policy")
    defaults: ClassVar = {"apiKeySource": "HEADER", "disableExecuteApiEndpoint": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = " ".join(self.honours - {"tags"})
        sent = shaped(api, "create_rest_api", inputs, plain, {"vpcEndpointIds": "vpcEndpointIds"})
        return str(api.create_rest_api(tags=dict(inputs.get("tagsAll") or {}), **sent)["id"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        api = self.api(cloud)
        found = lookup(api.get_rest_api, restApiId=identifier)
        if found is None:
            return None
        root = found.get("rootResourceId") or _root(api, identifier)
        return {
            "name": found["name"],
            "arn": f"arn:aws:apigateway:{cloud.region}::/restapis/{identifier}",
            "executionArn": cloud.arn("execute-api", identifier),
            "rootResourceId": root,
            "createdDate": found["createdDate"].isoformat(),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        scalar = changed & names(
            "name description apiKeySource disableExecuteApiEndpoint minimumCompressionSize policy"
        )
        operations = patches(inputs, scalar) + set_patches("binaryMediaTypes", inputs, old)
        if "endpointConfiguration" in changed:
            kinds = (inputs.get("endpointConfiguration") or {}).get("types", "EDGE")
            kind = kinds if isinstance(kinds, str) else kinds[0]
            operations.append({"op": "replace", "path": "/endpointConfiguration/types/0", "value": kind})
        if operations:
            api.update_rest_api(restApiId=identifier, patchOperations=operations)
        retag_gateway(api, f"arn:aws:apigateway:{cloud.region}::/restapis/{identifier}", inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_rest_api, restApiId=identifier)


class PathResource(ResourceType):
    """``aws:apigateway/resource:Resource``: one segment of the path tree."""

    kind = "aws:apigateway/resource:Resource"
    service = "apigateway"
    honours = names("restApi parentId pathPart")
    replaces = honours
    identity = ("restApi", "parentId", "pathPart")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str | None:
        found = lookup(self.api(cloud).get_resources, restApiId=inputs["restApi"], limit=500)
        wanted = (inputs["parentId"], inputs["pathPart"])
        items = found["items"] if found else []
        return next((i["id"] for i in items if (i.get("parentId"), i.get("pathPart")) == wanted), None)

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        made = self.api(cloud).create_resource(
            restApiId=inputs["restApi"], parentId=inputs["parentId"], pathPart=inputs["pathPart"]
        )
        return str(made["id"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_resource, restApiId=state["restApi"], resourceId=identifier)
        return found and {"path": found["path"]}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_resource, restApiId=state["restApi"], resourceId=identifier)


class _MethodPart(PutType):
    """What hangs on a method and is put whole: the method, its integration, and the responses of both."""

    service = "apigateway"
    prefix: ClassVar[str]
    noun: ClassVar[str]
    sent: ClassVar[str]
    renames: ClassVar[Mapping[str, str]] = _API_RENAMES
    identity: ClassVar[tuple[str, ...]] = ("restApi", "resourceId", "httpMethod")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return "-".join([self.prefix, *(str(inputs[name]) for name in self.identity)])

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, operation = self.api(cloud), f"put_{self.noun}"
        getattr(api, operation)(
            **shaped(api, operation, inputs, f"{' '.join(self.identity)} {self.sent}", self.renames)
        )
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        return None if lookup(getattr(self.api(cloud), f"get_{self.noun}"), **self._key(state)) is None else {}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(getattr(self.api(cloud), f"delete_{self.noun}"), **self._key(state))

    def _key(self, state: Inputs) -> dict[str, Any]:
        return {_API_RENAMES.get(name, name): state[name] for name in self.identity}


class Method(_MethodPart):
    """``aws:apigateway/method:Method``."""

    kind = "aws:apigateway/method:Method"
    prefix, noun = "agm", "method"
    sent = (
        "authorization apiKeyRequired authorizerId authorizationScopes operationName requestModels requestParameters "
        "requestValidatorId"
    )
    honours = names(sent) | names("restApi resourceId httpMethod")
    replaces = names("restApi resourceId httpMethod")
    defaults: ClassVar = {"apiKeyRequired": False}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Patches in place: PutMethod would drop the integration that hangs on the method."""
        scalar = changed & names("authorization apiKeyRequired authorizerId operationName requestValidatorId")
        operations = patches(inputs, scalar, _API_RENAMES)
        operations += map_patches("requestModels", inputs, old) + map_patches("requestParameters", inputs, old)
        self.api(cloud).update_method(**self._key(inputs), patchOperations=operations)


class Integration(_MethodPart):
    """``aws:apigateway/integration:Integration``."""

    kind = "aws:apigateway/integration:Integration"
    prefix, noun = "agi", "integration"
    sent = (
        "type integrationHttpMethod uri connectionType connectionId credentials requestParameters requestTemplates "
        "passthroughBehavior cacheKeyParameters cacheNamespace contentHandling timeoutMilliseconds tlsConfig"
    )
    renames: ClassVar = _API_RENAMES | {"timeoutMilliseconds": "timeoutInMillis"}
    honours = names(sent) | names("restApi resourceId httpMethod")
    replaces = names("restApi resourceId httpMethod type integrationHttpMethod")
    defaults: ClassVar = {"timeoutMilliseconds": 29_000}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Patches in place: PutIntegration would drop the responses that hang on the integration."""
        maps = names("requestParameters requestTemplates")
        operations = patches(inputs, changed - maps - {"cacheKeyParameters", "tlsConfig"}, self.renames)
        for name in sorted(changed & maps):
            operations += map_patches(name, inputs, old)
        operations += set_patches("cacheKeyParameters", inputs, old)
        if "tlsConfig" in changed:
            insecure = bool((inputs.get("tlsConfig") or {}).get("insecureSkipVerification"))
            path = "/tlsConfig/insecureSkipVerification"
            operations.append({"op": "replace", "path": path, "value": attribute_text(insecure)})
        self.api(cloud).update_integration(**self._key(inputs), patchOperations=operations)


class MethodResponse(_MethodPart):
    """``aws:apigateway/methodResponse:MethodResponse``."""

    kind = "aws:apigateway/methodResponse:MethodResponse"
    prefix, noun = "agmr", "method_response"
    identity: ClassVar = ("restApi", "resourceId", "httpMethod", "statusCode")
    sent = "responseModels responseParameters"
    honours = names(sent) | frozenset(identity)
    replaces = frozenset(identity)

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Deletes first: PutMethodResponse refuses a status code that is already there."""
        self.delete(cloud, identifier, old)
        self.create(cloud, inputs)


class IntegrationResponse(_MethodPart):
    """``aws:apigateway/integrationResponse:IntegrationResponse``."""

    kind = "aws:apigateway/integrationResponse:IntegrationResponse"
    prefix, noun = "agir", "integration_response"
    identity: ClassVar = ("restApi", "resourceId", "httpMethod", "statusCode")
    sent = "selectionPattern responseParameters responseTemplates contentHandling"
    honours = names(sent) | frozenset(identity)
    replaces = frozenset(identity)


def _root(api: Any, rest_api: str) -> str:  # noqa: ANN401 - boto3
    resources = api.get_resources(restApiId=rest_api, limit=500)["items"]
    return next(str(item["id"]) for item in resources if item["path"] == "/")
