"""The first rule: a version whose verdict failed keeps traffic for no longer than two ticks of a reachable AWS."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from canary.core.model import Phase
from canary.core.rollout import Rollout
from tests.simulation.cloud import CANARY
from tests.simulation.record import Committed, Decided, Died, Event, Record, Ticked, Wrote

TICKS_TO_LEAVE = 2


def a_failed_version_leaves_within_two_ticks(record: Record) -> Iterator[tuple[float, str]]:
    """Counted for each alias are the ticks of a living process that knows of the failure, by itself or by the store, in
    which that alias's API answered, and with the truth. A hand that writes the alias starts its count anew. What only
    a process knew that has died must be seen again. What was promoted meanwhile must be undone, for which the store and
    the old version must answer as well.
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
    stored_at: float | None = None
    deciding: set[tuple[str, int]] = field(default_factory=set)
    is_serving: bool = False
    since: float = 0.0
    ticks: int = 0
    is_over: bool = False
    is_promoted: bool = False

    def see(self, event: Event) -> None:
        match event:
            case Decided(rollout=known) if known.id == self.rollout.id:
                self.deciding.add((event.by, event.tick))
                if event.is_failed:
                    self.knowing.add(event.by)
            case Committed(after=after) if after.id == self.rollout.id:
                self.stored_at = None if after.failure is None else (self.stored_at or event.at)
                self.is_promoted = after.phase is Phase.PROMOTED
                self.is_over = after.phase in (Phase.ROLLED_BACK, Phase.ABORTED) or after.undone is not None
            case Died(by=by):
                self._forget(by)
            case Wrote(resource=self.resource):
                self._written(event)
            case Ticked() if self._counts(event):
                self.ticks += 1

    def told(self) -> str:
        """Why the rule is broken."""
        known = "the store" if self.stored_at is not None else ", ".join(sorted(self.knowing))
        return f"{self.rollout.id} failed, as {known} knows, and is still served by {self.resource}"

    def _counts(self, event: Ticked) -> bool:
        was_read = self.stored_at is not None and event.began >= self.stored_at
        knows = event.by in self.knowing or (was_read and (event.by, event.tick) in self.deciding)
        needed = {self.resource, *(("store", "router") if self.is_promoted else ())}
        answered = event.began >= self.since and needed.isdisjoint(event.troubled)
        return knows and answered and self.is_serving and not self.is_over

    def _forget(self, process: str) -> None:
        self.knowing.discard(process)
        if not self.knowing and self.stored_at is None:
            self.ticks = 0

    def _written(self, event: Wrote) -> None:
        was_serving = self.is_serving
        self.is_serving = event.after is not None and CANARY in event.after.shares()
        if not event.is_ours or not was_serving:
            self.since, self.ticks = event.at, 0
