"""(rollout at its gate, observation) -> whether the candidates are warm. Pure."""

from datetime import datetime
from typing import NamedTuple

from canary.core.capacity import WarmStatus
from canary.core.decision import Observation
from canary.core.rollout import Rollout
from canary.core.words import duration_in_words


class Warming(NamedTuple):
    """Whether a candidate is still cold, and why it will stay so, if it will."""

    is_cold: bool
    failure: str | None = None


def warming(rollout: Rollout, seen: Observation, now: datetime) -> Warming:
    """How far the provisioned concurrency is that the release asked for; none asked for is warm."""
    if rollout.capacity is None:
        return Warming(is_cold=False)
    failed = (warmth for warmth in seen.warmth if warmth.status is WarmStatus.FAILED)
    if (warmth := next(failed, None)) is not None:
        return Warming(
            is_cold=True, failure=f"provisioned concurrency failed: {warmth.reason or 'Lambda gave no reason'}"
        )
    ready = [warmth for warmth in seen.warmth if warmth.status is WarmStatus.READY]
    if len(ready) == len(rollout.legs):
        return Warming(is_cold=False)
    if now - rollout.entered_at >= rollout.capacity.ready_within:
        within = duration_in_words(rollout.capacity.ready_within)
        return Warming(is_cold=True, failure=f"provisioned concurrency was not READY within {within}")
    return Warming(is_cold=True)
