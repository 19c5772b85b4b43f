"""`canary status`, `history`, `report`: what is going on and what has been."""

from pathlib import Path
from typing import Annotated

import typer

from canary.cli import options, output
from canary.core.errors import ConfigError
from canary.core.model import RolloutId
from canary.core.rollout import Rollout
from canary.observing import read_stop
from canary.ports import RolloutStore
from canary.report import report_rollout
from canary.report_page import render_page, render_release

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")]
Html = Annotated[Path, typer.Option("--html", help="The file to write the page to.")]


def status(
    rollout: options.Id = "",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Shows where every open rollout stands, or one rollout, open or ended."""
    world = options.connect(environment, store, region).wired.world
    ids = (RolloutId(rollout),) if rollout else world.store.list_open()
    if (stopped := read_stop(world)) is not None:
        output.narrate(f"{stopped}; canary start lets them go on")
    output.show_status(
        tuple(_loaded(world.store, rollout_id) for rollout_id in ids), world.clock.now(), as_json=as_json
    )


def history(
    rollout: options.Id = "",
    limit: Limit = 20,
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Lists the rollouts there were; with an id, every entry of its ledger."""
    world = options.connect(environment, store, region).wired.world
    if rollout:
        known = _loaded(world.store, RolloutId(rollout))
        output.show_ledger(world.store.read_ledger(known.id), as_json=as_json)
        return
    recent = tuple(_loaded(world.store, rollout_id) for rollout_id in world.store.list_recent(limit))
    output.show_rollouts(recent, as_json=as_json)


def audit(
    limit: Limit = 50,
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Lists what people did by hand outside of rollouts: aliases adopted, stops and starts, versions pruned."""
    world = options.connect(environment, store, region).wired.world
    output.show_notes(world.orders.list_notes(limit), as_json=as_json)


def report(
    html: Html,
    rollout: options.Id = "",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Writes one rollout's story as a page that needs nothing but a browser."""
    world = options.connect(environment, store, region).wired.world
    chosen = options.chosen_rollout(world.store, rollout)
    known = _loaded(world.store, chosen)
    recorded = world.store.read_recorded(chosen)
    story = report_rollout(known, world.store.read_ledger(chosen), recorded, now=world.clock.now())
    try:
        html.write_text(render_page(f"Release {chosen}", [render_release(story, recorded)]), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{html} cannot be written: {error.strerror}; choose another path with --html") from error
    output.say(f"{html}")


def _loaded(store: RolloutStore, rollout_id: RolloutId) -> Rollout:
    known = store.load_rollout(rollout_id)
    if known is None:
        raise ConfigError(f"there is no rollout {rollout_id}; canary history lists those there were")
    return known
