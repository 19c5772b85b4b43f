"""An alias that was left split is put right, and a note is kept (issue 4, coexistence)."""

from collections.abc import Callable

import pytest

from canary.adopting import adopt_alias
from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import AliasName, AliasRouting, FunctionName, Version, Weight
from canary.core.orders import AdoptTo, AuditNote, Deed
from canary.core.rollout import Rollout
from tests.fakes import Simulation

LIVE = ("pay", "live")
SPLIT = AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(30))


def adopt(simulation: Simulation, to: AdoptTo = AdoptTo.STABLE, alias: str = "live") -> AliasRouting | None:
    return adopt_alias(
        simulation.world, FunctionName("pay"), AliasName(alias), to=to, by="amy", why="CodeDeploy stopped"
    )


@pytest.mark.parametrize(("to", "serves"), [(AdoptTo.STABLE, "1"), (AdoptTo.CANARY, "2")])
def test_a_split_alias_serves_one_version_after_one_write(simulation: Simulation, to: AdoptTo, serves: str) -> None:
    simulation.router.overwrite(*LIVE, SPLIT)

    adopt(simulation, to)

    now = simulation.router.aliases[LIVE]
    assert (now.stable, now.canary, len(simulation.router.writes)) == (serves, None, 1)


def test_an_adoption_is_noted_with_who_and_why(simulation: Simulation) -> None:
    simulation.router.overwrite(*LIVE, SPLIT)

    adopt(simulation)

    assert simulation.orders.notes == [
        AuditNote(
            at=simulation.clock.now(),
            by="amy",
            deed=Deed.ADOPTED,
            object="pay:live",
            why="version 1 70 % + version 2 30 % -> version 1 100 %: CodeDeploy stopped",
        )
    ]


def test_a_phantom_entry_is_cleared(simulation: Simulation) -> None:
    simulation.router.overwrite(*LIVE, AliasRouting(stable=Version("1"), canary=Version("2")))

    adopt(simulation)

    assert simulation.router.aliases[LIVE].canary is None


def test_an_alias_with_one_version_is_left_alone(simulation: Simulation) -> None:
    assert adopt(simulation) is None
    assert (simulation.router.writes, simulation.orders.notes) == ([], [])


def test_an_alias_that_a_rollout_holds_is_not_adopted(simulation: Simulation, opened: Callable[..., Rollout]) -> None:
    opened()

    with pytest.raises(RolloutConflict, match="alias pay:live is held by rollout r-1"):
        adopt(simulation)


def test_an_alias_that_does_not_exist_is_not_adopted(simulation: Simulation) -> None:
    with pytest.raises(ConfigError, match="there is no alias pay:nowhere"):
        adopt(simulation, alias="nowhere")


def test_a_version_that_cannot_serve_is_not_adopted_to(simulation: Simulation) -> None:
    simulation.router.overwrite(*LIVE, SPLIT)
    del simulation.router.versions["pay", "2"]

    with pytest.raises(ConfigError, match="version 2 of pay cannot serve; adopt the other one with --to"):
        adopt(simulation, AdoptTo.CANARY)

    assert simulation.router.writes == []
