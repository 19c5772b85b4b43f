"""What every TrafficRouter does, the fake and the adapter alike (T1)."""

from dataclasses import replace

import pytest

from canary.core.errors import ConfigError, StaleWrite
from canary.core.model import AliasName, AliasRouting, FunctionName, RevisionId, Version, Weight
from tests.contracts.conftest import AFunction


def test_an_alias_is_read_as_it_was_made(routed: AFunction) -> None:
    routing = routed.router.read_routing(routed.function, routed.alias)

    assert routing is not None
    assert (routing.stable, routing.canary, routing.weight) == (routed.first, None, Weight(0))
    assert routing.revision


def test_a_missing_alias_and_a_missing_function_read_as_none(routed: AFunction) -> None:
    assert routed.router.read_routing(routed.function, AliasName("nobody")) is None
    assert routed.router.read_routing(FunctionName("no-such-function"), routed.alias) is None


@pytest.mark.parametrize("basis_points", [1, 100, 1250, 5000, 9999, 10000])
def test_a_weight_is_read_back_as_it_was_written(routed: AFunction, basis_points: int) -> None:
    before = routed.router.read_routing(routed.function, routed.alias)
    assert before is not None

    split = replace(before, canary=routed.second, weight=Weight(basis_points))
    written = routed.router.write_routing(routed.function, routed.alias, split)

    assert (written.stable, written.canary, written.weight) == (routed.first, routed.second, Weight(basis_points))
    assert written == routed.router.read_routing(routed.function, routed.alias)
    assert written.revision != before.revision


def test_promotion_is_one_write_that_moves_the_version_and_clears_the_weight(routed: AFunction) -> None:
    before = routed.router.read_routing(routed.function, routed.alias)
    assert before is not None
    split = routed.router.write_routing(
        routed.function, routed.alias, replace(before, canary=routed.second, weight=Weight.percent(10))
    )

    flipped = AliasRouting(stable=routed.second, revision=split.revision)
    promoted = routed.router.write_routing(routed.function, routed.alias, flipped)

    assert (promoted.stable, promoted.is_split()) == (routed.second, False)


def test_a_write_over_a_revision_that_is_gone_is_refused_and_changes_nothing(routed: AFunction) -> None:
    before = routed.router.read_routing(routed.function, routed.alias)
    assert before is not None
    routed.router.write_routing(
        routed.function, routed.alias, replace(before, canary=routed.second, weight=Weight.percent(10))
    )
    kept = routed.router.read_routing(routed.function, routed.alias)

    with pytest.raises(StaleWrite):
        routed.router.write_routing(routed.function, routed.alias, replace(before, stable=routed.second))

    assert routed.router.read_routing(routed.function, routed.alias) == kept


@pytest.mark.parametrize(("stable", "canary"), [("9", None), ("1", "9"), ("1", "1")])
def test_a_routing_that_lambda_forbids_is_refused(routed: AFunction, stable: str, canary: str | None) -> None:
    before = routed.router.read_routing(routed.function, routed.alias)
    assert before is not None
    forbidden = AliasRouting(
        stable=Version(stable),
        canary=Version(canary) if canary else None,
        weight=Weight.percent(10),
        revision=before.revision,
    )

    with pytest.raises(ConfigError):
        routed.router.write_routing(routed.function, routed.alias, forbidden)


@pytest.mark.parametrize("weight", [1, 10_000])
def test_versions_of_different_roles_or_dead_letter_queues_share_no_traffic(routed: AFunction, weight: int) -> None:
    before = routed.router.read_routing(routed.function, routed.alias)
    assert before is not None

    for other in (routed.other_role, routed.other_dead_letters):
        split = replace(before, canary=other, weight=Weight(weight))
        with pytest.raises(ConfigError):
            routed.router.write_routing(routed.function, routed.alias, split)

    assert routed.router.read_routing(routed.function, routed.alias) == before


def test_a_share_of_nothing_is_written_as_no_share(routed: AFunction) -> None:
    before = routed.router.read_routing(routed.function, routed.alias)
    assert before is not None

    written = routed.router.write_routing(
        routed.function, routed.alias, replace(before, canary=routed.second, weight=Weight(0))
    )

    assert (written.stable, written.canary, written.weight) == (routed.first, None, Weight(0))


def test_the_newest_version_is_the_highest_number(routed: AFunction) -> None:
    assert routed.router.newest_version(routed.function) == routed.other_dead_letters
    assert routed.router.newest_version(FunctionName("no-such-function")) is None


def test_versions_are_looked_up_with_state_and_role(routed: AFunction) -> None:
    facts = routed.router.find_version(routed.function, routed.second)

    assert facts is not None
    assert (facts.version, facts.state, facts.dead_letter) == (routed.second, "Active", None)
    assert routed.router.find_version(routed.function, Version("99")) is None


def test_a_write_to_a_missing_alias_is_refused(routed: AFunction) -> None:
    routing = AliasRouting(stable=routed.first, revision=RevisionId("any"))

    with pytest.raises(ConfigError):
        routed.router.write_routing(routed.function, AliasName("nobody"), routing)
