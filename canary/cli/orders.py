"""`canary stop`, `start`, `hook-answer`: what people order beside single rollouts."""

from enum import StrEnum
from typing import Annotated

import typer

from canary.cli import options, output
from canary.core.errors import RolloutConflict
from canary.core.hooks import HookStatus, parse_execution_id
from canary.core.orders import AuditNote, Deed, Stop

EVERYTHING = "all rollouts"


class Answer(StrEnum):
    """How a hook is answered."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


Why = Annotated[str, typer.Option("--why", help="The reason, for everybody who will wonder.")]


def stop(
    why: Why,
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Stops all rollouts: none opens and none raises a weight until `canary start`. What fails still rolls back."""
    world = options.connect(environment, store, region).wired.world
    now, by = world.clock.now(), options.caller()
    world.orders.stop(Stop(at=now, by=by, why=why))
    world.orders.note(AuditNote(at=now, by=by, deed=Deed.STOPPED, object=EVERYTHING, why=why))
    output.say("all rollouts are stopped; canary start lets them go on")


def start(
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Lets all rollouts go on after `canary stop`."""
    world = options.connect(environment, store, region).wired.world
    if world.orders.read_stop() is None:
        output.say("no rollout is stopped")
        return
    world.orders.start()
    note = AuditNote(at=world.clock.now(), by=options.caller(), deed=Deed.STARTED, object=EVERYTHING, why=why)
    world.orders.note(note)
    output.say("all rollouts go on")


def hook_answer(
    key: Annotated[str, typer.Argument(help="LifecycleEventHookExecutionId of the hook's payload, or its key.")],
    answer: Annotated[Answer, typer.Argument(help="What the hook has found.")],
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Answers a CodeDeploy-style hook that waits for its answer; the first answer counts."""
    book = options.connect(environment, store, region).wired.hook_book()
    known, _ = parse_execution_id(key)
    answered = book.answer(known, HookStatus(answer), f"{options.caller()}: {why}")
    if answered.status.value != answer.value:
        raise RolloutConflict(f"hook {known} was answered before: {answered.status} ({answered.reason})")
    output.say(f"hook {known} is answered: {answered.status}")
