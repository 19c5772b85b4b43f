"""Everything seen of the world at one instant, and everything decided at it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from canary.core.capacity import Warmth
from canary.core.hooks import HookReading
from canary.core.ledger import LedgerEntry
from canary.core.leg import MetricPath
from canary.core.model import AlarmReading, AliasName, AliasRouting, FunctionName, MetricResult, MetricWindow
from canary.core.rollout import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPath:
    """The metric periods read for one target on one path: ascending, contiguous, from where its evidence asked for."""

    path: MetricPath
    windows: tuple[MetricWindow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTarget:
    """One target as it was seen; no routing means that there is no such alias, or, by `unread`, why it is not known.

    `stable_unfit` and `canary_unfit` say why a version cannot serve, as far as that was asked.
    """

    routing: AliasRouting | None
    unread: str | None = None
    preview: AliasRouting | None = None
    stable_unfit: str | None = None
    canary_unfit: str | None = None
    paths: tuple[SeenPath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything seen at one instant; `targets` stand in the order of the rollout's legs.

    `blind` says why metrics or alarms could not be read; without it an empty window means that nothing was called.
    `warmth` is the provisioned concurrency of each candidate, where the release asks for it and its gate is open.
    `stopped` says who stopped all rollouts and why, or that this could not be read.
    """

    observed_at: datetime
    targets: tuple[SeenTarget, ...]
    alarms: tuple[AlarmReading, ...] = ()
    hooks: tuple[HookReading, ...] = ()
    blind: str | None = None
    stopped: str | None = None
    warmth: tuple[Warmth, ...] = ()

    @property
    def unread(self) -> str | None:
        """Why one of the aliases could not be read, if one could not."""
        return next((target.unread for target in self.targets if target.unread is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One alias write: `routing.revision` is the revision that it was decided on and that guards it."""

    function: FunctionName
    alias: AliasName
    routing: AliasRouting


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything decided at one instant.

    `route_first` is set where traffic goes to the stable version: no store, hook or notification may stand before that.
    """

    rollout: Rollout
    routes: tuple[Route, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    results: tuple[MetricResult, ...] = ()
    route_first: bool = False
    requeue_after: timedelta
