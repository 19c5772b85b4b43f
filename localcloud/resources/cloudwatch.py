"""CloudWatch alarms, composite alarms and dashboards."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_ALARM: Final = (
    "actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm "
    "evaluateLowSampleCountPercentiles evaluationPeriods extendedStatistic insufficientDataActions metricName "
    "namespace okActions period statistic threshold thresholdMetricId treatMissingData unit"
)
_ALARM_RENAMES: Final = {
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "name": "AlarmName",
}


class MetricAlarm(ResourceType):
    """``aws:cloudwatch/metricAlarm:MetricAlarm``, on one metric or on ``metricQueries``."""

    kind = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    honours = names(_ALARM) | names("name dimensions metricQueries tags")
    replaces = names("name")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"actionsEnabled": True, "treatMissingData": "missing"}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self._put(cloud, inputs, tag_list(inputs.get("tagsAll")))
        return str(inputs["name"])

    def _put(self, cloud: Cloud, inputs: Inputs, tags: list[dict[str, str]]) -> None:
        api = self.api(cloud)
        sent = shaped(api, "put_metric_alarm", inputs, f"{_ALARM} name", _ALARM_RENAMES)
        if inputs.get("dimensions"):
            sent["Dimensions"] = _dimensions(inputs["dimensions"])
        if inputs.get("metricQueries"):
            sent["Metrics"] = [_query(api, query) for query in inputs["metricQueries"]]
        if tags:
            sent["Tags"] = tags
        api.put_metric_alarm(**sent)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = self.api(cloud).describe_alarms(AlarmNames=[identifier], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not found:
            return None
        kept = {"threshold": found[0].get("Threshold"), "evaluationPeriods": found[0].get("EvaluationPeriods")}
        return {"name": identifier, "arn": found[0]["AlarmArn"]} | {n: v for n, v in kept.items() if n in state}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        if changed - {"tags", "tagsAll"}:
            self._put(cloud, inputs, [])
        _retag_alarm(self.api(cloud), cloud.arn("cloudwatch", f"alarm:{identifier}"), inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_alarms, AlarmNames=[identifier])


class CompositeAlarm(ResourceType):
    """``aws:cloudwatch/compositeAlarm:CompositeAlarm``."""

    kind = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    service = "cloudwatch"
    honours = names(
        "alarmName alarmRule actionsEnabled actionsSuppressor alarmActions alarmDescription insufficientDataActions "
        "okActions tags"
    )
    replaces = names("alarmName")
    identity = ("alarmName",)
    stable = names("arn alarmName")
    defaults: ClassVar = {"actionsEnabled": True}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self._put(cloud, inputs, {"Tags": tags} if (tags := tag_list(inputs.get("tagsAll"))) else {})
        return str(inputs["alarmName"])

    def _put(self, cloud: Cloud, inputs: Inputs, extra: Mapping[str, Any]) -> None:
        api = self.api(cloud)
        plain = "alarmName alarmRule actionsEnabled alarmActions alarmDescription insufficientDataActions okActions"
        sent = shaped(api, "put_composite_alarm", inputs, plain)
        if suppressor := inputs.get("actionsSuppressor"):
            sent["ActionsSuppressor"] = suppressor["alarm"]
            sent["ActionsSuppressorExtensionPeriod"] = suppressor["extensionPeriod"]
            sent["ActionsSuppressorWaitPeriod"] = suppressor["waitPeriod"]
        api.put_composite_alarm(**sent, **extra)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        answer = self.api(cloud).describe_alarms(AlarmNames=[identifier], AlarmTypes=["CompositeAlarm"])
        found = answer["CompositeAlarms"]
        return {"arn": found[0]["AlarmArn"], "alarmRule": found[0]["AlarmRule"]} if found else None

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        if changed - {"tags", "tagsAll"}:
            self._put(cloud, inputs, {})
        _retag_alarm(self.api(cloud), cloud.arn("cloudwatch", f"alarm:{identifier}"), inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_alarms, AlarmNames=[identifier])


class Dashboard(PutType):
    """``aws:cloudwatch/dashboard:Dashboard``."""

    kind = "aws:cloudwatch/dashboard:Dashboard"
    service = "cloudwatch"
    honours = names("dashboardName dashboardBody")
    replaces = names("dashboardName")
    identity = ("dashboardName",)
    documents = names("dashboardBody")
    stable = names("dashboardArn")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.put_dashboard(**shaped(api, "put_dashboard", inputs, "dashboardName dashboardBody"))
        return str(inputs["dashboardName"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_dashboard, DashboardName=identifier)
        return found and {"dashboardArn": found["DashboardArn"], "dashboardBody": found["DashboardBody"]}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_dashboards, DashboardNames=[identifier])


def _dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": dimensions[name]} for name in sorted(dimensions)]


def _query(api: Any, query: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - boto3
    """One entry of ``metricQueries``: Pulumi keeps period and stat beside the metric's name, AWS around it."""
    metric = query.get("metric")
    plain = {name: value for name, value in query.items() if name != "metric"}
    prepared: dict[str, Any] = {"id": None, "returnData": False} | plain
    if metric:
        stat = {name: metric.get(name) for name in metric.keys() - names("metricName namespace dimensions")}
        named = {"metricName": metric["metricName"], "namespace": metric.get("namespace")}
        dimensions = {"dimensions": _dimensions(metric.get("dimensions") or {})}
        prepared["metricStat"] = stat | {"metric": named | dimensions}
    found = shaped(api, "put_metric_alarm", {"metrics": [prepared]}, "metrics")
    entry: dict[str, Any] = found["Metrics"][0]
    return entry


def _retag_alarm(api: Any, arn: str, inputs: Inputs, old: Inputs) -> None:  # noqa: ANN401 - boto3
    retag(
        inputs,
        old,
        lambda tags: api.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
        lambda keys: api.untag_resource(ResourceARN=arn, TagKeys=keys),
    )
