"""What every CapacityControl does, the fake and the adapter alike (issue 4, capacity)."""

import time
from dataclasses import replace

from canary.core.capacity import WarmStatus
from canary.core.model import AliasName, Version
from tests.contracts.conftest import CapacityOf
from tests.fakes import START

PATIENCE_S = 30


def test_a_candidate_is_warm_after_it_was_asked_for(capacity: CapacityOf) -> None:
    asked = capacity.control.warm(capacity.target, 2)
    end = time.monotonic() + PATIENCE_S
    while (seen := capacity.control.warm(capacity.target, 2)).status is WarmStatus.IN_PROGRESS:
        assert time.monotonic() < end

    assert (asked.status, seen.status, seen.wanted) == (WarmStatus.IN_PROGRESS, WarmStatus.READY, 2)
    capacity.control.release(capacity.function, capacity.target.canary)


def test_another_number_is_asked_for_anew(capacity: CapacityOf) -> None:
    capacity.control.warm(capacity.target, 1)

    assert capacity.control.warm(capacity.target, 2).wanted == 2
    capacity.control.release(capacity.function, capacity.target.canary)


def test_the_headroom_tells_what_is_provisioned_for_which_version(capacity: CapacityOf) -> None:
    capacity.control.warm(capacity.target, 1)

    (headroom,) = capacity.control.read_headroom([capacity.target], START)

    assert headroom.target == capacity.target
    assert headroom.on_canary is not None
    assert (headroom.on_canary.wanted, headroom.on_stable, headroom.on_alias) == (1, None, None)
    assert (headroom.reserved, headroom.limit) == (None, headroom.unreserved)
    capacity.control.release(capacity.function, capacity.target.canary)


def test_what_is_released_is_gone_and_releasing_nothing_is_no_concern(capacity: CapacityOf) -> None:
    capacity.control.warm(capacity.target, 1)

    capacity.control.release(capacity.function, capacity.target.canary)
    capacity.control.release(capacity.function, capacity.target.canary)
    capacity.control.release(capacity.function, Version("99"))

    (headroom,) = capacity.control.read_headroom([capacity.target], START)
    assert headroom.on_canary is None


def test_targets_are_told_in_their_order(capacity: CapacityOf) -> None:
    other = replace(capacity.target, alias=AliasName("preview"))

    told = capacity.control.read_headroom([other, capacity.target], START)

    assert [headroom.target for headroom in told] == [other, capacity.target]
