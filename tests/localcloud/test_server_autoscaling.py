"""Application Auto Scaling's control plane, through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud

pytestmark = pytest.mark.localcloud


def table(name: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{name}",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }


POLICY = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
}


def test_a_target_and_its_policy_are_told_back_and_go_together(cloud: RunningCloud) -> None:
    scaling, target = cloud.client("application-autoscaling"), table("kept")
    arn = scaling.register_scalable_target(**target, MinCapacity=5, MaxCapacity=50)["ScalableTargetARN"]
    assert scaling.register_scalable_target(**target, MaxCapacity=40)["ScalableTargetARN"] == arn
    scaling.put_scaling_policy(
        **target,
        PolicyName="reads",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=POLICY,
    )
    (told,) = scaling.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=["table/kept"])[
        "ScalableTargets"
    ]
    assert (told["MinCapacity"], told["MaxCapacity"]) == (5, 40)
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="dynamodb", ResourceId="table/kept")[
        "ScalingPolicies"
    ]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == POLICY
    scaling.deregister_scalable_target(**target)
    left = scaling.describe_scaling_policies(ServiceNamespace="dynamodb", ResourceId="table/kept")
    assert left["ScalingPolicies"] == []


@pytest.mark.parametrize(
    ("operation", "more", "code"),
    [
        ("register_scalable_target", {"MinCapacity": 9, "MaxCapacity": 3}, "ValidationException"),
        ("register_scalable_target", {"MinCapacity": 9}, "ValidationException"),
        ("put_scaling_policy", {"PolicyName": "reads"}, "ObjectNotFoundException"),
        ("delete_scaling_policy", {"PolicyName": "reads"}, "ObjectNotFoundException"),
        ("deregister_scalable_target", {}, "ObjectNotFoundException"),
    ],
)
def test_what_the_service_would_refuse_is_refused(
    cloud: RunningCloud, operation: str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as problem:
        getattr(cloud.client("application-autoscaling"), operation)(**table("unknown"), **more)
    assert problem.value.response["Error"]["Code"] == code
