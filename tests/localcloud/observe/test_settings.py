"""The limits of compressed time."""

import pytest

from localcloud.observe import ObserveSettings


@pytest.mark.parametrize("speed", [1, 6, 60])
def test_alarm_time_passes_up_to_sixty_times_as_fast(speed: float) -> None:
    assert ObserveSettings(speed=speed).speed == speed


@pytest.mark.parametrize("speed", [0, 0.5, -1, 61, float("nan")])
def test_other_speeds_are_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="give a number from 1"):
        ObserveSettings(speed=speed)
