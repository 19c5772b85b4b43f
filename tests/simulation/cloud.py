"""The true state of aliases and rollouts, which no fault touches; only what a process hears of it is faulty."""

from collections.abc import Callable, Iterable, Sequence
from random import Random

from canary.core.ledger import LedgerEntry
from canary.core.model import AliasRouting, Phase, RolloutId, Version
from canary.core.rollout import Rollout
from canary.ports import RecordedWindows
from tests.fakes import FakeRouter, FakeStore
from tests.simulation.hub import Hub
from tests.simulation.record import HAND, Committed, Opened, Record, Wrote

STABLE, OTHER, CANARY = Version("1"), Version("2"), Version("3")
STALE_FOR_S = 60.0
"""How long after a write a read may still show what was there before it."""

Key = tuple[str, str]


class Aliases(FakeRouter):
    """Aliases that remember who wrote them and what they were."""

    def __init__(self, hub: Hub, record: Record) -> None:
        super().__init__()
        self.author = HAND
        self.before_change: Callable[[], None] = lambda: None
        self._hub = hub
        self._record = record
        self._past: dict[Key, list[tuple[float, AliasRouting | None]]] = {}

    def overwrite(self, function: str, alias: str, routing: AliasRouting) -> None:
        """A change, by `author`."""
        self.before_change()
        before = self.aliases.get((function, alias))
        super().overwrite(function, alias, routing)
        self._changed((function, alias), before)

    def delete(self, function: str, alias: str) -> None:
        """An alias that is no more."""
        self.before_change()
        self._changed((function, alias), self.aliases.pop((function, alias), None))

    def stale(self, function: str, alias: str, rng: Random) -> AliasRouting | None:
        """What the alias may have been a moment ago; what it is where it has not changed."""
        past = [was for at, was in self._past.get((function, alias), []) if self._hub.at - at <= STALE_FOR_S]
        return rng.choice(past) if past else self.aliases.get((function, alias))

    def _changed(self, key: Key, before: AliasRouting | None) -> None:
        if self._hub.at > 0:  # what is made before the simulation begins was never anything else
            self._past.setdefault(key, []).append((self._hub.at, before))
        resource = f"{key[0]}:{key[1]}"
        after = self.aliases.get(key)
        self._record.note(Wrote(at=self._hub.at, by=self.author, resource=resource, before=before, after=after))


class Store(FakeStore):
    """A store that tells what it keeps."""

    def __init__(self, hub: Hub, record: Record) -> None:
        super().__init__()
        self.author = HAND
        self.on_promotion: Callable[[RolloutId], None] = lambda _id: None
        self._hub = hub
        self._record = record

    def open_rollout(self, rollout: Rollout, entry: LedgerEntry) -> None:
        super().open_rollout(rollout, entry)
        self._record.note(Opened(at=self._hub.at, rollout=rollout))

    def commit(self, rollout: Rollout, entries: Sequence[LedgerEntry], windows: Sequence[RecordedWindows]) -> None:
        before = self.states[rollout.id]
        super().commit(rollout, entries, windows)
        told = tuple(entries)
        self._record.note(Committed(at=self._hub.at, by=self.author, before=before, after=rollout, entries=told))
        if rollout.phase is Phase.PROMOTED and before.phase is not Phase.PROMOTED:
            self.on_promotion(rollout.id)

    def all_ended(self) -> bool:
        """Whether every rollout that was opened has ended."""
        return all(rollout.phase.is_terminal for rollout in self.states.values())


def populate(aliases: Aliases, functions: Iterable[str]) -> None:
    """Functions with three Active versions, of which the first serves."""
    for function in functions:
        aliases.add(function, STABLE, OTHER, CANARY, live=STABLE, preview=STABLE)
