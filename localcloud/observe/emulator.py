"""Everything of ministack that this package reads, calls or replaces: what a new release of it may break."""
# ruff: noqa: SLF001 - ministack has no public interface for what lies behind its HTTP one

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import uuid4

from ministack.core import responses
from ministack.services import cloudwatch, cloudwatch_logs, eventbridge, lambda_svc, sns, sqs

from localcloud.observe.model import Plain

Handler = Callable[
    [str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[tuple[int, dict[str, str], bytes]]
]

METRIC_ALARMS: Final[MutableMapping[str, Plain]] = cloudwatch._alarms
"""Stored metric alarms of the current account and region; CloudFormation writes here, AppConfig reads."""
COMPOSITE_ALARMS: Final[MutableMapping[str, Plain]] = cloudwatch._composite_alarms
ALARM_TAGS: Final[MutableMapping[str, dict[str, str]]] = cloudwatch._resource_tags

LogWriter = Callable[[Plain], tuple[int, dict[str, str], bytes]]
_original_reset: Final[Callable[[], None]] = cloudwatch.reset
original_handler: Final[Handler] = cloudwatch.handle_request
"""ministack's CloudWatch, for the operations that are not answered here."""


def account() -> str:
    """The account of the current request."""
    return str(responses.get_account_id())


def region() -> str:
    """The region of the current request."""
    return str(responses.get_region())


def request_scope(of_account: str, of_region: str) -> AbstractContextManager[None]:
    """Makes an account and a region the current ones."""
    scope: AbstractContextManager[None] = responses.request_scope(of_account, of_region)
    return scope


def replace(**parts: Callable[..., object]) -> None:
    """Puts `parts` in the place of ministack's CloudWatch functions of those names."""
    for name, part in parts.items():
        if not hasattr(cloudwatch, name):
            raise AttributeError(f"ministack's CloudWatch has no {name}: this version is not the pinned one")
        setattr(cloudwatch, name, part)


def replace_put_log_events(wrap: Callable[[LogWriter], LogWriter]) -> None:
    """Wraps what stores the events of a PutLogEvents request."""
    cloudwatch_logs._put_log_events = wrap(cloudwatch_logs._put_log_events)


def reset_metrics() -> None:
    """Clears what ministack itself holds of CloudWatch."""
    _original_reset()


def scoped_alarms() -> list[tuple[str, str, Plain]]:
    """(account, region, stored alarm) of every metric alarm there is."""
    return [
        (of_account, of_region, alarm) for (of_account, of_region, _), alarm in list(cloudwatch._alarms._data.items())
    ]


def scoped_queues() -> list[tuple[str, str, Plain]]:
    """(account, region, stored queue) of every SQS queue there is."""
    return [(of_account, of_region, queue) for (of_account, of_region, _), queue in list(sqs._queues._data.items())]


def alarm_history() -> list[Plain]:
    """The history items of the current account and region, oldest first."""
    entries: list[Plain] = cloudwatch._history_entries()
    return entries


def composite_children(alarm: Plain) -> list[str]:
    """The names of the alarms in a composite alarm's rule."""
    names: list[str] = cloudwatch._composite_children(alarm)
    return names


def forget_triggers(name: str) -> None:
    """Forgets which children changed since the composite alarm `name` last did."""
    cloudwatch._composite_triggers.pop(name, None)


def evaluate_composites_above(alarm: Plain, seen: Iterable[str]) -> None:
    """Evaluates the composite alarms whose rule names `alarm`, except those in `seen`."""
    cloudwatch._evaluate_parent_alarms(alarm, frozenset(seen))


def put_event(detail_type: str, detail: Plain, resource: str) -> None:
    """Puts an event of CloudWatch on the default bus."""
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": [resource],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def notify(topic: str, subject: str, message: str) -> bool:
    """Publishes to an SNS topic; False when it does not exist."""
    if sns._topic_by_arn_any_scope(topic) is None:
        return False
    sns._fanout(topic, str(uuid4()), message, subject)
    return True


def invoke(function: str, event: Plain) -> bool:
    """Invokes a Lambda function, version or alias by its ARN, asynchronously; False when it does not exist."""
    found, _, _ = lambda_svc._get_func_record_for_ref(function)
    if found:
        eventbridge._dispatch_to_lambda(function, json.dumps(event))
    return bool(found)


def metric_filters(log_group: str) -> list[Plain]:
    """The metric filters of a log group."""
    return [found for (group, _), found in cloudwatch_logs._metric_filters.items() if group == log_group]
