"""The same controller inside AWS: ticked by a schedule, and at once by an alarm that goes off.

Environment: ``CANARY_STORE`` names the table of rollouts, ``CANARY_NOTIFY`` where notices go (destinations separated by
commas, see `canary.core.destination`). The function's event is one of

- an EventBridge schedule (any event without a ``detail-type`` of its own): ticks every open rollout every ten seconds,
  until shortly before the invocation's time is over or nothing is open;
- a "CloudWatch Alarm State Change": ticks at once the rollouts that this alarm guards;
- ``{"rollout": "r-..."}``: ticks that rollout once;
- ``{"abort": "r-...", "by": "...", "why": "..."}``: takes that rollout back, or every open one with ``"abort": "all"``.
  Who may only call this function can do no more than that.
"""

import os
import random
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final, Protocol

from canary.controller import Tick
from canary.core.errors import CanaryError
from canary.core.model import RolloutId
from canary.wiring import Wired, connect_clients, wire

PACE: Final = timedelta(seconds=10)
MINUTE_MS: Final = 60_000
RESERVE_MS: Final = 8_000
"""Time left at which no further look is begun: the next invocation takes over."""
HOOKS_WITHIN: Final = timedelta(seconds=2)
"""How long one invocation waits for on-rollback hooks; the next asks again."""
NOTICES_WITHIN: Final = timedelta(seconds=5)
ALARM_EVENT: Final = "CloudWatch Alarm State Change"


class Context(Protocol):
    """What this handler needs of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended."""
        ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, object]:
    """What was ticked, and where it stands."""
    wired = _wired(os.environ["CANARY_STORE"])
    try:
        return _woken(wired, event, context)
    finally:
        wired.controller.aftermath.conclude(HOOKS_WITHIN)
        wired.world.notifier.finish(NOTICES_WITHIN)  # once this returns, Lambda freezes every thread


def _woken(wired: Wired, event: Mapping[str, Any], context: Context) -> dict[str, object]:
    if "abort" in event:
        return _answer(_abort(wired, event))
    if "rollout" in event:
        return _answer([_tick(wired, RolloutId(event["rollout"]))])
    if event.get("detail-type") == ALARM_EVENT:
        return _answer(_tick_guarded(wired, event["detail"]["alarmName"]))
    return _answer(_tick_through(wired, context))


def _tick_through(wired: Wired, context: Context) -> list[Tick]:
    """Ticks everything that is open at an even pace; returns the last round.

    In any order: of so many that the invocation's time ends in the middle of a round, other ones come last in the next.
    """
    ticks: list[Tick] = []
    until = time.monotonic() + (min(context.get_remaining_time_in_millis(), MINUTE_MS) - RESERVE_MS) / 1000
    while rollout_ids := wired.controller.list_open():
        began = time.monotonic()
        ticks = list(wired.controller.tick_all(random.sample(rollout_ids, len(rollout_ids))))
        rest = PACE.total_seconds() - (time.monotonic() - began)
        if time.monotonic() + max(rest, 0) > until:
            break
        wired.world.clock.sleep(timedelta(seconds=max(rest, 0)))
    return ticks


def _tick_guarded(wired: Wired, alarm: str) -> list[Tick]:
    """Ticks the rollouts that the alarm guards, twice: the second look sees the way back done."""
    guarded = wired.controller.list_guarded(alarm)
    if not guarded:
        return []
    wired.controller.tick_all(guarded)
    return list(wired.controller.tick_all(guarded))


def _abort(wired: Wired, event: Mapping[str, Any]) -> list[Tick]:
    """Orders it of each, whatever is refused of another, and ticks twice: the second look sees the way back done."""
    wanted = wired.controller.list_open() if event["abort"] == "all" else (RolloutId(event["abort"]),)
    by, why = str(event.get("by") or "a watchdog"), str(event.get("why") or "no reason was given")
    refused: CanaryError | None = None
    ordered = list[RolloutId]()
    for rollout_id in wanted:
        try:
            ordered.append(wired.controller.abort(rollout_id, by=by, why=why).id)
        except CanaryError as error:
            refused = error
    if refused is not None and not ordered:
        raise refused
    wired.controller.tick_all(ordered)
    return list(wired.controller.tick_all(ordered))


def _tick(wired: Wired, rollout_id: RolloutId) -> Tick:
    return wired.controller.tick(rollout_id)


def _answer(ticks: Sequence[Tick]) -> dict[str, object]:
    return {
        "rollouts": [
            {
                "rollout": tick.decision.rollout.id,
                "phase": tick.decision.rollout.phase.value,
                "weight_percent": tick.decision.rollout.weight.basis_points / 100,
                "trouble": _trouble(tick.trouble),
            }
            for tick in ticks
        ]
    }


def _trouble(trouble: CanaryError | None) -> str | None:
    return None if trouble is None else str(trouble)


@cache
def _wired(store: str) -> Wired:
    """Made once for each execution environment."""
    return wire(connect_clients(None), store, runs_commands=False)
