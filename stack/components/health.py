"""`ReleaseHealth`: one alarm that says whether production is well, and one dashboard that shows why not (A8, C6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from stack.dashboard import dashboard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.naming import Place


class ReleaseHealth(pulumi.ComponentResource):
    """The composite alarm over the SLO alarms of what production calls, and the dashboard of the environment."""

    def __init__(
        self,
        place: Place,
        alarms: Sequence[pulumi.Input[str]],
        actions: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:ReleaseHealth", "release-health", None, opts)
        self._place = place
        self.name = place.name("alarm", "release-health")
        aws.cloudwatch.CompositeAlarm(
            self.name,
            alarm_name=self.name,
            alarm_description="An SLO of what production calls is broken.",
            alarm_rule=pulumi.Output.all(*alarms).apply(_any_of),
            alarm_actions=list(actions),
            ok_actions=list(actions),
            tags=place.tags("release"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})

    def show(self, *, functions: Sequence[str], tables: Sequence[str], api: str, stages: Sequence[str]) -> None:
        """Puts the environment's functions, tables and API on a dashboard."""
        name = self._place.name("dashboard", "payments")
        body = dashboard(self._place.region, functions=functions, tables=tables, api=api, stages=stages)
        aws.cloudwatch.Dashboard(
            name,
            dashboard_name=name,
            dashboard_body=json.dumps(body),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _any_of(names: Sequence[str]) -> str:
    return " OR ".join(f'ALARM("{name}")' for name in names)
