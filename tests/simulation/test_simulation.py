"""T6: no rule is broken in five hundred faulty worlds, and every rule can be; `make simulate` runs ten thousand."""

import pytest

from tests.simulation.__main__ import finding_seed, simulate_many
from tests.simulation.invariants import RULES
from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import simulate

ROLLOUTS = 500
FIRST_SEED = 100_000
"""Other worlds than those of `make simulate`."""


def test_no_rule_is_broken_whatever_goes_wrong() -> None:
    tally = simulate_many(ROLLOUTS, first_seed=FIRST_SEED)

    assert tally.broken == {}
    assert tally.ended.total() >= ROLLOUTS
    assert min(tally.ended.values()) > ROLLOUTS / 20, "each way to end is common"


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_bug_is_found_by_the_rule_that_it_breaks(name: str) -> None:
    assert finding_seed(name) is not None


def test_every_rule_is_shown_to_be_able_to_fail() -> None:
    assert {mutation.broken for mutation in MUTATIONS.values()} == set(RULES)


def test_the_same_seed_gives_the_same_world() -> None:
    assert [str(event) for event in simulate(7).events] == [str(event) for event in simulate(7).events]
