"""The routes of a REST API: resources, methods, models, integrations, and the permissions that let them call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS
from stack.openapi import Operation, path_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stack.components.bluegreen import BlueGreenFunction
    from stack.naming import Place

STAGES: Final = (LIVE_ALIAS, PREVIEW_ALIAS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An operation and the function that answers it."""

    operation: Operation
    function: BlueGreenFunction


class Routes:
    """Declares the routes of one API; `parts` are what a deployment has to wait for."""

    def __init__(
        self,
        place: Place,
        api: aws.apigateway.RestApi,
        schemas: Mapping[str, Mapping[str, Any]],
        parent: pulumi.Resource,
    ) -> None:
        self._place, self._api, self._parent = place, api, parent
        self._folders: dict[str, aws.apigateway.Resource] = {}
        self._definition: list[object] = [schemas]
        self.parts: list[pulumi.Resource] = []
        self._validators = {checks_body: self._validator(checks_body=checks_body) for checks_body in (False, True)}
        self._models = {name: self._model(name, schema) for name, schema in schemas.items()}

    @property
    def fingerprint(self) -> str:
        """Changes with anything that a new deployment must carry."""
        return hashlib.sha256(json.dumps(self._definition, sort_keys=True).encode()).hexdigest()

    def add(self, route: Route) -> None:
        """Declares one route. The body of a keyed operation is validated before the function is called.

        The other functions answer a bad body themselves, more clearly than API Gateway can.
        """
        operation = route.operation
        uri = self._uri(route.function)
        self._definition.append([operation.method, operation.path, operation.is_keyed, operation.parameters, uri])
        method = self._method(operation)
        integration = aws.apigateway.Integration(
            self._place.name("integration", operation.label),
            rest_api=self._api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            integration_http_method="POST",
            type="AWS_PROXY",
            uri=uri,
            cache_key_parameters=[name for name, _ in operation.parameters] if operation.is_cacheable else None,
            opts=self._inside(),
        )
        self.parts += [method, integration]
        for alias in STAGES:
            self._permission(route, alias)

    def _inside(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent, depends_on=list(depends_on))

    def _validator(self, *, checks_body: bool) -> aws.apigateway.RequestValidator:
        name = self._place.name("validator", "body" if checks_body else "parameters")
        return aws.apigateway.RequestValidator(
            name,
            name=name,
            rest_api=self._api.id,
            validate_request_parameters=True,
            validate_request_body=checks_body,
            opts=self._inside(),
        )

    def _model(self, name: str, schema: Mapping[str, Any]) -> aws.apigateway.Model:
        return aws.apigateway.Model(
            self._place.name("model", name.lower()),
            rest_api=self._api.id,
            name=name,
            content_type="application/json",
            schema=json.dumps(schema),
            opts=self._inside(),
        )

    def _folder(self, path: str) -> pulumi.Output[str]:
        """The id of the API Gateway resource of a path; made on first use, its parents before it."""
        if path in {"", "/"}:
            return self._api.root_resource_id
        if path not in self._folders:
            parent, _, part = path.rpartition("/")
            self._folders[path] = aws.apigateway.Resource(
                self._place.name("path", path_label(path)),
                rest_api=self._api.id,
                parent_id=self._folder(parent),
                path_part=part,
                opts=self._inside(),
            )
        return self._folders[path].id

    def _method(self, operation: Operation) -> aws.apigateway.Method:
        model = self._models[operation.body] if operation.is_keyed and operation.body else None
        return aws.apigateway.Method(
            self._place.name("method", operation.label),
            rest_api=self._api.id,
            resource_id=self._folder(operation.path),
            http_method=operation.method,
            authorization="NONE",
            api_key_required=operation.is_keyed,
            request_parameters=dict(operation.parameters) or None,
            request_validator_id=self._validators[model is not None].id,
            request_models={"application/json": model.name} if model else None,
            opts=self._inside(),
        )

    def _uri(self, function: BlueGreenFunction) -> str:
        called = f"{function.arn}:${{stageVariables.alias}}"
        return f"arn:aws:apigateway:{self._place.region}:lambda:path/2015-03-31/functions/{called}/invocations"

    def _permission(self, route: Route, alias: str) -> None:
        """Lets this route of the alias's own stage, and nothing else, call the alias (A12)."""
        operation = route.operation
        anything = "/".join("*" if part.startswith("{") else part for part in operation.path.split("/"))
        aws.lambda_.Permission(
            self._place.name("permission", f"{operation.label}-{alias}"),
            statement_id=f"api-{operation.label}-{alias}",
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            function=route.function.function.name,
            qualifier=(route.function.live if alias == LIVE_ALIAS else route.function.preview).name,
            source_arn=pulumi.Output.concat(self._api.execution_arn, f"/{alias}/{operation.method}{anything}"),
            opts=self._inside(),
        )
