"""What the embedded CloudWatch can be told at its start; decides nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveSettings:
    """Settings of `localcloud.observe.install`.

    Attributes:
        speed: How many seconds of alarm time pass in one second, at least 1. It compresses the alarm evaluator only:
            at 6 a 60 s period of an alarm is filled by 10 s of traffic and standard alarms are evaluated every 10 s.
            The timestamps that PutMetricData takes and GetMetricData returns stay real.
    """

    speed: float = 1.0

    def __post_init__(self) -> None:
        """Refuses a speed that would stretch or stop alarm time."""
        if not self.speed >= 1:
            raise ValueError(f"speed is {self.speed}: give a number of at least 1 (1 is real time)")
