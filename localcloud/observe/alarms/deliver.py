"""Tells the embedded cloud of a change of state: EventBridge, SNS, Lambda, and the alarm's history."""

import json
import logging
from typing import Final

from localcloud.observe import emulator
from localcloud.observe.alarms.reason import timestamp
from localcloud.observe.alarms.transition import (
    Transition,
    alarm_type,
    event_detail,
    history_item,
    lambda_event,
    notification,
)
from localcloud.observe.model import Plain

_log = logging.getLogger(__name__)
HISTORY_KEPT: Final = 10_000
"""Items of one account and region; the oldest go first. AWS forgets after 30 days."""


def deliver(transition: Transition) -> None:
    """Puts the event, runs the actions of the new state, and writes the history.

    Account and region are those of the current request scope.
    """
    keep_history(history_item(transition))
    emulator.put_event("CloudWatch Alarm State Change", event_detail(transition), transition.alarm["AlarmArn"])
    for action in transition.actions:
        error = _act(action, transition)
        if error:
            _log.warning("alarm %s: %s was not executed: %s", transition.alarm["AlarmName"], action, error)
        summary = f"Failed to execute action {action}: {error}" if error else f"Successfully executed action {action}"
        keep_history(_item(transition.alarm, transition.current.at, "Action", summary))


def _act(action: str, transition: Transition) -> str | None:
    """Runs one action; what went wrong, or None."""
    service = action.split(":")[2]
    if service == "sns":
        return None if emulator.notify(action, *notification(transition)) else "the topic does not exist"
    if service == "lambda":
        return None if emulator.invoke(action, lambda_event(transition)) else "the function does not exist"
    return f"{service} actions do not run in the embedded cloud"


def keep_configuration_change(alarm: Plain, change: str, at: float) -> None:
    """Writes into the history that an alarm was created or updated."""
    keep_history(_item(alarm, at, "ConfigurationUpdate", f'Alarm "{alarm["AlarmName"]}" {change}'))


def keep_history(item: Plain) -> None:
    """Appends one item for DescribeAlarmHistory, its Timestamp in epoch seconds."""
    entries = emulator.alarm_history()
    entries.append(item | {"Timestamp": timestamp(item["Timestamp"])[:19] + "Z"})
    del entries[:-HISTORY_KEPT]


def _item(alarm: Plain, at: float, kind: str, summary: str) -> Plain:
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmType": alarm_type(alarm),
        "Timestamp": at,
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps({"version": "1.0", "type": kind}),
    }
