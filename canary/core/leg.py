"""One target of a rollout on its way: what its alias should show, what it showed, and what its traffic has shown."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from canary.core.evidence import Evidence
from canary.core.ledger import CountsByVersion
from canary.core.model import NO_TRAFFIC, AliasRouting, MetricWindow, RevisionId, Target, Weight


class MetricPath(StrEnum):
    """Where counts come from: the function's own one-second metrics, or Lambda's standard one-minute metrics."""

    EMF = "emf"
    LAMBDA = "lambda"

    @property
    def period(self) -> timedelta:
        """The length of one metric period, and so of one tick of the judge."""
        return timedelta(seconds=10) if self is MetricPath.EMF else timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathEvidence:
    """What one metric path has shown of one target."""

    path: MetricPath
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One target on its way: `base` is the routing last seen as ours, `asked` the routing it should have.

    `paths` names at least one metric path; the requests of a step are counted by the first.
    `superseded` holds revisions that we have seen replaced, so that a stale read is not taken for a foreign hand.
    `floor` is the number of canary requests that came before the current step.
    `left` is what was asked when the way back began.
    """

    target: Target
    base: AliasRouting
    asked: AliasRouting
    paths: tuple[PathEvidence, ...]
    superseded: tuple[RevisionId, ...] = ()
    floor: int | None = None
    left: AliasRouting | None = None

    _MEMORY = 8

    def asking(self, routing: AliasRouting) -> Self:
        """The leg when another routing is wanted."""
        return replace(self, asked=routing, floor=None)

    def leaving(self) -> Self:
        """The leg when its alias shall serve the stable version alone."""
        return replace(self.asking(AliasRouting(stable=self.target.stable)), left=self.left or self.asked)

    def settled(self, seen: AliasRouting) -> Self:
        """The leg when `seen` shows what was asked; an old answer teaches nothing."""
        if seen == self.base or self.is_stale(seen):
            return self
        gone = (*self.superseded, self.base.revision)[-Leg._MEMORY :] if seen.revision != self.base.revision else ()
        return replace(self, base=seen, superseded=gone or self.superseded)

    def has_arrived(self, seen: AliasRouting) -> bool:
        """Whether the alias shows exactly what was asked."""
        return _written(seen) == _written(self.asked)

    def serves_all(self, seen: AliasRouting) -> bool:
        """Whether the alias sends everything to the canary, as its main version or not."""
        return list(seen.shares()) == [self.target.canary]

    def is_settled(self) -> bool:
        """Whether what was asked has been seen."""
        return self.has_arrived(self.base)

    def is_waiting(self, seen: AliasRouting) -> bool:
        """Whether nobody has written the alias since the routing was asked for."""
        return seen.revision == self.base.revision and _written(seen) == _written(self.base)

    def is_stale(self, seen: AliasRouting) -> bool:
        """Whether `seen` is an old answer of an eventually consistent read."""
        return seen.revision in self.superseded

    def is_unproven(self) -> bool:
        """Whether a write was asked for, and not seen yet, when the way back began.

        It may still be on its way, or the last read was stale. Writing once more over `base` proves which, and outruns
        it.
        """
        return self.left is not None and _written(self.left) != _written(self.base)

    def is_own(self, seen: AliasRouting) -> bool:
        """Whether `seen` is what we made of the alias before the way back began."""
        was_seen = seen.revision in (self.base.revision, *self.superseded)
        return was_seen or (self.left is not None and _written(seen) == _written(self.left))

    def counts(self) -> CountsByVersion:
        """The requests of both versions since the first shift, by the path that saw most of the canary's."""
        stable, canary = max((path.evidence.totals() for path in self.paths), key=lambda totals: totals[1].requests)
        return CountsByVersion(resource=self.target.resource, stable=stable, canary=canary)

    def requests(self) -> int:
        """The canary's requests since the first shift, on the path that the step's requests are counted by."""
        return self.paths[0].evidence.totals()[1].requests

    def requests_in_step(self) -> int:
        """The canary's requests since the current step's weight was seen on the alias."""
        return 0 if self.floor is None else self.requests() - self.floor

    def knowing(self, index: int, evidence: PathEvidence) -> Self:
        """The leg with newer evidence on one of its paths."""
        return replace(self, paths=(*self.paths[:index], evidence, *self.paths[index + 1 :]))


def _written(routing: AliasRouting) -> tuple[str, str | None, Weight]:
    """What an alias write sets: an entry of weight 0 is the same as none."""
    return (routing.stable, routing.canary if routing.weight > NO_TRAFFIC else None, routing.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightChange:
    """The interval in which the weight changed, from asking to the first sight of it on every alias."""

    asked_at: datetime
    seen_at: datetime | None = None

    def overlaps(self, window: MetricWindow) -> bool:
        """Whether requests of the window may have been routed by either weight."""
        return window.end > self.asked_at and (self.seen_at is None or window.start < self.seen_at)
