"""T6: a promotion taken back by one flip a function, at once, once, and to a version that can serve."""

from collections.abc import Callable

import pytest

from canary.controller import Controller
from canary.core.capacity import Capacity, WarmStatus, Warmth
from canary.core.errors import AccessDenied, ConfigError, RolloutConflict
from canary.core.ledger import EntryKind
from canary.core.model import AliasRouting, Phase, Version
from canary.core.rollout import Rollout
from tests.fakes import Simulation
from tests.scenarios.test_rollouts import LIVE, kinds

Open = Callable[..., Rollout]
Watch = Callable[[Rollout], Rollout]
Undo = Callable[..., Rollout]


@pytest.fixture
def undo(simulation: Simulation) -> Undo:
    def take_back(rollout: Rollout, to: str | None = None, why: str = "customers complain") -> Rollout:
        version = None if to is None else Version(to)
        return Controller(simulation.world, "amy").undo(rollout.id, to=version, by="amy", why=why)

    return take_back


def test_a_promotion_is_undone_by_one_flip(simulation: Simulation, opened: Open, watched: Watch, undo: Undo) -> None:
    ended = watched(opened())
    before = len(simulation.router.writes)

    undone = undo(ended)

    assert simulation.router.aliases[LIVE].stable == "1"
    assert len(simulation.router.writes) == before + 1
    assert (undone.phase, undone.undone) == (Phase.PROMOTED, "by amy: customers complain")
    assert kinds(simulation, ended)[-1] is EntryKind.UNDONE


def test_every_function_goes_back_to_its_own_version_before_the_last_one_first(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    simulation.router.add("ship", "6", "7", live="6")
    ended = watched(opened("pay", "ship"))
    before = len(simulation.router.writes)

    undo(ended)

    assert [(name, to.stable) for name, to in simulation.router.writes[before:]] == [
        ("ship:live", "6"),
        ("pay:live", "1"),
    ]


def test_an_undo_may_go_further_back(simulation: Simulation, opened: Open, watched: Watch, undo: Undo) -> None:
    simulation.router.add("pay", "0")
    ended = watched(opened())

    undo(ended, to="0")

    assert simulation.router.aliases[LIVE].shares().keys() == {"0"}
    assert simulation.store.entries[ended.id][-1].reason == "back to version 0: customers complain"


def test_the_same_undo_again_changes_nothing_more(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    ended = watched(opened())
    undone = undo(ended)
    before = len(simulation.router.writes)

    assert undo(ended, why="once more") == undone
    assert len(simulation.router.writes) == before


def test_an_undo_to_somewhere_else_after_an_undo_is_refused(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    simulation.router.add("pay", "0")
    ended = watched(opened())
    undo(ended)

    with pytest.raises(RolloutConflict, match="and traffic has moved on since"):
        undo(ended, to="0")


def test_a_version_that_is_no_way_back_is_refused_and_nothing_is_written(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    ended = watched(opened())
    before = len(simulation.router.writes)

    with pytest.raises(ConfigError, match="version 9 of pay cannot serve"):
        undo(ended, to="9")
    with pytest.raises(ConfigError, match=r"version 2 is what rollout r-1 promoted; without --to .* version 1"):
        undo(ended, to="2")

    assert len(simulation.router.writes) == before


def test_one_version_is_no_way_back_for_many_functions(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    simulation.router.add("ship", "1", "7", live="1")
    ended = watched(opened("pay", "ship"))

    with pytest.raises(ConfigError, match="has 2 functions, and --to names a version of one"):
        undo(ended, to="1")


def test_an_alias_that_has_moved_on_is_left_alone(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    ended = watched(opened())
    before = len(simulation.router.writes)
    simulation.router.overwrite(*LIVE, AliasRouting(stable=Version("7")))

    with pytest.raises(RolloutConflict, match="alias pay:live has moved on"):
        undo(ended)

    assert len(simulation.router.writes) == before


def test_an_alias_that_the_next_release_holds_is_left_alone(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    ended = watched(opened())
    simulation.router.add("pay", "3")
    opened()

    with pytest.raises(RolloutConflict, match="alias pay:live is taken by rollout r-2; abort that first"):
        undo(ended)


def test_what_was_not_promoted_cannot_be_undone(opened: Open, undo: Undo) -> None:
    with pytest.raises(RolloutConflict, match="rollout r-1 is pending: only a promotion can be undone"):
        undo(opened())


def test_an_old_answer_does_not_pass_for_an_undo(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read was old and showed the version before: the undo was recorded, and nothing was written."""
    before = simulation.router.aliases[LIVE]
    ended = watched(opened())
    answers = iter([before])
    read = simulation.router.read_routing
    monkeypatch.setattr(simulation.router, "read_routing", lambda *alias: next(answers, None) or read(*alias))

    undone = undo(ended)

    assert (simulation.router.aliases[LIVE].stable, undone.undone) == ("1", "by amy: customers complain")


def test_what_serves_again_is_warm_and_the_version_that_went_costs_nothing_more(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo
) -> None:
    ended = watched(opened(capacity=Capacity(provisioned=5)))

    undo(ended)

    assert simulation.capacity.warmth == {("pay", "1"): Warmth(status=WarmStatus.IN_PROGRESS, wanted=5)}


def test_capacity_that_cannot_be_moved_holds_no_undo_up(
    simulation: Simulation, opened: Open, watched: Watch, undo: Undo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_call: object) -> None:
        raise AccessDenied("no")

    ended = watched(opened(capacity=Capacity(provisioned=5)))
    monkeypatch.setattr(simulation.capacity, "warm", refuse)
    monkeypatch.setattr(simulation.capacity, "release", refuse)

    undo(ended)

    assert simulation.router.aliases[LIVE].stable == "1"
