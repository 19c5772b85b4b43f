"""The first rule: a version whose verdict failed keeps traffic for no longer than two ticks of a reachable AWS."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from canary.core.rollout import Rollout
from tests.simulation.cloud import CANARY
from tests.simulation.record import Committed, Decided, Died, Event, Record, Ticked, Wrote

TICKS_TO_LEAVE = 2


def a_failed_version_leaves_within_two_ticks(record: Record) -> Iterator[tuple[float, str]]:
    """Counted for each alias are the ticks of a living process that knows of the failure, in which that alias's API
    answered, and with the truth, from their beginning on. A hand that writes the alias meanwhile starts its count anew.
    What only a process knew that has died must be seen again.
    """
    for rollout in record.opened():
        for leg in rollout.legs:
            patience = _Patience(rollout, leg.target.resource)
            for event in record.events:
                patience.see(event)
                if patience.ticks >= TICKS_TO_LEAVE and patience.is_serving:
                    yield event.at, patience.told()
                    break


@dataclass
class _Patience:
    """How long a failed version may still be served by one alias of a rollout."""

    rollout: Rollout
    resource: str
    knowing: set[str] = field(default_factory=set)
    is_stored: bool = False
    deciding: set[tuple[str, int]] = field(default_factory=set)
    is_serving: bool = False
    since: float = 0.0
    ticks: int = 0

    def see(self, event: Event) -> None:
        match event:
            case Decided(rollout=known) if known.id == self.rollout.id and event.is_failed:
                self.knowing.add(event.by)
                self.deciding.add((event.by, event.tick))
            case Committed(after=after) if after.id == self.rollout.id:
                self.is_stored = self.is_stored or after.failure is not None
            case Died(by=by):
                self._forget(by)
            case Wrote(resource=self.resource):
                self._written(event)
            case Ticked() if self._counts(event):
                self.ticks += 1

    def told(self) -> str:
        """Why the rule is broken."""
        known = "the store" if self.is_stored else ", ".join(sorted(self.knowing))
        return f"{self.rollout.id} failed, as {known} knows, and is still served by {self.resource}"

    def _counts(self, event: Ticked) -> bool:
        known = (event.by, event.tick) in self.deciding
        return known and self.is_serving and event.began >= self.since and self.resource not in event.troubled

    def _forget(self, process: str) -> None:
        self.knowing.discard(process)
        if not self.knowing and not self.is_stored:
            self.ticks = 0

    def _written(self, event: Wrote) -> None:
        was_serving = self.is_serving
        self.is_serving = event.after is not None and CANARY in event.after.shares()
        if not event.is_ours or not was_serving:
            self.since, self.ticks = event.at, 0
