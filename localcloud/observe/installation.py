"""Connects this CloudWatch with ministack."""

import time
from collections.abc import Mapping

from localcloud.observe import emulator
from localcloud.observe.alarms.book import change_composite
from localcloud.observe.alarms.clock import AlarmClock
from localcloud.observe.log_metrics import watching_put_log_events
from localcloud.observe.metrics import all_stores, current_store
from localcloud.observe.queue_metrics import sample_queues
from localcloud.observe.service import CloudWatch
from localcloud.observe.settings import ObserveSettings
from localcloud.observe.store import metric_id


def put_in_place(settings: ObserveSettings) -> None:
    """Replaces ministack's CloudWatch and starts the alarm evaluator; see `localcloud.observe.install`."""
    clock = AlarmClock(settings.speed, sample_queues)
    emulator.take_over(
        handle_request=CloudWatch(clock.wake).handle_request,
        record_metric=record_metric,
        change_composite=change_composite,
        alarm_changed=lambda _alarm: clock.wake(),
        forget_metrics=forget_metrics,
        around_put_log_events=watching_put_log_events,
    )
    clock.start()


def record_metric(
    namespace: str, metric_name: str, value: float, unit: str = "None", dimensions: Mapping[str, str] | None = None
) -> None:
    """Counts what another service of ministack measures."""
    current_store().record(metric_id(namespace, metric_name, dimensions), float(value), at=time.time(), unit=unit)


def forget_metrics() -> None:
    """Empties every store, as a reset of the cloud does."""
    for store in all_stores():
        store.clear()
