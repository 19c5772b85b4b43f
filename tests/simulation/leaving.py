"""The first rule: a version whose verdict failed keeps traffic for no longer than two ticks of a reachable AWS."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from canary.core.model import Phase, RolloutId
from canary.core.rollout import Rollout
from tests.simulation.cloud import CANARY
from tests.simulation.record import Committed, Decided, Died, Event, Record, Ticked, Wrote

TICKS_TO_LEAVE = 2


def a_failed_version_leaves_within_two_ticks(record: Record) -> Iterator[tuple[float, str]]:
    """Counted are the ticks of a living process that knows of the failure, in which the API of every alias of the
    rollout answered, and with the truth. A hand that writes one of the aliases meanwhile starts the count anew. What
    only a process knew that has died must be seen again.
    """
    for rollout in record.opened():
        patience = _Patience(rollout)
        for event in record.events:
            patience.see(event)
            if (told := patience.is_exhausted(event)) is not None:
                yield event.at, told
                break


@dataclass
class _Patience:
    """How long a failed version of one rollout may still be served."""

    rollout: Rollout
    knowing: set[str] = field(default_factory=set)
    is_stored: bool = False
    deciding: set[tuple[str, int]] = field(default_factory=set)
    ticks: int = 0
    serving: set[str] = field(default_factory=set)
    is_over: bool = False

    def see(self, event: Event) -> None:
        match event:
            case Decided(rollout=known) if known.id == self.rollout.id and event.is_failed:
                self.knowing.add(event.by)
                self.deciding.add((event.by, event.tick))
            case Committed(after=after) if after.id == self.rollout.id:
                self.is_stored = self.is_stored or after.failure is not None
                self.is_over = after.phase is Phase.PROMOTED
            case Died(by=by):
                self._forget(by)
            case Wrote(resource=resource) if resource in self._resources():
                self._written(event)
            case Ticked() if (event.by, event.tick) in self.deciding and not event.troubled & self._resources():
                self.ticks += 1

    def is_exhausted(self, event: Event) -> str | None:
        """Why the rule is broken, after a tick."""
        if not isinstance(event, Ticked) or self.ticks < TICKS_TO_LEAVE or not self.serving:
            return None
        known = "the store" if self.is_stored else ", ".join(sorted(self.knowing))
        return f"{self.rollout.id} failed, as {known} knows, and is still served by {', '.join(sorted(self.serving))}"

    def _forget(self, process: str) -> None:
        self.knowing.discard(process)
        if not self.knowing and not self.is_stored:
            self.ticks = 0

    def _written(self, event: Wrote) -> None:
        if event.after is not None and CANARY in event.after.shares():
            self.serving.add(event.resource)
        else:
            self.serving.discard(event.resource)
        if not event.is_ours:
            self.ticks = 0

    def _resources(self) -> frozenset[str]:
        return frozenset(leg.target.resource for leg in self.rollout.legs)
