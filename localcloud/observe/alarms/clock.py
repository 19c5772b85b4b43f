"""The evaluator's thread: which alarm is due, and what its evaluation changes."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from localcloud.observe import emulator
from localcloud.observe.alarms.book import change_state
from localcloud.observe.alarms.evaluate import Evaluation, evaluate
from localcloud.observe.alarms.rule import State, alarm_rule
from localcloud.observe.metrics import all_stores, store_of
from localcloud.observe.model import Plain
from localcloud.observe.query import Timeline
from localcloud.observe.store import MINUTE

_log = logging.getLogger(__name__)
GRACE_SECONDS: Final = 0.5
"""How long after the end of a period it is evaluated, so that what was under way is counted."""

Key = tuple[str, str, str]


class AlarmClock:
    """Evaluates every metric alarm at the end of each of its steps, and a new one at once.

    Args:
        speed: Seconds of alarm time in one second.
        each_minute: Called at the end of each minute of alarm time, before the alarms.
        now: The time in epoch seconds.
    """

    def __init__(
        self, speed: float, each_minute: Callable[[float], None], now: Callable[[], float] = time.time
    ) -> None:
        self._speed = speed
        self._each_minute = each_minute
        self._now = now
        self._grace = min(GRACE_SECONDS, GRACE_SECONDS * 10 / speed)
        self._evaluated: dict[Key, tuple[int, float | None]] = {}
        self._minute = 0
        self._wake = Event()
        self._stopped = False
        self._thread = Thread(target=self._run, name="localcloud-alarms", daemon=True)

    def start(self) -> None:
        """Starts the thread; it ends with the process or with `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Has new and changed alarms evaluated now."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            step = self.tick()
            self._wake.wait(self._until_next(step))

    def _until_next(self, step: int) -> float:
        """Seconds until the end of the current step of alarm time, grace included."""
        at = self._now() - self._grace
        return max(((at * self._speed // step + 1) * step / self._speed) - at, 0.01)

    def tick(self) -> int:
        """Evaluates what is due; the shortest step of any alarm, in seconds of alarm time."""
        at = self._now() - self._grace
        minute = int(at * self._speed) // MINUTE
        if minute != self._minute:
            self._minute = minute
            for store in all_stores():
                store.compact(at)
            self._each_minute(at)
        alarms = emulator.scoped_alarms()
        self._forget(alarms)
        return min((self._attend(account, region, alarm, at) for account, region, alarm in alarms), default=MINUTE)

    def _forget(self, alarms: list[tuple[str, str, Plain]]) -> None:
        names = {(account, region, alarm["AlarmName"]) for account, region, alarm in alarms}
        for gone in self._evaluated.keys() - names:
            del self._evaluated[gone]

    def _attend(self, account: str, region: str, alarm: Plain, at: float) -> int:
        with emulator.request_scope(account, region):
            try:
                rule = alarm_rule(alarm)
                key = (account, region, rule.name)
                mark = (int(at * self._speed) // rule.step, alarm.get("AlarmConfigurationUpdatedTimestamp"))
                if self._evaluated.get(key) != mark:
                    self._evaluated[key] = mark
                    timeline = Timeline(store_of(account, region).read, self._speed)
                    _apply(alarm, evaluate(rule, timeline, State(alarm["StateValue"]), at))
            except Exception as error:  # noqa: BLE001 - one alarm must not stop the others; it shows on the alarm
                _log.exception("alarm %s was not evaluated", alarm.get("AlarmName"))
                alarm.update(EvaluationState="EVALUATION_FAILURE", StateReason=f"Evaluation failed: {error}"[:1023])
                return MINUTE
            return rule.step


def _apply(alarm: Plain, evaluation: Evaluation) -> None:
    if evaluation.failure:
        alarm.update(EvaluationState="EVALUATION_ERROR", StateReason=evaluation.failure)
        return
    alarm.pop("EvaluationState", None)
    if evaluation.state is not None and evaluation.state != alarm["StateValue"]:
        change_state(alarm, evaluation.state.value, evaluation.reason, evaluation.reason_data)
