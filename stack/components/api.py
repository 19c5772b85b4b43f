"""`PaymentsApi`: one REST API and one deployment, served by the stages ``live`` and ``preview``.

The stage's variable ``alias`` picks the alias in every integration, so both stages run the same definition. Each alias
needs a permission of its own (API Gateway guide, 'Set up Lambda proxy integration').
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS
from stack.alarms import Alarms, stage_watches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.components.bluegreen import BlueGreenFunction
    from stack.naming import Place

STAGES: Final = (LIVE_ALIAS, PREVIEW_ALIAS)

ACCESS_LOG_FORMAT: Final = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTimeEpoch",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "integrationMs": "$context.integrationLatency",
        "integrationStatus": "$context.integration.status",
        "error": "$context.error.message",
    }
)
"""One line a request. No path with ids, no body, no caller: an access log of payments holds no card data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path, answered by a function."""

    method: str
    path: str
    function: BlueGreenFunction

    @property
    def label(self) -> str:
        """The route as part of a resource's name: ``get-payments-id``."""
        words = self.path.replace("{", "").replace("}", "").strip("/").replace("/", "-")
        return f"{self.method.lower()}-{words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsApiArgs:
    """What the API serves and how much of it."""

    place: Place
    routes: Sequence[Route]
    throttle_rate: int
    throttle_burst: int
    log_retention_days: int
    alarm_actions: Sequence[pulumi.Input[str]] = ()


class PaymentsApi(pulumi.ComponentResource):
    """The REST API; `urls` holds the base URL of each stage."""

    def __init__(self, args: PaymentsApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:PaymentsApi", "payments-api", None, opts)
        self.name = args.place.name("api", "payments")
        self._args = args
        self._tags = args.place.tags("api")
        self.api = aws.apigateway.RestApi(
            self.name,
            name=self.name,
            description="The payments service; stage live is production, stage preview the candidate.",
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types="REGIONAL"),
            tags=self._tags,
            opts=self._inside(),
        )
        self._folders: dict[str, aws.apigateway.Resource] = {}
        deployment = self._deployment([part for route in args.routes for part in self._route(route)])
        self.stages = {stage: self._stage(stage, deployment) for stage in STAGES}
        self.alarms = {stage: self._watch(stage) for stage in STAGES}
        self.urls = {stage: each.invoke_url for stage, each in self.stages.items()}
        self.register_outputs({"name": self.name, "id": self.api.id, "urls": self.urls})

    def slo_alarms(self, stage: str) -> tuple[aws.cloudwatch.MetricAlarm, ...]:
        """The stage's alarms on latency and failures; refused requests are the callers' business."""
        return self.alarms[stage][:2]

    def _inside(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _folder(self, path: str) -> pulumi.Output[str]:
        """The id of the API Gateway resource of a path; made on first use, its parents before it."""
        if path in {"", "/"}:
            return self.api.root_resource_id
        if path not in self._folders:
            parent, _, part = path.rpartition("/")
            label = path.replace("{", "").replace("}", "").strip("/").replace("/", "-")
            self._folders[path] = aws.apigateway.Resource(
                self._args.place.name("path", label),
                rest_api=self.api.id,
                parent_id=self._folder(parent),
                path_part=part,
                opts=self._inside(),
            )
        return self._folders[path].id

    def _route(self, route: Route) -> tuple[pulumi.Resource, pulumi.Resource]:
        method = aws.apigateway.Method(
            self._args.place.name("method", route.label),
            rest_api=self.api.id,
            resource_id=self._folder(route.path),
            http_method=route.method,
            authorization="NONE",
            opts=self._inside(),
        )
        integration = aws.apigateway.Integration(
            self._args.place.name("integration", route.label),
            rest_api=self.api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            integration_http_method="POST",
            type="AWS_PROXY",
            uri=self._uri(route.function),
            opts=self._inside(),
        )
        for alias in STAGES:
            self._permission(route, alias)
        return method, integration

    def _uri(self, function: BlueGreenFunction) -> str:
        called = f"{function.arn}:${{stageVariables.alias}}"
        return f"arn:aws:apigateway:{self._args.place.region}:lambda:path/2015-03-31/functions/{called}/invocations"

    def _permission(self, route: Route, alias: str) -> None:
        """Lets this route of the alias's own stage, and nothing else, call the alias (A12)."""
        anything = "/".join("*" if part.startswith("{") else part for part in route.path.split("/"))
        aws.lambda_.Permission(
            self._args.place.name("permission", f"{route.label}-{alias}"),
            statement_id=f"api-{route.label}-{alias}",
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            function=route.function.function.name,
            qualifier=(route.function.live if alias == LIVE_ALIAS else route.function.preview).name,
            source_arn=pulumi.Output.concat(self.api.execution_arn, f"/{alias}/{route.method}{anything}"),
            opts=self._inside(),
        )

    def _deployment(self, parts: Sequence[pulumi.Resource]) -> aws.apigateway.Deployment:
        definition = [(route.method, route.path, self._uri(route.function)) for route in self._args.routes]
        return aws.apigateway.Deployment(
            self._args.place.name("deployment", "payments"),
            rest_api=self.api.id,
            triggers={"definition": hashlib.sha256(json.dumps(definition).encode()).hexdigest()},
            opts=self._inside(depends_on=parts),
        )

    def _stage(self, stage: str, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        place = self._args.place
        log = aws.cloudwatch.LogGroup(
            place.name("logs", f"api-{stage}"),
            name=f"/aws/apigateway/{self.name}/{stage}",
            retention_in_days=self._args.log_retention_days,
            tags=self._tags,
            opts=self._inside(),
        )
        made = aws.apigateway.Stage(
            place.name("stage", stage),
            rest_api=self.api.id,
            stage_name=stage,
            deployment=deployment.id,
            variables={"alias": stage},
            xray_tracing_enabled=True,
            access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(
                destination_arn=log.arn, format=ACCESS_LOG_FORMAT
            ),
            tags=self._tags,
            opts=self._inside(),
        )
        aws.apigateway.MethodSettings(
            place.name("settings", stage),
            rest_api=self.api.id,
            stage_name=made.stage_name,
            method_path="*/*",
            settings=aws.apigateway.MethodSettingsSettingsArgs(
                throttling_rate_limit=self._args.throttle_rate,
                throttling_burst_limit=self._args.throttle_burst,
                data_trace_enabled=False,
            ),
            opts=self._inside(),
        )
        return made

    def _watch(self, stage: str) -> tuple[aws.cloudwatch.MetricAlarm, ...]:
        alarms = Alarms(place=self._args.place, component="api", parent=self, actions=self._args.alarm_actions)
        return tuple(alarms.on(watch) for watch in stage_watches(self.name, stage))
