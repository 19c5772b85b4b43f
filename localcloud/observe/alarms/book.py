"""The alarms of an account and region, in the dictionaries that the rest of ministack reads too.

CloudFormation writes there, AppConfig, tags and composite alarms read there, so an alarm stays a PutMetricAlarm-shaped
mapping with its state beside it.
"""

import json
import time
from collections.abc import Iterable
from threading import Lock
from typing import Final

from localcloud.observe import emulator
from localcloud.observe.alarms.checks import check_actions, check_metric_alarm, check_tags
from localcloud.observe.alarms.deliver import deliver, keep_configuration_change
from localcloud.observe.alarms.reason import INITIAL, timestamp
from localcloud.observe.alarms.rule import State
from localcloud.observe.alarms.transition import Condition, Transition, condition_of
from localcloud.observe.errors import ApiError, not_found, validation_error
from localcloud.observe.model import Plain
from localcloud.observe.queries import parse_dimensions

STATE_MEMBERS: Final = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
    "EvaluationState",
)
RECORDS_PER_PAGE: Final = 50
_lock: Final = Lock()
"""Held while an alarm is written, never while others are told: requests and the evaluator run in different threads."""


def put_metric_alarm(request: Plain) -> Plain:
    """Creates or overwrites a metric alarm; an existing one keeps its state.

    Raises:
        ApiError: What `check_metric_alarm` refuses, or a composite alarm of the same name.
    """
    check_metric_alarm(request)
    check_tags(request.get("Tags", []))
    name, now = request["AlarmName"], time.time()
    if name in emulator.COMPOSITE_ALARMS:
        raise validation_error(f"A composite alarm with the name {name} exists already.")
    with _lock:
        before = emulator.METRIC_ALARMS.get(name)
        alarm = _stored(request, before, now)
        emulator.METRIC_ALARMS[name] = alarm
        if before is None and request.get("Tags"):
            tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            emulator.ALARM_TAGS[alarm["AlarmArn"]] = tags
        keep_configuration_change(alarm, "created" if before is None else "updated", now)
    return {}


def check_composite_alarm(request: Plain) -> None:
    """Refuses what ministack would take for a composite alarm and not do."""
    if request.get("ActionsSuppressor"):
        raise validation_error("ActionsSuppressor is not supported by the embedded cloud.")
    if request["AlarmName"] in emulator.METRIC_ALARMS:
        raise validation_error(f"A metric alarm with the name {request['AlarmName']} exists already.")
    check_actions(request)


def _stored(request: Plain, before: Plain | None, now: float) -> Plain:
    name = request["AlarmName"]
    initial = {
        "StateValue": State.INSUFFICIENT_DATA.value,
        "StateReason": INITIAL,
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
    state = initial if before is None else {member: before[member] for member in STATE_MEMBERS if member in before}
    defaults = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}
    single: Plain = {} if request.get("Metrics") else {"Dimensions": []}
    metrics = [{"ReturnData": True} | query for query in request.get("Metrics", [])]
    return (
        defaults
        | single
        | {"TreatMissingData": "missing"}
        | {member: value for member, value in request.items() if member != "Tags"}
        | ({"Metrics": metrics} if metrics else {})
        | {
            "AlarmArn": f"arn:aws:cloudwatch:{emulator.region()}:{emulator.account()}:alarm:{name}",
            "AlarmConfigurationUpdatedTimestamp": now,
        }
        | state
    )


def set_alarm_state(request: Plain) -> Plain:
    """Puts an alarm into a state until its next evaluation, running the actions of a change.

    Raises:
        ApiError: No such alarm, or StateReasonData that is not JSON.
    """
    name, data = request["AlarmName"], request.get("StateReasonData")
    alarm = find(name)
    if alarm is None:
        raise not_found(f"Alarm {name} does not exist.")
    if data is not None:
        try:
            json.loads(data)
        except ValueError as error:
            raise ApiError("InvalidFormat", f"StateReasonData is not valid JSON: {error}") from error
    emulator.forget_triggers(name)
    change_state(alarm, request["StateValue"], request["StateReason"], data)
    return {}


def find(name: str) -> Plain | None:
    """The stored metric or composite alarm of that name."""
    return emulator.METRIC_ALARMS.get(name) or emulator.COMPOSITE_ALARMS.get(name)


def change_state(
    alarm: Plain, value: str, reason: str, reason_data: str | None, seen: Iterable[str] = frozenset()
) -> None:
    """Writes a state into a stored alarm; a change runs actions and evaluates the composite alarms above.

    Args:
        alarm: The stored alarm; changed in place.
        value: ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``.
        reason: Why, in a sentence.
        reason_data: Why, as JSON text.
        seen: Names of composite alarms on the path to this one, which are not evaluated again.
    """
    transition = _entered(alarm, value, reason, reason_data)
    if transition is not None:
        deliver(transition)
        emulator.evaluate_composites_above(alarm, seen)


def _entered(alarm: Plain, value: str, reason: str, reason_data: str | None) -> Transition | None:
    """Writes the state; what changed, or None. An alarm that was deleted or overwritten meanwhile does not change."""
    with _lock:
        if find(alarm["AlarmName"]) is not alarm:
            return None
        previous, now = condition_of(alarm), time.time()
        alarm.update(StateValue=value, StateReason=reason, StateReasonData=reason_data, StateUpdatedTimestamp=now)
        if value == previous.value:
            return None
        alarm["StateTransitionedTimestamp"] = now
        return Transition(
            alarm=alarm,
            previous=previous,
            current=Condition(value=value, reason=reason, reason_data=reason_data, at=now),
            account=emulator.account(),
            region=emulator.region(),
        )


def change_composite(
    alarm: Plain, value: str, reason: str, triggers: Iterable[str], seen: Iterable[str] = frozenset()
) -> None:
    """Takes the place of ministack's ``_transition_composite``: the same change, told in full."""
    emulator.forget_triggers(alarm["AlarmName"])
    children = [child for child in map(find, triggers) if child is not None]
    data = {
        "triggeringAlarms": [
            {
                "arn": child["AlarmArn"],
                "state": {"value": child["StateValue"], "timestamp": timestamp(child["StateUpdatedTimestamp"])},
            }
            for child in children
        ]
    }
    change_state(alarm, value, reason, json.dumps(data, separators=(",", ":")), seen)


def describe_alarms(request: Plain) -> Plain:
    """The alarms that match, by name; metric alarms only, unless AlarmTypes says otherwise.

    Raises:
        ApiError: Filters that exclude each other.
    """
    if request.get("AlarmNames") and request.get("AlarmNamePrefix"):
        raise validation_error("AlarmNames and AlarmNamePrefix cannot be used together.")
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    stores = {"MetricAlarm": emulator.METRIC_ALARMS, "CompositeAlarm": emulator.COMPOSITE_ALARMS}
    related = _related(request)
    listing = sorted(
        (alarm["AlarmName"], kind, alarm)
        for kind, store in stores.items()
        for alarm in store.values()
        if kind in types and _matches(alarm, request) and (related is None or alarm["AlarmName"] in related)
    )
    listing = [entry for entry in listing if entry[0] >= request.get("NextToken", "")]
    limit = request.get("MaxRecords", RECORDS_PER_PAGE)
    shown = {f"{kind}s": [alarm for _, of, alarm in listing[:limit] if of == kind] for kind in stores}
    return shown | {"NextToken": listing[limit][0] if len(listing) > limit else None}


def _related(request: Plain) -> set[str] | None:
    """The names that ChildrenOfAlarmName or ParentsOfAlarmName leave, or None when neither is asked for."""
    composites = emulator.COMPOSITE_ALARMS.values()
    if child := request.get("ParentsOfAlarmName"):
        return {parent["AlarmName"] for parent in composites if child in emulator.composite_children(parent)}
    if parent := request.get("ChildrenOfAlarmName"):
        return set(emulator.composite_children(find(parent) or {}))
    return None


def _matches(alarm: Plain, request: Plain) -> bool:
    names, action = request.get("AlarmNames"), request.get("ActionPrefix", "")
    actions = [
        arn for name in ("OKActions", "AlarmActions", "InsufficientDataActions") for arn in alarm.get(name) or []
    ]
    return (
        (not names or alarm["AlarmName"] in names)
        and alarm["AlarmName"].startswith(request.get("AlarmNamePrefix", ""))
        and request.get("StateValue") in (None, alarm["StateValue"])
        and (not action or any(arn.startswith(action) for arn in actions))
    )


def describe_alarms_for_metric(request: Plain) -> Plain:
    """The alarms without metric math that watch exactly this metric."""
    wanted = parse_dimensions(request.get("Dimensions"))
    members = ("Statistic", "ExtendedStatistic", "Period", "Unit")
    return {
        "MetricAlarms": [
            alarm
            for alarm in emulator.METRIC_ALARMS.values()
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (request["Namespace"], request["MetricName"])
            and parse_dimensions(alarm.get("Dimensions")) == wanted
            and all(request.get(member) in (None, alarm.get(member)) for member in members)
        ]
    }
