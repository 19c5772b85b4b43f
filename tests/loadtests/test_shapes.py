from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.shapes import Shape, users_at

PROGRESS = st.floats(min_value=0, max_value=1)


@given(st.sampled_from(Shape), st.integers(min_value=1, max_value=500), PROGRESS)
def test_there_is_always_a_user_and_never_too_many(shape: Shape, most: int, progress: float) -> None:
    assert 1 <= users_at(shape, most=most, progress=progress) <= most


@given(st.sampled_from([Shape.RAMP, Shape.SOAK]), PROGRESS, PROGRESS)
def test_a_ramp_and_a_soak_never_lose_users(shape: Shape, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert users_at(shape, most=100, progress=early) <= users_at(shape, most=100, progress=late)


@pytest.mark.parametrize(
    ("shape", "users"),
    [
        (Shape.CONSTANT, [100, 100, 100, 100]),
        (Shape.RAMP, [1, 25, 50, 99]),
        (Shape.SPIKE, [20, 20, 100, 20]),
        (Shape.SOAK, [1, 100, 100, 100]),
    ],
)
def test_a_shape_has_its_course(shape: Shape, users: list[int]) -> None:
    assert [users_at(shape, most=100, progress=progress) for progress in (0, 0.25, 0.5, 0.99)] == users
