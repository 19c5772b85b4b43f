"""Everything that happened in one simulated world, in order: what the invariants are asked about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from canary.core.decision import Decision, Observation
from canary.core.ledger import LedgerEntry
from canary.core.model import AlarmState, AliasRouting, RolloutId, Verdict, worst_of
from canary.core.rollout import Rollout
from tests.simulation.faults import Fault, Injected

HAND = "a hand"
"""Who writes an alias without being one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A release that became a rollout."""

    at: float
    rollout: Rollout

    def __str__(self) -> str:
        return f"{self.rollout.id} is open: {self.rollout.plan}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """An alias that changed, by one of ours or by a hand; None where it does not exist."""

    at: float
    by: str
    resource: str
    before: AliasRouting | None
    after: AliasRouting | None

    @property
    def is_ours(self) -> bool:
        """Whether one of our processes wrote it."""
        return self.by != HAND

    def __str__(self) -> str:
        return f"{self.resource} is now {self.after} (it was {self.before}), by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """An alias write as it was asked of AWS, in a tick that began then, whatever came of it."""

    at: float
    began: float
    by: str
    tick: int
    resource: str
    routing: AliasRouting

    def __str__(self) -> str:
        return f"{self.by} asks {self.resource} to become {self.routing} over {self.routing.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A state that the store keeps, and the one that it replaced."""

    at: float
    by: str
    before: Rollout
    after: Rollout
    entries: tuple[LedgerEntry, ...]

    def __str__(self) -> str:
        told = "".join(f"\n             {e.number} {e.kind} by {e.by}: {e.reason}" for e in self.entries)
        return f"{self.after.id} state {self.after.number}: {self.after.phase} {self.after.weight}, by {self.by}{told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the real `reconcile` made of one look, whatever was done with it."""

    at: float
    by: str
    tick: int
    rollout: Rollout
    seen: Observation
    decision: Decision

    @property
    def is_failed(self) -> bool:
        """Whether this look, or one before it, failed the release."""
        alarmed = any(reading.state is AlarmState.ALARM for reading in self.seen.alarms)
        failed = any(result.verdict is Verdict.FAIL for result in self.decision.results)
        is_open = not self.rollout.phase.is_terminal
        return is_open and (alarmed or failed or self.decision.rollout.failure is not None)

    @property
    def verdict(self) -> Verdict:
        """The worst of the answers to this look."""
        return worst_of(*(result.verdict for result in self.decision.results))

    def __str__(self) -> str:
        shown = ", ".join(str(target.routing) for target in self.seen.targets)
        wanted = self.decision.rollout
        return f"{self.by} sees {wanted.id} at {shown}: {self.verdict}, {wanted.phase} {wanted.weight}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """A tick that came to its end; `troubled` are the aliases whose API gave no answer or not the truth."""

    at: float
    began: float
    by: str
    tick: int
    troubled: frozenset[str]

    def __str__(self) -> str:
        return f"{self.by} ends tick {self.tick}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """A process that lost its memory."""

    at: float
    by: str

    def __str__(self) -> str:
        return f"{self.by} dies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """All rollouts stand still from now until then."""

    at: float
    until: float

    def __str__(self) -> str:
        return f"all rollouts are stopped until {self.until:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprised:
    """An exception that nothing promises."""

    at: float
    by: str
    error: str

    def __str__(self) -> str:
        return f"{self.by} raises {self.error}"


Event = Opened | Wrote | Attempted | Committed | Decided | Ticked | Died | Stopped | Surprised
E = TypeVar("E", Opened, Wrote, Attempted, Committed, Decided, Ticked, Died, Stopped, Surprised)
Trace = Callable[[float, str], None]


@dataclass
class Record:
    """All events so far, and the faults that were injected meanwhile."""

    trace: Trace | None = None
    events: list[Event] = field(default_factory=list)
    injected: Injected = field(default_factory=Injected)
    unfinished: tuple[RolloutId, ...] = ()
    ended_at: float = 0.0

    def note(self, event: Event) -> None:
        """Keeps an event."""
        self.events.append(event)
        if self.trace is not None:
            self.trace(event.at, str(event))

    def inject(self, fault: Fault, at: float, whom: str) -> None:
        """Counts a fault."""
        self.injected[fault] += 1
        if self.trace is not None:
            self.trace(at, f"! {whom}: {fault}")

    def all_of(self, kind: type[E]) -> Sequence[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def opened(self) -> tuple[Rollout, ...]:
        """Every rollout as it was opened."""
        return tuple(event.rollout for event in self.all_of(Opened))

    def latest(self, rollout_id: RolloutId) -> Rollout:
        """The rollout as the store keeps it at the end."""
        states = [event.after for event in self.all_of(Committed) if event.after.id == rollout_id]
        return states[-1] if states else next(rollout for rollout in self.opened() if rollout.id == rollout_id)

    def ledger(self, rollout_id: RolloutId) -> list[LedgerEntry]:
        """Every entry that was committed, in order; the opening's own stands first."""
        return [entry for event in self.all_of(Committed) if event.after.id == rollout_id for entry in event.entries]
