"""`canary promote`, `skip-step`, `approve`, `pause`, `resume`, `abort`, `undo`: what a person may ask of a rollout."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Final, Protocol

import typer

from canary.cli import options, output
from canary.controller import Command
from canary.core.commands import (
    order_approval,
    order_pause,
    order_promotion,
    order_resumption,
    order_skip,
)
from canary.core.decision import Decision
from canary.core.errors import AccessDenied, RolloutConflict, Unavailable
from canary.core.freeze import freeze_at
from canary.core.model import ALL_TRAFFIC, RolloutId, Version
from canary.core.rollout import Rollout
from canary.observing import read_stop
from canary.ports import World

BY_HAND: Final = (
    "without that table, for each function of the release: aws lambda update-alias --function-name NAME --name live "
    "--routing-config AdditionalVersionWeights={}"
)
"""What an abort comes down to: the main version is the stable one until the last flip."""


class Order(Protocol):
    """One of `canary.core.commands`."""

    def __call__(self, rollout: Rollout, *, by: str, why: str, now: datetime) -> Decision:
        """What it decides."""
        ...


Full = Annotated[bool, typer.Option("--full", help="To the end at once, without the last step's bake.")]


def promote(
    rollout: options.Id = "",
    full: Full = False,
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Goes straight to 100 %, which still bakes, or with --full to the end. A failed verdict still rolls back."""
    session = options.connect(environment, store, region)
    chosen = options.chosen_rollout(session.wired.world.store, rollout)
    _refuse_while_held(session.wired.world, chosen)
    _order(session, chosen, partial(order_promotion, full=full, by=options.caller(), why=why))


def _ordering(order: Order, told: str) -> Callable[..., None]:
    """The command that gives one order to a rollout; `told` is its help."""

    def command(
        rollout: options.Id = "",
        why: options.Why = "no reason was given",
        environment: options.Environment = "",
        store: options.Store = "",
        region: options.Region = "",
    ) -> None:
        session = options.connect(environment, store, region)
        _order(session, rollout, partial(order, by=options.caller(), why=why))

    command.__doc__ = told
    return command


skip_step = _ordering(order_skip, "Skips the rest of the current step's wait. A failed verdict still rolls back.")
approve = _ordering(order_approval, "Approves the end of a step that waits for a person.")
pause = _ordering(order_pause, "Lets the plan stand still; judging goes on, and a failed verdict still rolls back.")
resume = _ordering(order_resumption, "Lets a paused plan go on.")


def undo(
    rollout: Annotated[str, typer.Argument(help="The promoted rollout.")],
    to: Annotated[str, typer.Option(help="The version to go back to [default: the one before].")] = "",
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Takes a promotion back: one alias flip for each function, at once and without analysis."""
    session = options.connect(environment, store, region)
    version = Version(to) if to else None
    undone = session.wired.controller.undo(RolloutId(rollout), to=version, by=options.caller(), why=why)
    session.wired.world.notifier.finish(options.NOTICES_WITHIN)
    output.say(f"rollout {undone.id} is undone: {', '.join(leg.target.resource for leg in undone.legs)} went back")


def abort(
    rollout: options.Id = "",
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Takes all traffic back to the stable version, at once and whether or not another controller is alive."""
    session = options.connect(environment, store, region)
    try:
        chosen = options.chosen_rollout(session.wired.world.store, rollout)
        ordered = session.wired.controller.abort(chosen, by=options.caller(), why=why)
    except (Unavailable, AccessDenied) as unheard:
        raise type(unheard)(f"{unheard}; {BY_HAND}") from unheard
    if not ordered.phase.is_terminal:
        ordered = session.wired.controller.watch(chosen, lambda tick: output.narrate_trouble(tick.trouble))
    _tell(ordered)
    session.wired.controller.aftermath.conclude(options.HOOKS_WITHIN)
    session.wired.world.notifier.finish(options.NOTICES_WITHIN)


def _refuse_while_held(world: World, chosen: RolloutId) -> None:
    """A person cannot raise a weight past a stop or a freeze either; the controller would hold it anyway."""
    known = world.store.load_rollout(chosen)
    if known is None or known.weight == ALL_TRAFFIC:
        return
    frozen = freeze_at(known.freeze, world.clock.now())
    if (why := read_stop(world) or frozen) is not None:
        raise RolloutConflict(f"rollout {chosen} stays where it is: {why}; canary start lifts a stop")


def _order(session: options.Session, rollout: str, command: Command) -> None:
    chosen: RolloutId = options.chosen_rollout(session.wired.world.store, rollout)
    _tell(session.wired.controller.order(chosen, command))


def _tell(rollout: Rollout) -> None:
    output.say(f"rollout {rollout.id} is {rollout.phase}")
