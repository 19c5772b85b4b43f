"""The manifest of a deployment, for compliance (D6): every resource with id, ARN and the settings that matter.

It has no time of its own: equal deployments have equal manifests, and a difference is a change. Its form is
``manifest.schema.json`` beside this module.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pulumi

from stack.naming import PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stack.naming import Place

SCHEMA: Final = "manifest/1"

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:apigateway/stage:Stage": ("stage_name", "xray_tracing_enabled", "cache_cluster_enabled", "cache_cluster_size"),
    "aws:apigateway/usagePlan:UsagePlan": ("throttle_settings",),
    "aws:appautoscaling/target:Target": ("scalable_dimension", "min_capacity", "max_capacity"),
    "aws:backup/plan:Plan": ("rules",),
    "aws:backup/selection:Selection": ("resources",),
    "aws:backup/vault:Vault": ("kms_key_arn",),
    "aws:budgets/budget:Budget": ("limit_amount", "limit_unit"),
    "aws:cloudwatch/eventRule:EventRule": ("schedule_expression", "event_pattern"),
    "aws:cloudwatch/logGroup:LogGroup": ("retention_in_days",),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("threshold", "evaluation_periods", "treat_missing_data"),
    "aws:dynamodb/table:Table": (
        "billing_mode",
        "read_capacity",
        "write_capacity",
        "point_in_time_recovery",
        "server_side_encryption",
        "deletion_protection_enabled",
    ),
    "aws:ec2/subnet:Subnet": ("cidr_block", "availability_zone", "map_public_ip_on_launch"),
    "aws:ec2/vpc:Vpc": ("cidr_block",),
    "aws:kms/key:Key": ("enable_key_rotation", "deletion_window_in_days"),
    "aws:lambda/function:Function": (
        "runtime",
        "architectures",
        "memory_size",
        "timeout",
        "reserved_concurrent_executions",
        "tracing_config",
        "dead_letter_config",
    ),
    "aws:lambda/alias:Alias": ("name",),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("batch_size", "function_response_types", "scaling_config"),
    "aws:lambda/permission:Permission": ("principal", "qualifier", "source_arn"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("rules",),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "block_public_acls",
        "block_public_policy",
        "ignore_public_acls",
        "restrict_public_buckets",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ("rules",),
    "aws:s3/bucketVersioning:BucketVersioning": ("versioning_configuration",),
    "aws:sns/topic:Topic": ("kms_master_key_id",),
    "aws:sqs/queue:Queue": ("fifo_queue", "message_retention_seconds", "kms_master_key_id", "redrive_policy"),
    "aws:ssm/parameter:Parameter": ("type", "key_id"),
    "aws:wafv2/webAcl:WebAcl": ("rules",),
}
"""The inputs that a compliance reader asks for, by type; never a value of a secret, a document or code."""


class Manifest:
    """Notes every resource that the program declares from now on."""

    def __init__(self) -> None:
        self._noted: list[pulumi.ResourceTransformationArgs] = []
        pulumi.runtime.register_stack_transformation(self._note)

    def _note(self, args: pulumi.ResourceTransformationArgs) -> None:
        if args.type_.startswith("aws:"):
            self._noted.append(args)

    def write(self, place: Place, folder: Path) -> pulumi.Output[str]:
        """The name of the file that is written to `folder` once everything is there; a preview writes none."""
        name = f"resource-manifest-{place.environment}.json"

        def save(entries: list[dict[str, Any]]) -> str:
            if not pulumi.runtime.is_dry_run():
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(render(place, entries), encoding="utf-8")
            return name

        return pulumi.Output.all(*map(_entry, self._noted)).apply(save)


def render(place: Place, entries: list[dict[str, Any]]) -> str:
    """The manifest as JSON text, its resources sorted by type and name."""
    ordered = sorted(entries, key=lambda each: (each["type"], each["name"]))
    manifest = {
        "schema": SCHEMA,
        "project": PROJECT,
        "environment": place.environment,
        "account": place.account,
        "region": place.region,
        "counts": dict(sorted(Counter(each["type"] for each in ordered).items())),
        "resources": ordered,
    }
    return json.dumps(manifest, indent=2) + "\n"


def _entry(args: pulumi.ResourceTransformationArgs) -> pulumi.Output[dict[str, Any]]:
    wanted = {key: _plain(args.props.get(key)) for key in SETTINGS.get(args.type_, ())}
    resource = args.resource
    identity = resource.id if isinstance(resource, pulumi.CustomResource) else pulumi.Output.from_input("")
    arn = getattr(resource, "arn", None)
    return pulumi.Output.all(identity=identity, arn=arn, settings=wanted).apply(
        lambda known: {
            "type": args.type_,
            "name": args.name,
            "id": known["identity"],
            "arn": known["arn"],
            "settings": {key: value for key, value in known["settings"].items() if value is not None},
        }
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any input of any resource
    """The input with the SDK's argument objects as plain data; values that are not known yet stay what they are."""
    match value:
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case _ if type(value).__name__.endswith("Args"):
            return {key: _plain(each) for key, each in vars(value).items() if each is not None}
    return value
