from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.shared import clients
from handlers.shared.parameters import Parameters, UnknownParameter
from tests.handlers.resources import ssm_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("aws")


class Hands:
    """A clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def put(cloud: RunningCloud, name: str, value: str) -> None:
    ssm_of(cloud).put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


def test_a_secret_is_fetched_decrypted_and_kept_for_five_minutes(cloud: RunningCloud) -> None:
    clock = Hands()
    parameters = Parameters(ssm=clients.ssm(), clock=clock)
    put(cloud, "/test/kept", "old")
    first = parameters.value("/test/kept")
    put(cloud, "/test/kept", "new")
    clock.now = 299.9
    kept = parameters.value("/test/kept")
    clock.now = 300
    assert (first, kept, parameters.value("/test/kept")) == ("old", "old", "new")


def test_a_caller_may_ask_for_a_newer_value(cloud: RunningCloud) -> None:
    clock = Hands()
    parameters = Parameters(ssm=clients.ssm(), clock=clock)
    put(cloud, "/test/newer", "old")
    parameters.value("/test/newer")
    put(cloud, "/test/newer", "new")
    clock.now = 10
    assert parameters.value("/test/newer", newer_than_seconds=10) == "new"


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(UnknownParameter, match="/test/missing"):
        Parameters(ssm=clients.ssm()).value("/test/missing")


def test_a_kept_secret_does_not_show(cloud: RunningCloud) -> None:
    parameters = Parameters(ssm=clients.ssm())
    put(cloud, "/test/hidden", "hidden-value")
    parameters.value("/test/hidden")
    assert "hidden-value" not in repr(parameters)
