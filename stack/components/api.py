"""`PaymentsApi`: one REST API and one deployment, served by the stages ``live`` and ``preview``.

The stage's variable ``alias`` picks the alias in every integration, so both stages run the same definition. Each alias
needs a permission of its own (API Gateway guide, 'Set up Lambda proxy integration').
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from canary.schema import LIVE_ALIAS
from stack import policies
from stack.alarms import Alarms, stage_watches
from stack.components.api_routes import STAGES, Route, Routes
from stack.components.api_stage import StageArgs, declare_stage
from stack.components.role import RoleArgs, declare_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stack.naming import Place

REFUSALS: Final = {
    "BAD_REQUEST_BODY": ("invalid_request", "the body does not match the API's description"),
    "BAD_REQUEST_PARAMETERS": ("invalid_request", "a parameter or header that must be there is missing"),
    "INVALID_API_KEY": ("forbidden", "this needs the header x-api-key with a valid key"),
    "MISSING_AUTHENTICATION_TOKEN": ("not_found", "there is no such route"),
    "THROTTLED": ("too_many_requests", "too many requests; try again in a moment"),
    "QUOTA_EXCEEDED": ("too_many_requests", "this key has used up its quota"),
    "REQUEST_TOO_LARGE": ("too_large", "the body is too large"),
    "UNSUPPORTED_MEDIA_TYPE": ("unsupported_media_type", "send application/json"),
    "WAF_FILTERED": ("forbidden", "the request was blocked"),
    "DEFAULT_4XX": ("refused", "the request was refused"),
    "DEFAULT_5XX": ("unavailable", "the service could not answer; try again in a moment"),
}
"""What the gateway answers by itself, in the service's own form; never API Gateway's text, which quotes the request."""

NOT_FOUND: Final = "404"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsApiArgs:
    """What the API serves and how much of it."""

    place: Place
    routes: Sequence[Route]
    schemas: Mapping[str, Mapping[str, Any]]
    throttle_rate: int
    throttle_burst: int
    cache_size_gb: str | None
    log_retention_days: int
    alarm_actions: Sequence[pulumi.Input[str]] = ()


class PaymentsApi(pulumi.ComponentResource):
    """The REST API; `urls` holds the base URL of each stage."""

    def __init__(self, args: PaymentsApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:PaymentsApi", "payments-api", None, opts)
        self.name = args.place.name("api", "payments")
        self._args = args
        self.api = aws.apigateway.RestApi(
            self.name,
            name=self.name,
            description="The payments service; stage live is production, stage preview the candidate.",
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types="REGIONAL"),
            api_key_source="HEADER",
            tags=args.place.tags("api"),
            opts=self._inside(),
        )
        deployment = self._deployment()
        logging = self._logging()
        self.stages = {stage: declare_stage(self._stage(stage, deployment, logging), self) for stage in STAGES}
        self.alarms = {stage: self._watch(stage) for stage in STAGES}
        self.urls = {stage: each.invoke_url for stage, each in self.stages.items()}
        self.key_id = self._key()
        self.register_outputs({"name": self.name, "id": self.api.id, "urls": self.urls, "keyId": self.key_id})

    def slo_alarms(self, stage: str) -> tuple[aws.cloudwatch.MetricAlarm, ...]:
        """The stage's alarms on latency and failures; refused requests are the callers' business."""
        return self.alarms[stage][:2]

    def _inside(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _deployment(self) -> aws.apigateway.Deployment:
        routes = Routes(self._args.place, self.api, self._args.schemas, self)
        for route in self._args.routes:
            routes.add(route)
        answers = [self._answer(kind, *words) for kind, words in REFUSALS.items()]
        return aws.apigateway.Deployment(
            self._args.place.name("deployment", "payments"),
            rest_api=self.api.id,
            triggers={"definition": routes.fingerprint, "refusals": json.dumps(REFUSALS)},
            opts=self._inside(depends_on=[*routes.parts, *answers]),
        )

    def _answer(self, kind: str, error: str, message: str) -> aws.apigateway.Response:
        return aws.apigateway.Response(
            self._args.place.name("answer", kind.lower().replace("_", "-")),
            rest_api_id=self.api.id,
            response_type=kind,
            status_code=NOT_FOUND if error == "not_found" else None,
            response_templates={"application/json": json.dumps({"error": error, "message": message})},
            opts=self._inside(),
        )

    def _logging(self) -> aws.apigateway.Account:
        """The role by which API Gateway writes access logs: one setting of the account and region.

        Environments that share both would take it from each other, and a destroy of one takes it from all.
        """
        place = self._args.place
        args = RoleArgs(
            place=place,
            purpose="api-logs",
            component="api",
            trust=policies.trust("apigateway.amazonaws.com", place.account),
            grants=policies.api_logs(place),
        )
        role, rights = declare_role(args, self)
        return aws.apigateway.Account(
            place.name("account", "api-logs"), cloudwatch_role_arn=role.arn, opts=self._inside(depends_on=[rights])
        )

    def _stage(self, stage: str, deployment: aws.apigateway.Deployment, logging: aws.apigateway.Account) -> StageArgs:
        """Production's stage has the cache; the preview's would hide the candidate behind its own first answers."""
        args = self._args
        return StageArgs(
            place=args.place,
            api=self.api,
            api_name=self.name,
            stage=stage,
            deployment=deployment,
            logging=logging,
            throttle_rate=args.throttle_rate,
            throttle_burst=args.throttle_burst,
            log_retention_days=args.log_retention_days,
            cache_size_gb=args.cache_size_gb if stage == LIVE_ALIAS else None,
            cached=[each.operation for each in args.routes if each.operation.is_cacheable],
        )

    def _watch(self, stage: str) -> tuple[aws.cloudwatch.MetricAlarm, ...]:
        alarms = Alarms(place=self._args.place, component="api", parent=self, actions=self._args.alarm_actions)
        return tuple(alarms.on(watch) for watch in stage_watches(self.name, stage))

    def _key(self) -> pulumi.Output[str]:
        """A key, and the plan that lets it use both stages at the API's own rate (B1). Its value stays with AWS."""
        place, args = self._args.place, self._args
        key = aws.apigateway.ApiKey(
            place.name("key", "api"), name=place.name("key", "api"), tags=place.tags("api"), opts=self._inside()
        )
        plan = aws.apigateway.UsagePlan(
            place.name("plan", "api"),
            name=place.name("plan", "api"),
            api_stages=[
                aws.apigateway.UsagePlanApiStageArgs(api_id=self.api.id, stage=each.stage_name)
                for each in self.stages.values()
            ],
            throttle_settings=aws.apigateway.UsagePlanThrottleSettingsArgs(
                rate_limit=args.throttle_rate, burst_limit=args.throttle_burst
            ),
            tags=place.tags("api"),
            opts=self._inside(),
        )
        aws.apigateway.UsagePlanKey(
            place.name("plan", "api-key"),
            key_id=key.id,
            key_type="API_KEY",
            usage_plan_id=plan.id,
            opts=self._inside(),
        )
        return key.id
