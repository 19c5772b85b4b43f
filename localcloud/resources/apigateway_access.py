"""API Gateway: what requests must look like and who may send them: models, validators, keys, plans, own answers."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.patches import Patches, patches, pointer, retag_gateway
from localcloud.resources.shapes import Inputs, attribute_text, shaped

_RENAMES: Final = {"restApi": "restApiId"}


class Model(ResourceType):
    """``aws:apigateway/model:Model``."""

    kind = "aws:apigateway/model:Model"
    service = "apigateway"
    honours = names("restApi name contentType schema description")
    replaces = names("restApi name contentType")
    identity = ("restApi", "name")
    name_property = "name"
    documents = names("schema")

    @override
    def generated_name(self, logical: str, suffix: str, inputs: Inputs) -> str:
        return "".join(letter for letter in f"{logical}{suffix}" if letter.isalnum())

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return str(inputs["name"])

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.create_model(**shaped(api, "create_model", inputs, " ".join(self.honours), _RENAMES))
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_model, restApiId=state["restApi"], modelName=identifier)
        return found and {"name": identifier, "schema": found.get("schema")}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        operations = patches(inputs, changed)
        self.api(cloud).update_model(restApiId=inputs["restApi"], modelName=identifier, patchOperations=operations)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_model, restApiId=state["restApi"], modelName=identifier)


class RequestValidator(ResourceType):
    """``aws:apigateway/requestValidator:RequestValidator``."""

    kind = "aws:apigateway/requestValidator:RequestValidator"
    service = "apigateway"
    honours = names("restApi name validateRequestBody validateRequestParameters")
    replaces = names("restApi")
    name_property = "name"
    defaults: ClassVar = {"validateRequestBody": False, "validateRequestParameters": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = shaped(api, "create_request_validator", inputs, " ".join(self.honours), _RENAMES)
        return str(api.create_request_validator(**sent)["id"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_request_validator, restApiId=state["restApi"], requestValidatorId=identifier)
        return found and {name: found.get(name) for name in ("validateRequestBody", "validateRequestParameters")}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self.api(cloud).update_request_validator(
            restApiId=inputs["restApi"], requestValidatorId=identifier, patchOperations=patches(inputs, changed)
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_request_validator, restApiId=state["restApi"], requestValidatorId=identifier)


class GatewayResponse(PutType):
    """``aws:apigateway/response:Response``: what the gateway itself answers in one kind of case."""

    kind = "aws:apigateway/response:Response"
    service = "apigateway"
    honours = names("restApiId responseType statusCode responseParameters responseTemplates")
    replaces = names("restApiId responseType")
    identity = ("restApiId", "responseType")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"aggr-{inputs['restApiId']}-{inputs['responseType']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.put_gateway_response(**shaped(api, "put_gateway_response", inputs, " ".join(self.honours)))
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_gateway_response, **self._key(state))
        return None if found is None or found.get("defaultResponse") else {"statusCode": found.get("statusCode")}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_gateway_response, **self._key(state))

    def _key(self, state: Inputs) -> dict[str, Any]:
        return {"restApiId": state["restApiId"], "responseType": state["responseType"]}


class ApiKey(ResourceType):
    """``aws:apigateway/apiKey:ApiKey``; its value is a secret, also when AWS made it."""

    kind = "aws:apigateway/apiKey:ApiKey"
    service = "apigateway"
    honours = names("name description enabled value customerId tags")
    replaces = names("value")
    name_property = "name"
    defaults: ClassVar = {"enabled": True}
    secret_outputs = names("value")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = shaped(api, "create_api_key", inputs, "name description enabled value customerId")
        return str(api.create_api_key(tags=dict(inputs.get("tagsAll") or {}), **sent)["id"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_api_key, apiKey=identifier, includeValue=True)
        return found and {
            "arn": f"arn:aws:apigateway:{cloud.region}::/apikeys/{identifier}",
            "name": found["name"],
            "enabled": found["enabled"],
            "value": found.get("value"),
            "createdDate": found["createdDate"].isoformat(),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if operations := patches(inputs, changed - {"tags", "tagsAll"}):
            api.update_api_key(apiKey=identifier, patchOperations=operations)
        retag_gateway(api, f"arn:aws:apigateway:{cloud.region}::/apikeys/{identifier}", inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_api_key, apiKey=identifier)


class UsagePlan(ResourceType):
    """``aws:apigateway/usagePlan:UsagePlan``."""

    kind = "aws:apigateway/usagePlan:UsagePlan"
    service = "apigateway"
    honours = names("name description productCode apiStages throttleSettings quotaSettings tags")
    name_property = "name"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = "name description apiStages throttleSettings quotaSettings"
        renames = {"throttleSettings": "throttle", "quotaSettings": "quota"}
        sent = shaped(api, "create_usage_plan", _with_throttles(inputs), plain, renames)
        identifier = str(api.create_usage_plan(tags=dict(inputs.get("tagsAll") or {}), **sent)["id"])
        if inputs.get("productCode"):
            api.update_usage_plan(usagePlanId=identifier, patchOperations=patches(inputs, {"productCode"}))
        return identifier

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_usage_plan, usagePlanId=identifier)
        return found and {
            "arn": f"arn:aws:apigateway:{cloud.region}::/usageplans/{identifier}",
            "name": found["name"],
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        operations = patches(inputs, changed & names("name description productCode"))
        operations += _limits("throttle", "throttleSettings", inputs, changed)
        operations += _limits("quota", "quotaSettings", inputs, changed)
        operations += _stages(inputs, old) if "apiStages" in changed else []
        if operations:
            api.update_usage_plan(usagePlanId=identifier, patchOperations=operations)
        retag_gateway(api, f"arn:aws:apigateway:{cloud.region}::/usageplans/{identifier}", inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        """Takes the stages off first: AWS refuses to delete a plan that still has some."""
        api = self.api(cloud)
        if self.read(cloud, identifier, state) is None:
            return
        if operations := _stages({}, state):
            api.update_usage_plan(usagePlanId=identifier, patchOperations=operations)
        lookup(api.delete_usage_plan, usagePlanId=identifier)


class UsagePlanKey(ResourceType):
    """``aws:apigateway/usagePlanKey:UsagePlanKey``."""

    kind = "aws:apigateway/usagePlanKey:UsagePlanKey"
    service = "apigateway"
    honours = names("keyId keyType usagePlanId")
    replaces = honours
    identity = ("keyId", "usagePlanId")
    secret_outputs = names("value")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return str(inputs["keyId"])

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.create_usage_plan_key(**shaped(api, "create_usage_plan_key", inputs, "keyId keyType usagePlanId"))
        return str(inputs["keyId"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_usage_plan_key, usagePlanId=state["usagePlanId"], keyId=identifier)
        return found and {"name": found.get("name"), "value": found.get("value")}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_usage_plan_key, usagePlanId=state["usagePlanId"], keyId=identifier)


class Account(ResourceType):
    """``aws:apigateway/account:Account``: the region's one setting, which deleting leaves as it is."""

    kind = "aws:apigateway/account:Account"
    service = "apigateway"
    honours = names("cloudwatchRoleArn")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return "api-gateway-account"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self.update(cloud, "", inputs, {}, self.honours)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = self.api(cloud).get_account()
        return {"cloudwatchRoleArn": found.get("cloudwatchRoleArn"), "apiKeyVersion": found.get("apiKeyVersion")}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self.api(cloud).update_account(patchOperations=patches(inputs, {"cloudwatchRoleArn"}))

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        """Nothing: the account's setting has no absence."""


def _with_throttles(inputs: Inputs) -> Inputs:
    """Stages whose throttles are the map that AWS wants; Pulumi has a list with the path inside each."""
    stages = [
        dict(stage) | ({"throttle": throttles} if (throttles := _throttles(stage)) else {})
        for stage in inputs.get("apiStages") or []
    ]
    cleaned = [{name: value for name, value in stage.items() if name != "throttles"} for stage in stages]
    return {**inputs, "apiStages": cleaned or None}


def _throttles(stage: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    throttles = stage.get("throttles") or []
    return {each["path"]: {name: value for name, value in each.items() if name != "path"} for each in throttles}


def _limits(path: str, name: str, inputs: Inputs, changed: frozenset[str]) -> Patches:
    if name not in changed:
        return []
    limits = inputs.get(name)
    if not limits:
        return [{"op": "remove", "path": f"/{path}"}]
    return [
        {"op": "replace", "path": f"/{path}/{key}", "value": attribute_text(limits[key])}
        for key in sorted(limits)
        if limits[key] is not None
    ]


def _stages(inputs: Inputs, old: Inputs) -> Patches:
    """Takes off the stages that went or have other throttles, and puts on what is missing then."""
    before, after = _stage_throttles(old), _stage_throttles(inputs)
    gone = sorted(name for name in before if before[name] != after.get(name))
    new = sorted(name for name in after if before.get(name) != after[name])
    operations = [{"op": "remove", "path": "/apiStages", "value": name} for name in gone]
    for name in new:
        operations.append({"op": "add", "path": "/apiStages", "value": name})
        operations += [each for path, limits in after[name].items() for each in _throttle_patches(name, path, limits)]
    return operations


def _throttle_patches(stage: str, path: str, limits: Mapping[str, Any]) -> Patches:
    resource, _, method = path.rpartition("/")
    base = f"/apiStages/{stage}/throttle/{pointer(resource)}/{method}"
    return [
        {"op": "replace", "path": f"{base}/{name}", "value": attribute_text(value)} for name, value in limits.items()
    ]


def _stage_throttles(inputs: Inputs) -> dict[str, dict[str, dict[str, Any]]]:
    stages = inputs.get("apiStages") or []
    return {f"{stage['apiId']}:{stage['stage']}": _throttles(stage) for stage in stages}
