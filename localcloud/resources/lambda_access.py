"""What stands before a Lambda function: aliases, permissions, event sources, asynchronous settings, warm capacity."""

import json
import time
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.errors import ResourceError
from localcloud.resources.lambda_function import invoke_arn, retag_lambda
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped

_MAPPING: Final = (
    "batchSize enabled functionResponseTypes maximumBatchingWindowInSeconds filterCriteria scalingConfig "
    "bisectBatchOnFunctionError maximumRetryAttempts maximumRecordAgeInSeconds parallelizationFactor "
    "tumblingWindowInSeconds destinationConfig functionName kmsKeyArn"
)
_READY_WITHIN: Final = 60.0
_POLL: Final = 0.05


class Alias(ResourceType):
    """``aws:lambda/alias:Alias``; an update sends only what changed, so that weights stay with their owner."""

    kind = "aws:lambda/alias:Alias"
    service = "lambda"
    honours = names("name functionName functionVersion description routingConfig")
    replaces = names("name functionName")
    identity = ("functionName", "name")
    name_property = "name"
    stable = names("arn invokeArn")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return cloud.arn("lambda", f"function:{function_name(inputs['functionName'])}:{inputs['name']}")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        function = function_name(inputs["functionName"])
        sent = shaped(api, "create_alias", inputs, "name functionVersion description routingConfig")
        return str(api.create_alias(FunctionName=function, **sent)["AliasArn"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        function, alias = identifier.split(":")[-2:]
        found = lookup(self.api(cloud).get_alias, FunctionName=function, Name=alias)
        if found is None:
            return None
        weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        return {
            "name": alias,
            "arn": identifier,
            "invokeArn": invoke_arn(cloud, identifier),
            "functionVersion": found["FunctionVersion"],
            "description": found.get("Description") or None,
            "routingConfig": {"additionalVersionWeights": weights} if weights else None,
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        function, alias = identifier.split(":")[-2:]
        sent = shaped(api, "update_alias", inputs, " ".join(changed - self.replaces))
        if "routingConfig" in changed:
            sent.setdefault("RoutingConfig", {"AdditionalVersionWeights": {}})
        if "description" in changed:
            sent.setdefault("Description", "")
        api.update_alias(FunctionName=function, Name=alias, **sent)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        function, alias = identifier.split(":")[-2:]
        lookup(self.api(cloud).delete_alias, FunctionName=function, Name=alias)


class Permission(ResourceType):
    """``aws:lambda/permission:Permission``: one statement of a function's, version's or alias's resource policy."""

    kind = "aws:lambda/permission:Permission"
    service = "lambda"
    honours = names(
        "action function principal qualifier sourceArn sourceAccount statementId principalOrgId functionUrlAuthType "
        "eventSourceToken"
    )
    replaces = honours
    identity = ("function", "qualifier", "statementId")
    name_property = "statementId"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return str(inputs["statementId"])

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = " ".join(self.honours - {"function"})
        sent = shaped(api, "add_permission", inputs, plain, {"principalOrgId": "PrincipalOrgID"})
        api.add_permission(FunctionName=function_name(inputs["function"]), **sent)
        return str(inputs["statementId"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_policy, **_target(state, "function"))
        statements = json.loads(found["Policy"])["Statement"] if found else []
        return {} if any(statement.get("Sid") == identifier for statement in statements) else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).remove_permission, StatementId=identifier, **_target(state, "function"))


class EventSourceMapping(ResourceType):
    """``aws:lambda/eventSourceMapping:EventSourceMapping``."""

    kind = "aws:lambda/eventSourceMapping:EventSourceMapping"
    service = "lambda"
    honours = names(_MAPPING) | names("eventSourceArn startingPosition tags")
    replaces = names("eventSourceArn startingPosition")
    defaults: ClassVar = {"enabled": True}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = _mapping(api, "create_event_source_mapping", inputs, f"{_MAPPING} eventSourceArn startingPosition")
        answer = api.create_event_source_mapping(Tags=dict(inputs.get("tagsAll") or {}), **sent)
        return str(answer["UUID"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_event_source_mapping, UUID=identifier)
        return found and {
            "uuid": identifier,
            "arn": cloud.arn("lambda", f"event-source-mapping:{identifier}"),
            "functionArn": found["FunctionArn"],
            "state": found.get("State"),
            "batchSize": found.get("BatchSize"),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if changed & names(_MAPPING):
            api.update_event_source_mapping(
                UUID=identifier, **_mapping(api, "update_event_source_mapping", inputs, _MAPPING)
            )
        retag_lambda(api, cloud.arn("lambda", f"event-source-mapping:{identifier}"), inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_event_source_mapping, UUID=identifier)


class FunctionEventInvokeConfig(PutType):
    """``aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig``, for asynchronous calls."""

    kind = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    service = "lambda"
    honours = names("functionName qualifier maximumEventAgeInSeconds maximumRetryAttempts destinationConfig")
    replaces = names("functionName qualifier")
    identity = ("functionName", "qualifier")
    defaults: ClassVar = {"maximumRetryAttempts": 2}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return ":".join(_target(inputs).values())

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = "maximumEventAgeInSeconds maximumRetryAttempts destinationConfig"
        sent = shaped(api, "put_function_event_invoke_config", inputs, plain)
        api.put_function_event_invoke_config(**_target(inputs), **sent)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_function_event_invoke_config, **_target(state))
        return found and {"maximumRetryAttempts": found.get("MaximumRetryAttempts")}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_function_event_invoke_config, **_target(state))


class ProvisionedConcurrencyConfig(ResourceType):
    """``aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig``; made means READY."""

    kind = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
    service = "lambda"
    honours = names("functionName qualifier provisionedConcurrentExecutions skipDestroy")
    replaces = names("functionName qualifier")
    identity = ("functionName", "qualifier")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return ",".join(_target(inputs).values())

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, target = self.api(cloud), _target(inputs)
        wanted = inputs["provisionedConcurrentExecutions"]
        api.put_provisioned_concurrency_config(**target, ProvisionedConcurrentExecutions=wanted)
        deadline = time.monotonic() + _READY_WITHIN
        while (seen := api.get_provisioned_concurrency_config(**target))["Status"] != "READY":
            if seen["Status"] == "FAILED" or time.monotonic() > deadline:
                raise ResourceError(
                    f"{self.identify(cloud, inputs)}: {seen.get('StatusReason') or 'not ready in time'}"
                )
            time.sleep(_POLL)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_provisioned_concurrency_config, **_target(state))
        return found and {
            "provisionedConcurrentExecutions": found["RequestedProvisionedConcurrentExecutions"],
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        if "provisionedConcurrentExecutions" in changed:
            self.create(cloud, inputs)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if not state.get("skipDestroy"):
            lookup(self.api(cloud).delete_provisioned_concurrency_config, **_target(state))


def function_name(reference: str) -> str:
    """The bare name from a name, an ARN or a qualified ARN."""
    return reference.split(":function:")[1].split(":", maxsplit=1)[0] if ":function:" in reference else reference


def _target(state: Inputs, function: str = "functionName") -> dict[str, str]:
    target = {"FunctionName": function_name(state[function])}
    return target | {"Qualifier": state["qualifier"]} if state.get("qualifier") else target


def _mapping(api: Any, operation: str, inputs: Inputs, properties: str) -> dict[str, Any]:  # noqa: ANN401 - boto3
    return shaped(api, operation, inputs, properties, {"destinationArn": "Destination"})
