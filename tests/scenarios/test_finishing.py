"""T3, T5: the last flip, what must be true before it, and how it is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.controller import Controller
from canary.core.commands import order_pause, order_promotion, order_resumption
from canary.core.decision import Decision
from canary.core.errors import ConfigError
from canary.core.ledger import EntryKind, LedgerEntry
from canary.core.model import Phase, Weight
from canary.core.plan import Shift, Strategy
from canary.core.rollout import OnSilence, Policy, Rollout
from tests.fakes import Simulation
from tests.scenarios.test_rollouts import LIVE, written

Open = Callable[..., Rollout]
Watch = Callable[[Rollout], Rollout]


def ticked(simulation: Simulation, rollout: Rollout, until: Callable[[Rollout], bool], limit: int = 200) -> Rollout:
    controller = Controller(simulation.world, "test")
    for _ in range(limit):
        if until(simulation.store.states[rollout.id]):
            break
        controller.tick(rollout.id)
        simulation.clock.sleep(timedelta(seconds=10))
    return simulation.store.states[rollout.id]


def order(simulation: Simulation, rollout: Rollout, which: Callable[..., Decision], **settings: object) -> None:
    def ordered(rollout: Rollout, *, now: object) -> Decision:
        return which(rollout, by="amy", why="because", now=now, **settings)

    Controller(simulation.world, "amy").order(rollout.id, ordered)


def told(simulation: Simulation, rollout: Rollout, kind: EntryKind) -> list[LedgerEntry]:
    return [entry for entry in simulation.store.entries[rollout.id] if entry.kind is kind]


def unfit(simulation: Simulation, version: str, state: str | None) -> None:
    facts = simulation.router.versions.pop(("pay", version))
    if state is not None:
        simulation.router.versions["pay", version] = replace(facts, state=state)


def is_in_last_step(rollout: Rollout) -> bool:
    return rollout.is_last_step and rollout.reached_at is not None


@pytest.mark.parametrize("state", ["Failed", "Inactive", None])
def test_nothing_is_promoted_while_there_is_no_version_to_go_back_to(
    simulation: Simulation, opened: Open, watched: Watch, state: str | None
) -> None:
    rollout = ticked(simulation, opened(), is_in_last_step)
    facts = simulation.router.versions["pay", "1"]
    unfit(simulation, "1", state)
    held = ticked(simulation, rollout, lambda known: known.held is not None)

    assert held.held is not None
    assert held.held.startswith("no promotion without a version to go back to: version 1 of pay is ")
    simulation.router.versions["pay", "1"] = facts
    assert watched(rollout).phase is Phase.PROMOTED


def test_a_candidate_that_cannot_serve_any_more_goes_back(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = ticked(simulation, opened(), is_in_last_step)
    unfit(simulation, "2", "Failed")

    ended = watched(rollout)

    assert (ended.phase, simulation.router.aliases[LIVE].stable) == (Phase.ROLLED_BACK, "1")
    assert ended.failure == "the candidate cannot serve: version 2 of pay is Failed, not Active"


def test_a_promotion_in_full_is_told_with_all_of_the_traffic(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    """The ledger said promoted at 10 %, while the alias served everything."""
    rollout = ticked(simulation, opened(), lambda known: known.reached_at is not None)
    order(simulation, rollout, order_promotion, full=True)

    watched(rollout)

    entries = told(simulation, rollout, EntryKind.PROMOTING) + told(simulation, rollout, EntryKind.PROMOTED)
    assert [(entry.weight, entry.by) for entry in entries] == [
        (Weight.percent(100), "amy"),
        (Weight.percent(100), "controller"),
    ]


def test_a_flip_that_is_never_seen_goes_back_in_the_end(
    simulation: Simulation, opened: Open, monkeypatch: pytest.MonkeyPatch, watched: Watch
) -> None:
    rollout = ticked(simulation, opened(), is_in_last_step)
    write = simulation.router.write_routing

    def refused(*route: object) -> object:
        if not route[2].is_split() and route[2].stable == "2" and route[2].canary is None:  # type: ignore[attr-defined]
            raise ConfigError("Lambda refuses this alias")
        return write(*route)  # type: ignore[arg-type]

    monkeypatch.setattr(simulation.router, "write_routing", refused)
    ended = watched(rollout)

    assert (ended.phase, written(simulation)[-1]) == (Phase.ROLLED_BACK, "version 1 100 %")
    assert ended.failure == "the promotion was asked for and never seen on every alias"


APPROVED_STEPS = Strategy(
    name="approved",
    shifts=(
        Shift(weight=Weight.percent(10), bake=timedelta(minutes=1), approval=timedelta(minutes=30)),
        Shift(weight=Weight.percent(100), bake=timedelta(minutes=1)),
    ),
)


def is_awaiting(rollout: Rollout) -> bool:
    return rollout.awaiting_since is not None


def test_silence_that_goes_on_is_told(simulation: Simulation, opened: Open, watched: Watch) -> None:
    rollout = opened(strategy=APPROVED_STEPS, policy=Policy(on_silence=OnSilence.ADVANCE))

    assert watched(rollout).phase is Phase.PROMOTED
    (approved,) = told(simulation, rollout, EntryKind.APPROVED)
    assert (approved.by, approved.reason) == (
        "controller",
        "nobody approved 10 % within 30 min: the policy goes on",
    )


def test_the_time_for_an_approval_does_not_run_during_a_pause(
    simulation: Simulation, opened: Open, watched: Watch
) -> None:
    rollout = ticked(simulation, opened(strategy=APPROVED_STEPS), is_awaiting)
    order(simulation, rollout, order_pause)
    simulation.clock.sleep(timedelta(hours=2))
    order(simulation, rollout, order_resumption)

    known = ticked(simulation, rollout, lambda _known: False, limit=3)

    assert known.phase is Phase.PROGRESSING
    assert watched(rollout).failure == "nobody approved 10 % within 30 min"
