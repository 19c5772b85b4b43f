"""What this package reads, calls or replaces in ministack, in the words of CloudWatch.

`SEAMS` lists every place, for the start-up fingerprint.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import uuid4

from localcloud import seams
from localcloud.observe.model import Plain
from localcloud.seams import Seam

Handler = Callable[
    [str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[tuple[int, dict[str, str], bytes]]
]
LogWriter = Callable[[Plain], tuple[int, dict[str, str], bytes]]

_CLOUDWATCH: Final = "ministack.services.cloudwatch"
_EVENTS: Final = "ministack.services.eventbridge"
_SNS: Final = "ministack.services.sns"

_handle_request: Final = Seam(module=_CLOUDWATCH, name="handle_request")
_record_metric: Final = Seam(module=_CLOUDWATCH, name="record_metric")
_reset: Final = Seam(module=_CLOUDWATCH, name="reset")
_transition_composite: Final = Seam(module=_CLOUDWATCH, name="_transition_composite")
_evaluate_alarm: Final = Seam(module=_CLOUDWATCH, name="_evaluate_alarm")
_put_log_events: Final = Seam(module="ministack.services.cloudwatch_logs", name="_put_log_events")

_alarms: Final = Seam(module=_CLOUDWATCH, name="_alarms")
_composites: Final = Seam(module=_CLOUDWATCH, name="_composite_alarms")
_tags: Final = Seam(module=_CLOUDWATCH, name="_resource_tags")
_triggers: Final = Seam(module=_CLOUDWATCH, name="_composite_triggers")
_history: Final = Seam(module=_CLOUDWATCH, name="_history_entries")
_children: Final = Seam(module=_CLOUDWATCH, name="_composite_children")
_evaluate_parents: Final = Seam(module=_CLOUDWATCH, name="_evaluate_parent_alarms")
_metric_filters: Final = Seam(module="ministack.services.cloudwatch_logs", name="_metric_filters")
_queues: Final = Seam(module="ministack.services.sqs", name="_queues")
_put_events: Final = Seam(module=_EVENTS, name="_put_events")
_to_lambda: Final = Seam(module=_EVENTS, name="_dispatch_to_lambda")
_function: Final = Seam(module="ministack.services.lambda_svc", name="_get_func_record_for_ref")
_topic: Final = Seam(module=_SNS, name="_topic_by_arn_any_scope")
_fan_out: Final = Seam(module=_SNS, name="_fanout")

SEAMS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Seam))

METRIC_ALARMS: Final[MutableMapping[str, Plain]] = _alarms.value
"""Stored metric alarms of the current account and region; CloudFormation writes here, AppConfig reads."""
COMPOSITE_ALARMS: Final[MutableMapping[str, Plain]] = _composites.value
ALARM_TAGS: Final[MutableMapping[str, dict[str, str]]] = _tags.value

original_handler: Final[Handler] = _handle_request.value
"""ministack's CloudWatch, for the operations that are not answered here."""


def take_over(
    *,
    handle_request: Handler,
    record_metric: Callable[..., None],
    change_composite: Callable[..., None],
    alarm_changed: Callable[[Plain], None],
    forget_metrics: Callable[[], None],
    around_put_log_events: Callable[[LogWriter], LogWriter],
) -> None:
    """Puts these in the place of ministack's own; see `installation` for what each does."""
    _handle_request.replace(handle_request)
    _record_metric.replace(record_metric)
    _transition_composite.replace(change_composite)
    _evaluate_alarm.replace(alarm_changed)
    _reset.wrap(lambda reset: _both(forget_metrics, reset))
    _put_log_events.wrap(around_put_log_events)


def _both(first: Callable[[], None], then: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        first()
        then()

    return run


def account() -> str:
    """The account of the current request."""
    return str(seams.account())


def region() -> str:
    """The region of the current request."""
    return str(seams.region())


def request_scope(of_account: str, of_region: str) -> AbstractContextManager[None]:
    """Makes an account and a region the current ones."""
    scope: AbstractContextManager[None] = seams.request_scope(of_account, of_region)
    return scope


def scoped_alarms() -> list[tuple[str, str, Plain]]:
    """(account, region, stored alarm) of every metric alarm there is."""
    return _everywhere(_alarms)


def scoped_queues() -> list[tuple[str, str, Plain]]:
    """(account, region, stored queue) of every SQS queue there is."""
    return _everywhere(_queues)


def _everywhere(store: Seam) -> list[tuple[str, str, Plain]]:
    return [(of_account, of_region, item) for (of_account, of_region, _), item in store.value.to_dict().items()]


def alarm_history() -> list[Plain]:
    """The history items of the current account and region, oldest first."""
    entries: list[Plain] = _history()
    return entries


def composite_children(alarm: Plain) -> list[str]:
    """The names of the alarms in a composite alarm's rule."""
    names: list[str] = _children(alarm)
    return names


def forget_triggers(name: str) -> None:
    """Forgets which children changed since the composite alarm `name` last did."""
    _triggers.value.pop(name, None)


def evaluate_composites_above(alarm: Plain, seen: Iterable[str]) -> None:
    """Evaluates the composite alarms whose rule names `alarm`, except those in `seen`."""
    _evaluate_parents(alarm, frozenset(seen))


def put_event(detail_type: str, detail: Plain, resource: str) -> None:
    """Puts an event of CloudWatch on the default bus."""
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": [resource],
    }
    _put_events({"Entries": [entry]}, allow_aws_source=True)


def notify(topic: str, subject: str, message: str) -> bool:
    """Publishes to an SNS topic; False when it does not exist."""
    if _topic(topic) is None:
        return False
    _fan_out(topic, str(uuid4()), message, subject)
    return True


def invoke(function: str, event: Plain) -> bool:
    """Invokes a Lambda function, version or alias by its ARN, asynchronously; False when it does not exist."""
    found, _, _ = _function(function)
    if found:
        _to_lambda(function, json.dumps(event))
    return bool(found)


def metric_filters(log_group: str) -> list[Plain]:
    """The metric filters of a log group."""
    return [found for (group, _), found in _metric_filters.value.items() if group == log_group]
