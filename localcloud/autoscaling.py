"""Application Auto Scaling's control plane: scalable targets and their policies are kept and told; nothing scales.

The embedded tables have no capacity to run out of, so there is nothing for a policy to act on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import uuid4

from localcloud.front import Call, ServiceError

Shape = dict[str, Any]
_SLR: Final = "aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling"


class TargetKey(NamedTuple):
    """What identifies a scalable target in an account and region."""

    namespace: str
    resource: str
    dimension: str


@dataclass(slots=True)
class _Book:
    """The targets and policies of one account and region."""

    targets: dict[TargetKey, Shape] = field(default_factory=dict)
    policies: dict[tuple[TargetKey, str], Shape] = field(default_factory=dict)


class AutoScaling:
    """Answers calls of the Application Auto Scaling API."""

    def __init__(self) -> None:
        self._books: dict[tuple[str, str], _Book] = {}

    def __call__(self, call: Call) -> Shape:
        """The answer to one call.

        Raises:
            ServiceError: The operation is not among those here, or the service would refuse the request.
        """
        operation = _OPERATIONS.get(call.operation)
        if operation is None:
            raise ServiceError("UnknownOperationException", f"{call.operation} is not here: {', '.join(_OPERATIONS)}")
        return operation(self._books.setdefault((call.account, call.region), _Book()), call)


def _key(request: Shape) -> TargetKey:
    return TargetKey(request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"])


def _register(book: _Book, call: Call) -> Shape:
    key, request = _key(call.body), call.body
    known = book.targets.get(key)
    if known is None and not {"MinCapacity", "MaxCapacity"} <= request.keys():
        raise ServiceError("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target")
    arn = f"arn:aws:application-autoscaling:{call.region}:{call.account}:scalable-target/{uuid4().hex[:24]}"
    role = f"arn:aws:iam::{call.account}:role/{_SLR}"
    made = known or {"CreationTime": time.time(), "ScalableTargetARN": arn, "RoleARN": role}
    target = {**made, **request}
    if target["MinCapacity"] > target["MaxCapacity"]:
        raise ServiceError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    book.targets[key] = target
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _describe_targets(book: _Book, call: Call) -> Shape:
    wanted, request = call.body.get("ResourceIds"), call.body
    found = [
        target
        for key, target in book.targets.items()
        if key.namespace == request["ServiceNamespace"]
        and (not wanted or key.resource in wanted)
        and request.get("ScalableDimension") in (None, key.dimension)
    ]
    return {"ScalableTargets": [_without(target, "Tags") for target in found]}


def _deregister(book: _Book, call: Call) -> Shape:
    key = _registered(book, call.body)
    del book.targets[key]
    for policy in [policy for policy in book.policies if policy[0] == key]:
        del book.policies[policy]
    return {}


def _put_policy(book: _Book, call: Call) -> Shape:
    key, name = _registered(book, call.body), call.body["PolicyName"]
    place = f"{call.region}:{call.account}"
    arn = (
        f"arn:aws:autoscaling:{place}:scalingPolicy:{uuid4()}:resource/{key.namespace}/{key.resource}:policyName/{name}"
    )
    known = book.policies.get((key, name), {"CreationTime": time.time(), "PolicyARN": arn, "Alarms": []})
    book.policies[key, name] = {**known, **call.body}
    return {"PolicyARN": known["PolicyARN"], "Alarms": []}


def _describe_policies(book: _Book, call: Call) -> Shape:
    request, names = call.body, call.body.get("PolicyNames")
    found = [
        policy
        for (key, name), policy in book.policies.items()
        if key.namespace == request["ServiceNamespace"]
        and request.get("ResourceId") in (None, key.resource)
        and request.get("ScalableDimension") in (None, key.dimension)
        and (not names or name in names)
    ]
    return {"ScalingPolicies": found}


def _delete_policy(book: _Book, call: Call) -> Shape:
    policy = (_key(call.body), call.body["PolicyName"])
    if policy not in book.policies:
        raise ServiceError("ObjectNotFoundException", f"No scaling policy found for {_words(policy[0])}: {policy[1]}")
    del book.policies[policy]
    return {}


def _tags(book: _Book, call: Call) -> Shape:
    return {"Tags": _by_arn(book, call.body).get("Tags", {})}


def _tag(book: _Book, call: Call) -> Shape:
    target = _by_arn(book, call.body)
    target["Tags"] = {**target.get("Tags", {}), **call.body["Tags"]}
    return {}


def _untag(book: _Book, call: Call) -> Shape:
    target, keys = _by_arn(book, call.body), call.body["TagKeys"]
    target["Tags"] = _without(target.get("Tags", {}), *keys)
    return {}


def _by_arn(book: _Book, request: Shape) -> Shape:
    for target in book.targets.values():
        if target["ScalableTargetARN"] == request["ResourceARN"]:
            return target
    raise ServiceError("ResourceNotFoundException", f"No scalable target has the ARN {request['ResourceARN']}")


def _registered(book: _Book, request: Shape) -> TargetKey:
    key = _key(request)
    if key not in book.targets:
        raise ServiceError("ObjectNotFoundException", f"No scalable target registered for {_words(key)}")
    return key


def _words(key: TargetKey) -> str:
    return f"service namespace: {key.namespace}, resource ID: {key.resource}, scalable dimension: {key.dimension}"


def _without(shape: Shape, *names: str) -> Shape:
    return {name: value for name, value in shape.items() if name not in names}


_OPERATIONS: Final[dict[str, Callable[[_Book, Call], Shape]]] = {
    "RegisterScalableTarget": _register,
    "DescribeScalableTargets": _describe_targets,
    "DeregisterScalableTarget": _deregister,
    "PutScalingPolicy": _put_policy,
    "DescribeScalingPolicies": _describe_policies,
    "DeleteScalingPolicy": _delete_policy,
    "DescribeScalingActivities": lambda _book, _call: {"ScalingActivities": []},
    "DescribeScheduledActions": lambda _book, _call: {"ScheduledActions": []},
    "ListTagsForResource": _tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}
