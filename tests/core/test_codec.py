"""What a store keeps is what the core reads back (T6)."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.codec import Plain, from_plain, to_plain
from canary.core.errors import ConfigError
from canary.core.model import AlarmState, Weight
from canary.core.reconcile import reconcile
from canary.core.rollout import Rollout
from tests.fakes import START
from tests.rollouts import Aliases, a_rollout, look


@given(st.integers(0, 45), st.integers(0, 45))
def test_every_state_of_a_rollout_survives_being_stored(ticks: int, alarm_at: int) -> None:
    rollout = a_rollout("pay", "ship")
    aliases = Aliases(rollout)
    for index in range(ticks):
        now = START + timedelta(seconds=10 * index)
        alarm = AlarmState.ALARM if index >= alarm_at else AlarmState.OK
        decision = reconcile(rollout, look(rollout, aliases, now, alarm=alarm), now)
        aliases.apply(decision)
        rollout = decision.rollout

    assert from_plain(Rollout, json.loads(json.dumps(to_plain(rollout)))) == rollout


def test_fields_at_their_default_are_left_out_so_that_older_states_stay_readable() -> None:
    plain = to_plain(a_rollout())

    assert isinstance(plain, dict)
    assert "failure" not in plain
    assert "opened_at" in plain


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"surprise": 1}, "Rollout has the unknown field 'surprise'; was it written by a newer release"),
        ({"number": "three"}, r"Rollout.number: wanted int, got 'three'"),
        ({"phase": "dancing"}, "Rollout.phase: wanted Phase, got 'dancing'"),
        ({"legs": {}}, "Rollout.legs: wanted a list"),
        ({"plan": []}, "Rollout.plan: wanted an object"),
    ],
)
def test_a_state_of_another_shape_is_refused_by_place(change: dict[str, Plain], why: str) -> None:
    plain = to_plain(replace(a_rollout(), number=1))
    assert isinstance(plain, dict)

    with pytest.raises(ConfigError, match=why):
        from_plain(Rollout, plain | change)


def test_a_state_that_lacks_a_field_is_refused() -> None:
    with pytest.raises(ConfigError, match="Rollout is incomplete"):
        from_plain(Rollout, {})


def test_a_value_that_the_core_does_not_use_has_no_plain_form() -> None:
    with pytest.raises(TypeError, match="set has no plain form"):
        to_plain({1, 2})


def test_a_fixed_tuple_must_have_its_length() -> None:
    @dataclass(frozen=True)
    class Pair:
        both: tuple[int, Weight]

    assert from_plain(Pair, {"both": [1, {"basis_points": 5}]}) == Pair(both=(1, Weight(5)))
    with pytest.raises(ConfigError, match="wanted 2 items"):
        from_plain(Pair, {"both": [1]})
