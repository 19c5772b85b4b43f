"""One stage of a REST API: what it serves, logs, limits and caches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.naming import Place
    from stack.openapi import Operation

CACHE_SECONDS: Final = 300
"""How old a cached answer may be (A9); so long the old version's answers outlive a promotion."""

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
class StageArgs:
    """One stage of one API; the stage's name is also the alias that it calls."""

    place: Place
    api: aws.apigateway.RestApi
    api_name: str
    stage: str
    deployment: aws.apigateway.Deployment
    logging: aws.apigateway.Account
    throttle_rate: int
    throttle_burst: int
    log_retention_days: int
    cache_size_gb: str | None
    cached: Sequence[Operation]


def declare_stage(args: StageArgs, parent: pulumi.Resource) -> aws.apigateway.Stage:
    """The stage, its access log and its settings."""
    place, inside = args.place, pulumi.ResourceOptions(parent=parent)
    log = aws.cloudwatch.LogGroup(
        place.name("logs", f"api-{args.stage}"),
        name=f"/aws/apigateway/{args.api_name}/{args.stage}",
        retention_in_days=args.log_retention_days,
        tags=place.tags("api"),
        opts=inside,
    )
    stage = aws.apigateway.Stage(
        place.name("stage", args.stage),
        rest_api=args.api.id,
        stage_name=args.stage,
        deployment=args.deployment.id,
        variables={"alias": args.stage},
        xray_tracing_enabled=True,
        cache_cluster_enabled=args.cache_size_gb is not None,
        cache_cluster_size=args.cache_size_gb,
        access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(
            destination_arn=log.arn, format=ACCESS_LOG_FORMAT
        ),
        tags=place.tags("api"),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[args.logging]),
    )
    everything = _settings(args, stage, "all", "*/*", parent=parent)
    if args.cache_size_gb is not None:
        for operation in args.cached:
            path = f"{operation.path.strip('/')}/{operation.method}"
            _settings(args, stage, operation.label, path, parent=parent, after=everything)
    return stage


def _settings(
    args: StageArgs,
    stage: aws.apigateway.Stage,
    purpose: str,
    path: str,
    *,
    parent: pulumi.Resource,
    after: pulumi.Resource | None = None,
) -> aws.apigateway.MethodSettings:
    """Limits for every method; `after` those come the ones with a cache: what is not GET must reach its function.

    A caller cannot empty the cache by a header: that needs the permission execute-api:InvalidateCache.
    """
    is_cached = after is not None
    return aws.apigateway.MethodSettings(
        args.place.name("settings", f"{args.stage}-{purpose}"),
        rest_api=args.api.id,
        stage_name=stage.stage_name,
        method_path=path,
        settings=aws.apigateway.MethodSettingsSettingsArgs(
            throttling_rate_limit=args.throttle_rate,
            throttling_burst_limit=args.throttle_burst,
            data_trace_enabled=False,
            caching_enabled=is_cached,
            cache_data_encrypted=True if is_cached else None,
            cache_ttl_in_seconds=CACHE_SECONDS if is_cached else None,
            require_authorization_for_cache_control=True if is_cached else None,
            unauthorized_cache_control_header_strategy="SUCCEED_WITHOUT_RESPONSE_HEADER" if is_cached else None,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )
