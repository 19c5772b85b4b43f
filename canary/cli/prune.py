"""`canary prune`: old versions go, when somebody says so."""

from typing import Annotated

import typer

from canary.cli import options, output
from canary.config import parse_place
from canary.core.errors import ConfigError
from canary.core.model import FunctionName
from canary.core.prune import KEPT, Retention
from canary.parsing import parse_duration
from canary.pruning import plan_pruning, prune_versions

Functions = Annotated[
    list[str], typer.Option("--function", "-f", help="A function; may be given several times [default: the stack's].")
]
Keep = Annotated[int, typer.Option(help="How many of the newest versions stay in any case.")]
MinAge = Annotated[str, typer.Option(help="Younger versions stay in any case.")]
Yes = Annotated[bool, typer.Option("--yes", help="Delete; without it nothing is changed.")]


def prune(
    environment: options.Environment = "",
    functions: Functions = [],  # noqa: B006 - typer reads the default, nobody writes it
    keep: Keep = KEPT,
    min_age: MinAge = "24h",
    yes: Yes = False,
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Shows which old versions may go, and deletes them with --yes.

    Kept are the newest ones, young ones, those that an alias refers to, and those that a rollout or an undo needs.
    """
    session = options.connect(environment, store, region)
    wired, retention = session.wired, Retention(kept=keep, min_age=parse_duration(min_age))
    keeper = wired.version_keeper()
    pruned = []
    for function in _functions(functions, session):
        fates = plan_pruning(wired.world, keeper, function, retention)
        gone = prune_versions(wired.world, keeper, function, fates, by=options.caller()) if yes else None
        pruned.append(output.Pruned(function=function, fates=fates, gone=gone))
    output.show_pruned(pruned, as_json=as_json)


def _functions(named: list[str], session: options.Session) -> tuple[FunctionName, ...]:
    if named:
        return tuple(parse_place(name)[0] for name in named)
    if session.published is None:
        raise ConfigError("whose versions? name a function (--function NAME) or an environment (--env dev)")
    return tuple(dict.fromkeys(target.function for target in session.published.targets))
