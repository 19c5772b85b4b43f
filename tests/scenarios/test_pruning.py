"""Old versions go, and nothing that a rollout or an undo may need (issue 4, coexistence)."""

from datetime import timedelta

import pytest

from canary.core.errors import AccessDenied
from canary.core.model import AliasRouting, FunctionName, Version, Weight
from canary.core.orders import AuditNote, Deed
from canary.core.prune import Fate, Retention
from canary.core.rollout import Rollout
from canary.pruning import plan_pruning, prune_versions
from tests.fakes import Simulation
from tests.scenarios.test_rollouts import Open, Watch
from tests.version_fakes import FakeVersions

PAY = FunctionName("pay")
ONE = Retention(kept=1)


@pytest.fixture
def keeper(simulation: Simulation) -> FakeVersions:
    """Versions 1 to 9 of pay; live serves 4 and preview 1."""
    simulation.router.add("pay", *map(str, range(1, 10)), live="4", preview="1")
    return FakeVersions(simulation.router)


def planned(simulation: Simulation, keeper: FakeVersions) -> tuple[Fate, ...]:
    return plan_pruning(simulation.world, keeper, PAY, ONE)


def kept(fates: tuple[Fate, ...]) -> dict[str, str]:
    return {fate.version: fate.kept_because for fate in fates if fate.kept_because is not None}


def pruned(simulation: Simulation, keeper: FakeVersions, fates: tuple[Fate, ...]) -> tuple[Version, ...]:
    return prune_versions(simulation.world, keeper, PAY, fates, by="amy")


def test_what_an_alias_refers_to_stays_also_with_no_weight(simulation: Simulation, keeper: FakeVersions) -> None:
    simulation.router.overwrite("pay", "live", AliasRouting(stable=Version("4"), canary=Version("6")))

    assert kept(planned(simulation, keeper)) == {
        "1": "alias preview refers to it",
        "4": "alias live refers to it",
        "6": "alias live refers to it",
        "9": "one of the newest 1",
    }


def test_planning_deletes_nothing(simulation: Simulation, keeper: FakeVersions) -> None:
    planned(simulation, keeper)

    assert len(keeper.list_versions(PAY)) == 9


def test_both_versions_of_an_open_rollout_stay(simulation: Simulation, keeper: FakeVersions, opened: Open) -> None:
    simulation.router.versions.pop(("pay", "9"))
    rollout = opened()
    simulation.router.add("pay", "9", "10")

    assert kept(planned(simulation, keeper))["8"] == f"rollout {rollout.id} is open"


def test_the_version_that_an_undo_goes_back_to_stays(
    simulation: Simulation, keeper: FakeVersions, opened: Open, watched: Watch
) -> None:
    ended = watched(opened())
    simulation.router.add("pay", "10", "11")

    assert kept(planned(simulation, keeper)) == {
        "1": "alias preview refers to it",
        "4": f"canary undo {ended.id} goes back to it",
        "9": "alias live refers to it",
        "11": "one of the newest 1",
    }


def test_what_may_go_goes_and_a_note_is_kept(simulation: Simulation, keeper: FakeVersions) -> None:
    gone = pruned(simulation, keeper, planned(simulation, keeper))

    assert gone == ("2", "3", "5", "6", "7", "8")
    assert [each.version for each in keeper.list_versions(PAY)] == ["1", "4", "9"]
    assert simulation.orders.notes == [
        AuditNote(
            at=simulation.clock.now(),
            by="amy",
            deed=Deed.PRUNED,
            object="pay",
            why="versions 2, 3, 5, 6, 7, 8 were deleted",
        )
    ]


def test_what_came_into_use_since_the_plan_stays(simulation: Simulation, keeper: FakeVersions, opened: Open) -> None:
    fates = planned(simulation, keeper)
    split = AliasRouting(stable=Version("4"), canary=Version("2"), weight=Weight.percent(5))
    simulation.router.add("ship", "1", "2", live="1")
    simulation.router.overwrite("pay", "blue", split)
    held: Rollout = opened()
    assert held.legs[0].target.canary == "9"

    gone = pruned(simulation, keeper, fates)

    assert gone == ("3", "5", "6", "7", "8")


def test_a_rollout_that_opened_since_the_plan_keeps_its_candidate(
    simulation: Simulation, keeper: FakeVersions, opened: Open
) -> None:
    fates = plan_pruning(simulation.world, keeper, PAY, Retention(kept=1, min_age=timedelta(0)))
    simulation.router.versions.pop(("pay", "9"))
    opened()

    assert "8" not in pruned(simulation, keeper, fates)


def test_a_caller_who_may_not_delete_stops_and_what_is_gone_is_noted(
    simulation: Simulation, keeper: FakeVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = keeper.delete_version

    def deny(function: FunctionName, version: Version) -> None:
        if version == "5":
            raise AccessDenied("the caller may not call DeleteFunction")
        delete(function, version)

    monkeypatch.setattr(keeper, "delete_version", deny)

    with pytest.raises(AccessDenied):
        pruned(simulation, keeper, planned(simulation, keeper))

    assert [note.why for note in simulation.orders.notes] == ["versions 2, 3 were deleted"]


def test_nothing_to_delete_is_not_noted(simulation: Simulation, keeper: FakeVersions) -> None:
    pruned(simulation, keeper, ())

    assert simulation.orders.notes == []
