"""The house rules over a recorded graph: each rule is a function from a graph to what breaks it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.stack.recording import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.recording import Graph, Registered

TAGS = {"Project", "Environment", "Component", "CostCentre", "DataClassification", "ManagedBy"}
DATA = ("aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:backup/vault:Vault")
QUEUE = "aws:sqs/queue:Queue"
FUNCTION = "aws:lambda/function:Function"
FORTNIGHT = 14 * 24 * 3600
NAME = re.compile(r"[a-z]+(-[a-z0-9]+)+-(dev|staging|prod)")

Broken = list[str]


def aws_resources(graph: Graph) -> list[Registered]:
    return [each for each in graph.resources if each.kind.startswith("aws:")]


def untagged(graph: Graph) -> Broken:
    return [
        each.name for each in aws_resources(graph) if each.takes_tags and not set(each.inputs.get("tags") or {}) >= TAGS
    ]


def oddly_named(graph: Graph) -> Broken:
    return [each.name for each in aws_resources(graph) if not NAME.fullmatch(each.name)]


def logs_kept_too_long(graph: Graph) -> Broken:
    groups = graph.of("aws:cloudwatch/logGroup:LogGroup")
    return [each.name for each in groups if each.inputs.get("retentionInDays") != 7]


def unencrypted(graph: Graph) -> Broken:
    """Data at rest without the environment's own key."""
    encrypted_buckets = {
        each.inputs["bucket"]
        for each in graph.of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
        if each.inputs["rules"][0]["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId")
    }
    secrets = [each for each in graph.of("aws:ssm/parameter:Parameter") if each.inputs["type"] == "SecureString"]
    tables = graph.of("aws:dynamodb/table:Table")
    return [
        *(each.name for each in graph.of("aws:s3/bucket:Bucket") if each.inputs["bucket"] not in encrypted_buckets),
        *(each.name for each in tables if not each.inputs.get("serverSideEncryption", {}).get("kmsKeyArn")),
        *(each.name for each in graph.of(QUEUE) if not each.inputs.get("kmsMasterKeyId")),
        *(each.name for each in graph.of("aws:sns/topic:Topic") if not each.inputs.get("kmsMasterKeyId")),
        *(each.name for each in graph.of("aws:backup/vault:Vault") if not each.inputs.get("kmsKeyArn")),
        *(each.name for each in secrets if not each.inputs.get("keyId")),
    ]


def public(graph: Graph) -> Broken:
    """What the world may reach or call, other than the API."""
    blocked = {
        each.inputs["bucket"]
        for each in graph.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        if all(
            each.inputs[switch]
            for switch in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        )
    }
    subnets = [each for each in graph.of("aws:ec2/subnet:Subnet") if each.inputs.get("mapPublicIpOnLaunch")]
    return [
        *(each.name for each in graph.of("aws:s3/bucket:Bucket") if each.inputs["bucket"] not in blocked),
        *(each.name for each in graph.of("aws:lambda/functionUrl:FunctionUrl")),
        *(each.name for each in graph.of("aws:lambda/permission:Permission") if not each.inputs.get("sourceArn")),
        *(each.name for each in subnets),
        *(f"{name}: {sid}" for name, sid in _open_statements(graph)),
    ]


def _open_statements(graph: Graph) -> Iterator[tuple[str, str]]:
    for each in aws_resources(graph):
        for key in ("policy", "assumeRolePolicy"):
            for statement in _statements(each.inputs.get(key)):
                principal = statement.get("Principal")
                if statement["Effect"] == "Allow" and principal in ("*", {"AWS": "*"}):
                    yield each.name, statement["Sid"]


def _statements(document: object) -> list[dict[str, Any]]:
    return json.loads(document)["Statement"] if isinstance(document, str) and '"Statement"' in document else []


def too_wide(graph: Graph) -> Broken:
    """Wild actions, ``*`` where AWS knows resources, resources of a type that the action does not act on."""
    policies = [*graph.of("aws:iam/rolePolicy:RolePolicy"), *graph.of("aws:iam/policy:Policy")]
    attached = graph.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    return [
        *(f"{each.name}: a managed policy" for each in attached),
        *(
            f"{each.name}: {problem}"
            for each in policies
            for statement in _statements(each.inputs["policy"])
            for problem in too_wide_statement(statement)
        ),
    ]


@cache
def resource_types() -> dict[str, list[str]]:
    """Action -> patterns of the ARNs that it acts on; a log group's ``:*`` stands for its streams."""
    loaded: dict[str, list[str]] = json.loads(Path(__file__).with_name("actions.json").read_text())["actions"]
    return {action: [each.replace(":log-stream:*", ":*") for each in arns] for action, arns in loaded.items()}


NEEDS_A_STAR: Final = {"cloudwatch:DescribeAlarms"}
"""With any narrower resource it tells nothing of composite alarms (CloudWatch API reference, DescribeAlarms)."""


def too_wide_statement(statement: dict[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow":
        return
    for action in statement["Action"]:
        if action not in resource_types():
            yield f"{action} is not in actions.json"
            continue
        types = resource_types()[action]
        for resource in statement["Resource"]:
            if resource == "*" and types and action not in NEEDS_A_STAR:
                yield f"{action} on *"
            elif resource != "*" and not any(fnmatchcase(resource, pattern) for pattern in types):
                yield f"{action} on {resource}"


def loose_resource_policies(graph: Graph) -> Broken:
    """Policies of keys, queues, topics, buckets and roles that trust more than this account's own services need."""
    return [
        f"{each.name}: {statement['Sid']} {problem}"
        for each in aws_resources(graph)
        for key in ("policy", "assumeRolePolicy")
        for statement in _statements(each.inputs.get(key))
        if "Principal" in statement and statement["Effect"] == "Allow"
        for problem in _looseness(statement, is_key=each.kind == "aws:kms/key:Key", is_role=key != "policy")
    ]


def _looseness(statement: dict[str, Any], *, is_key: bool, is_role: bool) -> Iterator[str]:
    """What a statement leaves open. A key policy names no resource but ``*``, a trust policy none at all."""
    principal, actions = statement["Principal"], _listed(statement["Action"])
    is_account = principal == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    if set(principal) != {"Service"} and not is_account:
        yield f"trusts {principal}"
    if not is_account and not _is_bound(statement.get("Condition", {})) and principal != {"Service": LAMBDA}:
        yield "is bound to no source"
    if any("*" in each for each in actions) and not (is_key and is_account):
        yield f"allows {actions}"
    if is_role or is_key:
        return
    for action in actions:
        for resource in _listed(statement["Resource"]):
            if not any(fnmatchcase(resource, pattern) for pattern in resource_types().get(action, ())):
                yield f"allows {action} on {resource}"


LAMBDA: Final = "lambda.amazonaws.com"
"""Lambda documents no source condition for the trust policy of an execution role."""

_SOURCES: Final = {"aws:SourceAccount", "aws:SourceArn"}


def _is_bound(condition: dict[str, dict[str, object]]) -> bool:
    return any(_SOURCES & keys.keys() for operator, keys in condition.items() if not operator.endswith("IfExists"))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def without_dead_letters(graph: Graph) -> Broken:
    """Asynchronous paths that lose what fails."""
    queues = graph.of(QUEUE)
    sources = {each.inputs["eventSourceArn"] for each in graph.of("aws:lambda/eventSourceMapping:EventSourceMapping")}
    fed = [each for each in queues if any(source.endswith(f":{each.inputs['name']}") for source in sources)]
    return [
        *(each.name for each in graph.of(FUNCTION) if not each.inputs.get("deadLetterConfig", {}).get("targetArn")),
        *(each.name for each in fed if not each.inputs.get("redrivePolicy")),
        *(
            each.name
            for each in graph.of("aws:cloudwatch/eventTarget:EventTarget")
            if not each.inputs.get("deadLetterConfig", {}).get("arn")
        ),
        *(
            each.name
            for each in queues
            if "-dead-" in each.name and each.inputs["messageRetentionSeconds"] != 1_209_600
        ),
    ]


def unprotected_data(graph: Graph) -> Broken:
    return [each.name for each in aws_resources(graph) if each.kind in DATA and not each.protected]


def unversioned_buckets(graph: Graph) -> Broken:
    versioned = {
        each.inputs["bucket"]
        for each in graph.of("aws:s3/bucketVersioning:BucketVersioning")
        if each.inputs["versioningConfiguration"]["status"] == "Enabled"
    }
    return [each.name for each in graph.of("aws:s3/bucket:Bucket") if each.inputs["bucket"] not in versioned]


def silent_alarms(graph: Graph) -> Broken:
    """Alarms that nobody hears of."""
    kinds = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
    return [each.name for kind in kinds for each in graph.of(kind) if not each.inputs.get("alarmActions")]


RULES = (
    untagged,
    oddly_named,
    logs_kept_too_long,
    unencrypted,
    public,
    too_wide,
    loose_resource_policies,
    without_dead_letters,
    unprotected_data,
    unversioned_buckets,
    silent_alarms,
)
