"""Application Auto Scaling: scalable targets and the policies on them."""

from typing import Any, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag

_SERVICE: Final = "application-autoscaling"
_SCOPE: Final = "serviceNamespace resourceId scalableDimension"


class Target(ResourceType):
    """``aws:appautoscaling/target:Target``."""

    kind = "aws:appautoscaling/target:Target"
    service = _SERVICE
    honours = names(f"{_SCOPE} minCapacity maxCapacity roleArn suspendedState tags")
    replaces = names(_SCOPE)
    identity = ("serviceNamespace", "resourceId", "scalableDimension")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return "/".join(str(inputs[name]) for name in self.identity)

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = f"{_SCOPE} minCapacity maxCapacity roleArn suspendedState"
        sent = shaped(api, "register_scalable_target", inputs, plain, {"roleArn": "RoleARN"})
        if tags := inputs.get("tagsAll"):
            sent["Tags"] = dict(tags)
        api.register_scalable_target(**sent)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = self.api(cloud).describe_scalable_targets(
            ServiceNamespace=state["serviceNamespace"],
            ResourceIds=[state["resourceId"]],
            ScalableDimension=state["scalableDimension"],
        )["ScalableTargets"]
        if not found:
            return None
        arn = {"arn": found[0]["ScalableTargetARN"]} if found[0].get("ScalableTargetARN") else {}
        return {"minCapacity": found[0]["MinCapacity"], "maxCapacity": found[0]["MaxCapacity"]} | arn

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if moved := changed - {"tags", "tagsAll"}:
            plain = f"{_SCOPE} {' '.join(sorted(moved))}"
            api.register_scalable_target(**shaped(api, "register_scalable_target", inputs, plain))
        arn = old.get("arn") or (self.read(cloud, identifier, inputs) or {}).get("arn")
        if arn:
            retag(
                inputs,
                old,
                lambda tags: api.tag_resource(ResourceARN=arn, Tags=tags),
                lambda keys: api.untag_resource(ResourceARN=arn, TagKeys=keys),
            )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).deregister_scalable_target, **_scope(state))


class Policy(PutType):
    """``aws:appautoscaling/policy:Policy``, target tracking, step or scheduled prediction."""

    kind = "aws:appautoscaling/policy:Policy"
    service = _SERVICE
    honours = names(
        f"{_SCOPE} name policyType targetTrackingScalingPolicyConfiguration stepScalingPolicyConfiguration "
        "predictiveScalingPolicyConfiguration"
    )
    replaces = names(f"{_SCOPE} name policyType")
    identity = ("serviceNamespace", "resourceId", "scalableDimension", "name")
    name_property = "name"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return str(inputs["name"])

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        renames = {"name": "PolicyName", "stepAdjustment": "StepAdjustments"}
        api.put_scaling_policy(**shaped(api, "put_scaling_policy", inputs, " ".join(self.honours), renames))
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = self.api(cloud).describe_scaling_policies(PolicyNames=[identifier], **_scope(state))["ScalingPolicies"]
        matching = [policy for policy in found if policy["PolicyName"] == identifier]
        if not matching:
            return None
        alarms = [alarm.get("AlarmARN") for alarm in matching[0].get("Alarms") or []]
        return {"arn": matching[0]["PolicyARN"], "policyType": matching[0]["PolicyType"], "alarmArns": alarms}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_scaling_policy, PolicyName=identifier, **_scope(state))


def _scope(state: Inputs) -> dict[str, Any]:
    return {
        "ServiceNamespace": state["serviceNamespace"],
        "ResourceId": state["resourceId"],
        "ScalableDimension": state["scalableDimension"],
    }
