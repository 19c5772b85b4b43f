"""`make bench-scale`: what a tick costs one controller with 1, 10, 100 and 1,000 rollouts open.

Every rollout stands in the middle of a step: each tick brings a new period of metrics, is judged and kept. The clients
answer at once (`bench.scale.aws`), so that seconds are the controller's own; calls are counted, and grow with what is
not read in batches. The exponent of growth is 1 for a time that is proportional to the number of rollouts; Python's
collector, which has more to walk, makes it a little more. Writes ``build/bench/scale.json``; exit code 1 when a target
is missed.
"""

import json
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from rich.console import Console
from rich.table import Table as Shown

from bench.scale.aws import Functions, Table, Watch
from canary.aws.alarms import CloudWatchAlarms
from canary.aws.alias import LambdaRouter
from canary.aws.clients import CALLS_A_SECOND
from canary.aws.metrics import CloudWatchMetrics
from canary.aws.store import DynamoStore
from canary.controller import Controller
from canary.core.evidence import Evidence
from canary.core.hooks import HookReading
from canary.core.judge import JudgeSettings
from canary.core.ledger import EntryKind
from canary.core.leg import Leg, MetricPath, PathEvidence
from canary.core.model import AliasName, AliasRouting, FunctionName, RevisionId, RolloutId, Target, Version, Weight
from canary.core.plan import Shift, Strategy, plan_steps
from canary.core.rollout import Policy, Rollout
from canary.ports import World

SIZES: Final = (1, 10, 100, 1_000)
WARM_UP_TICKS: Final = 6
MEASURED_TICKS: Final = 5
LONGEST_TICK_S: Final = 10.0
LARGEST_EXPONENT: Final = 1.1
TICK: Final = timedelta(seconds=10)
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
RESULT: Final = Path("build/bench/scale.json")
SPLIT: Final = AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight.percent(10))
PLAN: Final = plan_steps(
    Strategy(
        name="bench",
        shifts=(Shift(weight=Weight.percent(10), bake=timedelta(hours=1)), Shift(weight=Weight(10_000), bake=TICK)),
    ),
    hold_limit=timedelta(hours=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one tick over so many rollouts costs: processor seconds, and API calls by their names."""

    rollouts: int
    seconds: float
    calls: dict[str, float]

    @property
    def lambda_seconds(self) -> float:
        """How long the calls of Lambda's control plane take at the pace that the controller keeps."""
        return self.calls["lambda:GetAlias"] / CALLS_A_SECOND


class StepClock:
    """Time that a bench sets."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """Aware UTC."""
        return self.at

    def sleep(self, duration: timedelta) -> None:
        """Nothing waits here."""
        self.at += duration


class NoHooks:
    """No release of this bench has hooks."""

    def poll(self, due: object, rollout: object) -> tuple[HookReading, ...]:  # noqa: ARG002 - the port's
        """Nothing."""
        return ()

    def stop(self) -> None:
        """Nothing runs."""


def main() -> int:
    """Prints the table; the exit code."""
    costs = [measure(size) for size in SIZES]
    for line in (_table(costs), *_verdicts(costs)):
        Console().print(line)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps([_plain(cost) for cost in costs], indent=2) + "\n")
    return 0 if all(is_met for _, is_met in _targets(costs)) else 1


def measure(size: int) -> Cost:
    """The cost of a tick once every rollout has its first minute of evidence."""
    calls, clock = Counter[str](), StepClock()
    store = DynamoStore(cast("Any", Table(calls)), "rollouts")
    watch = cast("Any", Watch(calls))
    world = World(
        router=LambdaRouter(cast("Any", Functions(calls))),
        metrics=CloudWatchMetrics(watch),
        alarms=CloudWatchAlarms(watch),
        store=store,
        hooks=NoHooks(),
        clock=clock,
    )
    rollouts = [_rollout(number) for number in range(size)]
    for rollout in rollouts:
        opened, entry = rollout.recording(EntryKind.OPENED, "bench", at=START, by="bench")
        store.open_rollout(opened, entry)
    controller, ids = Controller(world, owner="bench"), [rollout.id for rollout in rollouts]
    for _ in range(WARM_UP_TICKS):
        _tick(controller, clock, ids)
    calls.clear()
    seconds = min(_tick(controller, clock, ids) for _ in range(MEASURED_TICKS))
    return Cost(
        rollouts=size, seconds=seconds, calls={name: made / MEASURED_TICKS for name, made in sorted(calls.items())}
    )


def _tick(controller: Controller, clock: StepClock, ids: list[RolloutId]) -> float:
    """The processor's seconds of one tick over all of them."""
    clock.sleep(TICK)
    begun = time.process_time()
    ticks = controller.tick_all(ids)
    seconds = time.process_time() - begun
    assert all(tick.trouble is None and tick.decision.rollout.weight == SPLIT.weight for tick in ticks)
    return seconds


def _rollout(number: int) -> Rollout:
    """In the first step of its plan, whose weight its alias shows."""
    function = FunctionName(f"f{number:04d}")
    target = Target(function=function, alias=AliasName("live"), stable=Version("1"), canary=Version("2"))
    seen = replace(SPLIT, revision=RevisionId(f"rev-{function}"))
    paths = tuple(PathEvidence(path=path, evidence=Evidence()) for path in MetricPath)
    begun = Rollout(
        id=RolloutId(f"r-{number:04d}"),
        opened_at=START,
        entered_at=START,
        opened_by="bench",
        reason="",
        plan=PLAN,
        legs=(Leg(target=target, base=seen, asked=seen, paths=paths),),
        judge=JudgeSettings(),
        policy=Policy(tick=TICK),
        guards=tuple(f"bg-guard-{function}-{what}" for what in ("errors", "p99", "faults", "throttles")),
    )
    return begun.shifting(to_step=0, at=START).reached(at=START)


def _targets(costs: list[Cost]) -> list[tuple[str, bool]]:
    """Every target in words, and whether it is met."""
    few, many = costs[1], costs[-1]
    times = many.rollouts / few.rollouts
    exponent = math.log(many.seconds / few.seconds) / math.log(times)
    return [
        (f"1,000 rollouts tick in {many.seconds:.2f} s (at most {LONGEST_TICK_S:g})", many.seconds < LONGEST_TICK_S),
        (
            f"processor time grows from 10 to 1,000 with the exponent {exponent:.2f} (at most {LARGEST_EXPONENT:g})",
            exponent <= LARGEST_EXPONENT,
        ),
        (
            "no API call grows faster than the number of rollouts",
            all(made <= times * few.calls[name] for name, made in many.calls.items()),
        ),
    ]


def _verdicts(costs: list[Cost]) -> list[str]:
    return [f"{'met    ' if is_met else 'NOT MET'}  {told}" for told, is_met in _targets(costs)]


def _table(costs: list[Cost]) -> Shown:
    table = Shown("one tick over so many rollouts", *(f"{cost.rollouts:,}" for cost in costs))
    table.add_row("CPU seconds", *(f"{cost.seconds:.3f}" for cost in costs))
    table.add_row("CPU ms a rollout", *(f"{1000 * cost.seconds / cost.rollouts:.2f}" for cost in costs))
    for name in costs[-1].calls:
        table.add_row(f"{name} calls", *(f"{cost.calls[name]:,.0f}" for cost in costs))
    table.add_row("seconds at Lambda's pace", *(f"{cost.lambda_seconds:,.1f}" for cost in costs))
    return table


def _plain(cost: Cost) -> dict[str, object]:
    return {
        "rollouts": cost.rollouts,
        "cpu_seconds_a_tick": round(cost.seconds, 4),
        "calls_a_tick": cost.calls,
        "seconds_at_lambda_pace": cost.lambda_seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
