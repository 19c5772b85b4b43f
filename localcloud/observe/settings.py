"""What the embedded CloudWatch can be told at its start; decides nothing else."""

from dataclasses import dataclass
from typing import Final

FASTEST: Final = 60
"""Points are stamped with whole seconds, so a minute of alarm time cannot be shorter than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveSettings:
    """Settings of `localcloud.observe.install`.

    Attributes:
        speed: How many seconds of alarm time pass in one second, 1 to 60. It compresses the alarm evaluator only: at 6
            a 60 s period of an alarm is filled by 10 s of traffic and standard alarms are evaluated every 10 s (those
            with a period of 10 s are of use up to a speed of 10). The timestamps that PutMetricData takes and
            GetMetricData returns stay real.
    """

    speed: float = 1.0

    def __post_init__(self) -> None:
        """Refuses a speed that would stretch alarm time or outrun the stamps of points."""
        if not 1 <= self.speed <= FASTEST:
            raise ValueError(f"speed is {self.speed}: give a number from 1 (real time) to {FASTEST}")
