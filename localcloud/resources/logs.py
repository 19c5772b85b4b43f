"""CloudWatch Logs: groups with their retention, and metric filters."""

from typing import Any, ClassVar

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag


class LogGroup(ResourceType):
    """``aws:cloudwatch/logGroup:LogGroup``; ``retentionInDays`` of 0 keeps events for ever."""

    kind = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    honours = names("name retentionInDays kmsKeyId logGroupClass skipDestroy tags")
    replaces = names("name logGroupClass")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"retentionInDays": 0, "skipDestroy": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, name = self.api(cloud), str(inputs["name"])
        sent = shaped(api, "create_log_group", inputs, "kmsKeyId logGroupClass")
        if tags := inputs.get("tagsAll"):
            sent["tags"] = dict(tags)
        api.create_log_group(logGroupName=name, **sent)
        _retain(api, name, inputs["retentionInDays"])
        return name

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        groups = self.api(cloud).describe_log_groups(logGroupNamePrefix=identifier)["logGroups"]
        for group in groups:
            if group["logGroupName"] == identifier:
                return {
                    "name": identifier,
                    "arn": cloud.arn("logs", f"log-group:{identifier}"),
                    "retentionInDays": group.get("retentionInDays", 0),
                }
        return None

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if "retentionInDays" in changed:
            _retain(api, identifier, inputs["retentionInDays"])
        if "kmsKeyId" in changed and inputs.get("kmsKeyId"):
            api.associate_kms_key(logGroupName=identifier, kmsKeyId=inputs["kmsKeyId"])
        elif "kmsKeyId" in changed:
            api.disassociate_kms_key(logGroupName=identifier)
        arn = cloud.arn("logs", f"log-group:{identifier}")
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(resourceArn=arn, tags=tags),
            lambda keys: api.untag_resource(resourceArn=arn, tagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if not state.get("skipDestroy"):
            lookup(self.api(cloud).delete_log_group, logGroupName=identifier)


class LogMetricFilter(PutType):
    """``aws:cloudwatch/logMetricFilter:LogMetricFilter``."""

    kind = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    service = "logs"
    honours = names("name logGroupName pattern metricTransformation")
    replaces = names("name logGroupName")
    identity = ("logGroupName", "name")
    name_property = "name"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return str(inputs["name"])

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = "name logGroupName pattern metricTransformation"
        renames = {
            "name": "filterName",
            "pattern": "filterPattern",
            "metricTransformation": "metricTransformations",
        }
        transformation = dict(inputs["metricTransformation"])
        named = {"metricName": transformation.pop("name"), "metricNamespace": transformation.pop("namespace")}
        moved = {"value": "metricValue"} | renames
        prepared = {**inputs, "metricTransformation": named | transformation}
        api.put_metric_filter(**shaped(api, "put_metric_filter", prepared, plain, moved))
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(
            self.api(cloud).describe_metric_filters,
            logGroupName=state["logGroupName"],
            filterNamePrefix=identifier,
        )
        filters = found["metricFilters"] if found else []
        return next(({"pattern": f["filterPattern"]} for f in filters if f["filterName"] == identifier), None)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_metric_filter, logGroupName=state["logGroupName"], filterName=identifier)


def _retain(api: Any, name: str, days: int) -> None:  # noqa: ANN401 - boto3
    if days:
        api.put_retention_policy(logGroupName=name, retentionInDays=days)
    else:
        lookup(api.delete_retention_policy, logGroupName=name)
