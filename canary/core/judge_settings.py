"""What a release is judged by: limits, tolerance, error bound, and how the capital of the tests is spread."""

from dataclasses import dataclass
from enum import StrEnum

from canary.core.errors import ConfigError
from canary.core.model import Metric, MetricSpec
from canary.core.statistics import Prior

ABSOLUTE_PRIOR = Prior(multipliers=(1.7, 2.6, 6.0, 20.0, 150.0), shares=(0.2, 0.25, 0.2, 0.2, 0.15))
"""Against a limit: from 1.7 times its odds, which takes thousands of requests to see, to complete failure."""
RELATIVE_PRIOR = Prior(multipliers=(2.2, 4.5, 10.0, 25.0, 150.0), shares=(0.05, 0.2, 0.25, 0.2, 0.3))
"""Against stable, on top of the tolerance: most faults multiply the odds of a bad request by ten or more.

Three tenths of the capital for the worst, so that at small weights two bad requests of ten can be enough.
"""


class Attribution(StrEnum):
    """Whether a broken limit must be attributed to the canary, by comparing it with stable, before it counts.

    `AUTO`: while stable answers enough requests to be compared with. `ALWAYS`: while it answers any. `OFF`: never.
    """

    AUTO = "auto"
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """What a release is judged by.

    `alpha` bounds the probability that a healthy release is ever failed, over its whole life and all its metrics.
    Healthy means for every metric: the share of bad requests stays within its limit, and throughout either its odds are
    at most `tolerance` times stable's or the share is below `floor` times the limit.

    `absolute_share` of the capital tests the limits, the rest compares with stable; each is shared equally by metrics.
    """

    alpha: float = 0.01
    specs: tuple[MetricSpec, ...] = (MetricSpec(metric=Metric.ERRORS), MetricSpec(metric=Metric.SLOW))
    tolerance: float = 1.5
    floor: float = 0.1
    attribution: Attribution = Attribution.AUTO
    attr_min_stable: int = 10
    attr_e: float = 100.0
    warn: float = 2.0
    absolute_share: float = 0.35
    absolute_prior: Prior = ABSOLUTE_PRIOR
    relative_prior: Prior = RELATIVE_PRIOR

    def __post_init__(self) -> None:
        """Refuse settings under which the error bound would not hold or nothing could be judged."""
        if not 0 < self.alpha < 1:
            raise ConfigError(f"alpha is {self.alpha:g}; give a probability between 0 and 1, such as 0.01")
        metrics = [spec.metric for spec in self.specs]
        if not metrics or len(set(metrics)) < len(metrics):
            raise ConfigError("a judge needs each metric once, and at least one of errors and slow")
        if self.tolerance < 1:
            raise ConfigError(f"tolerance is {self.tolerance:g}; an odds ratio of 1 or more is wanted, such as 1.5")
        if not 0 < self.floor <= 1:
            raise ConfigError(f"floor is {self.floor:g}; give a share of the limit between 0 and 1, such as 0.1")
        if self.attr_min_stable < 0 or self.attr_e < 1 or not 1 < self.warn < 1 / self.alpha:
            raise ConfigError("wanted: attr_min_stable >= 0, attr_e >= 1 and warn between 1 and 1/alpha")
        if not 0 < self.absolute_share < 1:
            raise ConfigError(f"absolute_share is {self.absolute_share:g}; give a share between 0 and 1, such as 0.5")

    @property
    def threshold(self) -> float:
        """The combined e-value at which a release has failed."""
        return 1 / self.alpha
