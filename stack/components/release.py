"""`ReleaseParameter`: where a release finds what it needs of this environment (`canary.schema.release_parameter`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS, RELEASE_SCHEMA, release_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.naming import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseParameterArgs:
    """What a release of this environment needs."""

    place: Place
    store: str
    functions: Sequence[str]
    """Those whose candidate must answer requests in every step of a release."""
    quiet_functions: Sequence[str]
    """Those that may well stay without traffic meanwhile: they move with the others."""
    alarms: Sequence[pulumi.Input[str]]
    live_url: pulumi.Input[str]
    preview_url: pulumi.Input[str]
    controller: pulumi.Input[str]
    """The function that carries open rollouts on inside AWS."""
    topics: Sequence[pulumi.Input[str]]
    """Where notices of releases go."""


class ReleaseParameter(pulumi.ComponentResource):
    """The SSM parameter, as plain text: it holds names and URLs, no secret."""

    def __init__(self, args: ReleaseParameterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:ReleaseParameter", "release", None, opts)
        self.name = release_parameter(args.place.environment)
        aws.ssm.Parameter(
            args.place.name("parameter", "release"),
            name=self.name,
            type="String",
            description="What a release of this environment needs; read by the canary command and the controller.",
            value=pulumi.Output.json_dumps(
                {
                    "schema": RELEASE_SCHEMA,
                    "environment": args.place.environment,
                    "region": args.place.region,
                    "store": args.store,
                    "targets": [
                        *(_target(function) for function in args.functions),
                        *(_target(function) | {"min_requests": 0} for function in args.quiet_functions),
                    ],
                    "alarms": list(args.alarms),
                    "live_url": args.live_url,
                    "preview_url": args.preview_url,
                    "controller": args.controller,
                    "notify": [pulumi.Output.concat("sns:", topic) for topic in args.topics],
                }
            ),
            tags=args.place.tags("release"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})


def _target(function: str) -> dict[str, str | int]:
    return {"function": function, "alias": LIVE_ALIAS, "preview_alias": PREVIEW_ALIAS}
