"""What can go wrong, how often it does in one simulated world, and how often it did."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Fault(StrEnum):
    """Everything that is injected, by the words in which it is counted."""

    CRASH_BEFORE = "crash before a call"
    CRASH_AFTER = "crash after a call"
    THROTTLED = "throttled: no effect, no answer"
    DENIED = "access denied for one call"
    TIMED_OUT = "timed out although it was done"
    LANDED_LATE = "timed out and was done later"
    REFUSED = "412 although nobody else wrote"
    REFUSED_AFTER_DONE = "412 for a write that was done"
    STALE_READ = "stale read of an alias"
    STALLED = "process stood still in a call"
    STORE_DOWN = "call while the store was down"
    ALIASES_DOWN = "call while the alias API was down"
    WATCH_DOWN = "call while CloudWatch was down"
    HOOKS_DOWN = "call while hooks gave no answer"
    WRITES_DOWN = "write while nothing could be written"
    METRIC_LOST = "metric period lost"
    METRIC_LATE = "metric period late"
    METRIC_DOUBLED = "metric period doubled, then revised"
    ALARM_FALSE = "alarm without a cause"
    ALARM_BLINKED = "alarm seen ringing once"
    EVENT = "alarm event"
    EVENT_DOUBLED = "alarm event doubled"
    EVENT_LATE = "alarm event late or out of order"
    CLOCK_SKEWED = "clock off by up to 2 min"
    CLOCK_JUMPED = "clock jumped, also backwards"
    HAND_LOWERED = "hand lowered a weight"
    HAND_RAISED = "hand raised a weight"
    HAND_PROMOTED = "hand promoted the candidate"
    HAND_REPOINTED = "hand pointed an alias elsewhere"
    HAND_DELETED = "hand deleted an alias"
    HAND_RECREATED = "hand deleted and made an alias anew"
    HAND_TOUCHED = "hand wrote an alias as it was"
    ORDER_PAUSE = "order: pause"
    ORDER_RESUME = "order: resume"
    ORDER_SKIP = "order: skip"
    ORDER_PROMOTE = "order: promote"
    ORDER_PROMOTE_FULL = "order: promote in full"
    ORDER_APPROVE = "order: approve"
    ORDER_ABORT = "order: abort"
    ORDER_UNDO = "order: undo"
    ORDER_STOP = "order: stop all rollouts for a while"


HANDS: Final = tuple(fault for fault in Fault if fault.name.startswith("HAND_"))
ORDERS: Final = tuple(fault for fault in Fault if fault.name.startswith("ORDER_") and fault is not Fault.ORDER_UNDO)
"""What a person may order of a rollout in progress."""

_OF_ANY_CALL: Final = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.THROTTLED, Fault.DENIED, Fault.STALLED)
_OF_WRITES: Final = (Fault.TIMED_OUT, Fault.LANDED_LATE)
_OF_GUARDED_WRITES: Final = (Fault.REFUSED, Fault.REFUSED_AFTER_DONE)
WRITES: Final = ("write_routing", "commit", "open_rollout", "take_lease", "put_guards", "remove_guards")
GUARDED_WRITES: Final = ("write_routing", "commit")
OF_CALLS: Final = (*_OF_ANY_CALL, *_OF_WRITES, *_OF_GUARDED_WRITES, Fault.STALE_READ, Fault.ALARM_BLINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An interval, in seconds, in which one port gives no answer, or no write does."""

    fault: Fault
    begins: float
    ends: float


OUTAGE_OF: Final[dict[str, Fault]] = {
    "store": Fault.STORE_DOWN,
    "router": Fault.ALIASES_DOWN,
    "metrics": Fault.WATCH_DOWN,
    "alarms": Fault.WATCH_DOWN,
    "hooks": Fault.HOOKS_DOWN,
    "orders": Fault.STORE_DOWN,
}


OUTAGES: Final = (*sorted(set(OUTAGE_OF.values())), Fault.WRITES_DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How often what goes wrong: `rates` are probabilities a call (or metric period) until `calm_at` seconds.

    Each world has some kinds of faults and lacks others (swarm testing, Groce et al. 2012): what one kind hides,
    another world shows.
    """

    rates: dict[Fault, float]
    outages: tuple[Outage, ...]
    calm_at: float

    def is_down(self, port: str, method: str, at: float) -> Fault | None:
        """Why the call gets no answer, if it gets none."""
        faults = (OUTAGE_OF.get(port), Fault.WRITES_DOWN if method in WRITES else None)
        return next((o.fault for o in self.outages if o.fault in faults and o.begins <= at < o.ends), None)

    def struck(self, method: str, at: float, rng: Random) -> Fault | None:
        """The fault that befalls one call, if one does."""
        if at >= self.calm_at:
            return None
        chance = rng.random()
        for fault in _possible(method):
            chance -= self.rates.get(fault, 0.0)
            if chance < 0:
                return fault
        return None


def _possible(method: str) -> tuple[Fault, ...]:
    return _POSSIBLE.get(method, _OF_ANY_CALL)


_POSSIBLE: Final = {
    **dict.fromkeys(WRITES, (*_OF_ANY_CALL, *_OF_WRITES)),
    "open_rollout": (*_OF_ANY_CALL, Fault.TIMED_OUT),
    **dict.fromkeys(GUARDED_WRITES, (*_OF_ANY_CALL, *_OF_WRITES, *_OF_GUARDED_WRITES)),
    "read_routing": (*_OF_ANY_CALL, Fault.STALE_READ),
    "read_alarms": (*_OF_ANY_CALL, Fault.ALARM_BLINKED),
}


Injected = Counter[Fault]
