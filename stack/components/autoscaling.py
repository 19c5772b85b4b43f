"""Auto-scaling of a table's or an index's capacity towards a share of use, by target tracking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from stack.naming import Place

TARGET_PERCENT: Final = 70
"""The use of its capacity that a table is scaled towards (A5); also DynamoDB's own default."""

DIRECTIONS: Final = ("Read", "Write")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingArgs:
    """What is scaled, and between which units; `resource` is ``table/NAME`` or ``table/NAME/index/NAME``."""

    place: Place
    purpose: str
    resource: str
    minimum: int
    maximum: int


def scale_with_load(args: ScalingArgs, *, parent: pulumi.Resource, after: pulumi.Resource) -> None:
    """Scales reads and writes, each on its own."""
    place, resource = args.place, args.resource
    kind = "index" if "/index/" in resource else "table"
    for direction in DIRECTIONS:
        name = place.name("scaling", f"{args.purpose}-{direction.lower()}")
        target = aws.appautoscaling.Target(
            name,
            service_namespace="dynamodb",
            resource_id=resource,
            scalable_dimension=f"dynamodb:{kind}:{direction}CapacityUnits",
            min_capacity=args.minimum,
            max_capacity=args.maximum,
            tags=place.tags("tables"),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[after]),
        )
        aws.appautoscaling.Policy(
            name,
            name=name,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=TARGET_PERCENT,
                predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type=f"DynamoDB{direction}CapacityUtilization"
                ),
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )
