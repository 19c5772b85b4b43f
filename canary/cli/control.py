"""`canary promote`, `pause`, `resume`, `abort`: what a person may ask of a running rollout."""

from functools import partial
from typing import Annotated

import typer

from canary.cli import options, output
from canary.controller import Command
from canary.core.commands import order_abort, order_pause, order_promotion, order_resumption
from canary.core.model import RolloutId
from canary.core.rollout import Rollout

Full = Annotated[bool, typer.Option("--full", help="Skip every further step, not only this step's wait.")]


def promote(
    rollout: options.Id = "",
    full: Full = False,
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Waives the current step's wait, or with --full every further step. A failed verdict still rolls back."""
    session = options.connect(environment, store, region)
    _order(session, rollout, partial(order_promotion, full=full, by=options.caller(), why=why))


def pause(
    rollout: options.Id = "",
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Lets the plan stand still; judging goes on, and a failed verdict still rolls back."""
    session = options.connect(environment, store, region)
    _order(session, rollout, partial(order_pause, by=options.caller(), why=why))


def resume(
    rollout: options.Id = "",
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Lets a paused plan go on."""
    session = options.connect(environment, store, region)
    _order(session, rollout, partial(order_resumption, by=options.caller(), why=why))


def abort(
    rollout: options.Id = "",
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Takes all traffic back to the stable version, at once and whether or not another controller is alive."""
    session = options.connect(environment, store, region)
    chosen = options.chosen_rollout(session.wired.world.store, rollout)
    ordered = session.wired.controller.order(chosen, partial(order_abort, by=options.caller(), why=why))
    if not ordered.phase.is_terminal:
        ordered = session.wired.controller.watch(chosen, lambda tick: output.narrate_trouble(tick.trouble))
    _tell(ordered)


def _order(session: options.Session, rollout: str, command: Command) -> None:
    chosen: RolloutId = options.chosen_rollout(session.wired.world.store, rollout)
    _tell(session.wired.controller.order(chosen, command))


def _tell(rollout: Rollout) -> None:
    output.say(f"rollout {rollout.id} is {rollout.phase}")
