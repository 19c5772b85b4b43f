"""A change of state and what the world is told of it: EventBridge events, SNS messages, Lambda events. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from localcloud.observe.alarms.reason import INITIAL, timestamp
from localcloud.observe.alarms.rule import SINGLE
from localcloud.observe.model import Plain

ACTION_LISTS: Final = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
"""The list of actions of each state."""
REGION_NAMES: Final = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-central-1": "EU (Frankfurt)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A state with its reason and the moment it was taken, in epoch seconds."""

    value: str
    reason: str
    reason_data: str | None
    at: float

    def described(self) -> Plain:
        """As EventBridge and Lambda get it."""
        data = {} if self.reason_data is None else {"reasonData": self.reason_data}
        return {"value": self.value, "reason": self.reason, **data, "timestamp": timestamp(self.at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of state of a stored alarm."""

    alarm: Plain
    previous: Condition
    current: Condition
    account: str
    region: str

    @property
    def actions(self) -> list[str]:
        """The ARNs to act on; none while actions are disabled."""
        if not self.alarm.get("ActionsEnabled", True):
            return []
        return list(self.alarm.get(ACTION_LISTS[self.current.value]) or [])


def alarm_type(alarm: Plain) -> str:
    """``MetricAlarm`` or ``CompositeAlarm``."""
    return "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm"


def condition_of(alarm: Plain) -> Condition:
    """The state that a stored alarm is in."""
    return Condition(
        value=alarm["StateValue"],
        reason=alarm.get("StateReason", INITIAL),
        reason_data=alarm.get("StateReasonData") or None,
        at=float(alarm.get("StateUpdatedTimestamp") or 0),
    )


def event_detail(transition: Transition) -> Plain:
    """The detail of the EventBridge event "CloudWatch Alarm State Change"."""
    return {
        "alarmName": transition.alarm["AlarmName"],
        "state": transition.current.described(),
        "previousState": transition.previous.described(),
        "configuration": _configuration(transition.alarm),
    }


def lambda_event(transition: Transition) -> Plain:
    """What a Lambda function gets as an alarm's action."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": transition.alarm["AlarmArn"],
        "accountId": transition.account,
        "time": timestamp(transition.current.at),
        "region": transition.region,
        "alarmData": event_detail(transition),
    }


def notification(transition: Transition) -> tuple[str, str]:
    """(subject, message) of the SNS notification."""
    alarm, current = transition.alarm, transition.current
    region = REGION_NAMES.get(transition.region, transition.region)
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": transition.account,
        "AlarmConfigurationUpdatedTimestamp": timestamp(float(alarm.get("AlarmConfigurationUpdatedTimestamp") or 0)),
        "NewStateValue": current.value,
        "NewStateReason": current.reason,
        "StateChangeTime": timestamp(current.at),
        "Region": region,
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": transition.previous.value,
        **{name: alarm.get(name) or [] for name in ACTION_LISTS.values()},
        **_told_rule(alarm),
    }
    return f'{current.value}: "{alarm["AlarmName"]}" in {region}'[:100], json.dumps(message)


def history_item(transition: Transition) -> Plain:
    """The StateUpdate item of DescribeAlarmHistory."""
    old, new = transition.previous, transition.current
    return {
        "AlarmName": transition.alarm["AlarmName"],
        "AlarmType": alarm_type(transition.alarm),
        "Timestamp": new.at,
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {old.value} to {new.value}",
        "HistoryData": json.dumps({"version": "1.0", "oldState": _historical(old), "newState": _historical(new)}),
    }


def _historical(condition: Condition) -> Plain:
    data = {} if condition.reason_data is None else {"stateReasonData": json.loads(condition.reason_data)}
    return {"stateValue": condition.value, "stateReason": condition.reason, **data}


def _configuration(alarm: Plain) -> Plain:
    description = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return description | {"alarmRule": alarm["AlarmRule"]}
    queries = alarm.get("Metrics") or [{"Id": SINGLE, "MetricStat": _metric_stat(alarm), "ReturnData": True}]
    return description | {"metrics": [_told_query(query) for query in queries]}


def _metric_stat(alarm: Plain) -> Plain:
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions") if name in alarm}
    stat = {"Period": alarm.get("Period"), "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic")}
    return {"Metric": metric, **stat, "Unit": alarm.get("Unit")}


def _told_query(query: Plain) -> Plain:
    told = {"id": query["Id"], "label": query.get("Label"), "returnData": query.get("ReturnData", True)}
    if "MetricStat" not in query:
        return _present(told | {"expression": query["Expression"], "period": query.get("Period")})
    stat = query["MetricStat"]
    metric = {
        "namespace": stat["Metric"].get("Namespace"),
        "name": stat["Metric"].get("MetricName"),
        "dimensions": {item["Name"]: item["Value"] for item in stat["Metric"].get("Dimensions") or []},
    }
    read = _present({"metric": metric, "period": stat["Period"], "stat": stat["Stat"], "unit": stat.get("Unit")})
    return _present(told | {"metricStat": read})


def _told_rule(alarm: Plain) -> Plain:
    """What an SNS message says of the rule."""
    if "AlarmRule" in alarm:
        return {"AlarmRule": alarm["AlarmRule"]}
    trigger = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm.get("EvaluationPeriods"),
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm"),
        "ComparisonOperator": alarm.get("ComparisonOperator"),
        "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    if alarm.get("Metrics"):
        return {"Trigger": _present(trigger) | {"Metrics": [_lowered_dimensions(query) for query in alarm["Metrics"]]}}
    extended = alarm.get("ExtendedStatistic")
    statistic = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
    if not extended:
        statistic = {"StatisticType": "Statistic", "Statistic": _shouted(alarm.get("Statistic") or "Average")}
    metric = {"MetricName": alarm.get("MetricName"), "Namespace": alarm.get("Namespace"), "Unit": alarm.get("Unit")}
    dimensions = [{"value": item["Value"], "name": item["Name"]} for item in alarm.get("Dimensions") or []]
    return {"Trigger": _present(trigger) | metric | statistic | {"Dimensions": dimensions}}


def _lowered_dimensions(query: Plain) -> Plain:
    if "MetricStat" not in query:
        return query
    stat = query["MetricStat"]
    dimensions = [{"value": item["Value"], "name": item["Name"]} for item in stat["Metric"].get("Dimensions") or []]
    return query | {"MetricStat": stat | {"Metric": stat["Metric"] | {"Dimensions": dimensions}}}


def _shouted(statistic: str) -> str:
    return "SAMPLE_COUNT" if statistic == "SampleCount" else statistic.upper()


def _present(members: Mapping[str, object]) -> Plain:
    return {name: value for name, value in members.items() if value is not None}
