"""The options that several commands share, and what they lead to."""

import getpass
import os
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from canary.config import PublishedStack, parse_destinations, parse_place, parse_request, read_release_file
from canary.core.errors import ConfigError
from canary.core.model import AliasName, RolloutId, Version
from canary.core.request import ReleaseRequest, TargetRequest
from canary.ports import RolloutStore
from canary.wiring import Wired, connect_clients, read_published, wire

NOTICES_WITHIN: Final = timedelta(seconds=10)
"""How long a command that is done waits for its notices to be sent."""

HOOKS_WITHIN: Final = timedelta(hours=1)
"""How long a command waits for on-rollback hooks at most, whatever their deadlines are."""

Environment = Annotated[
    str, typer.Option("--env", "-e", envvar="CANARY_ENV", help="The environment whose stack is released.")
]
Store = Annotated[
    str,
    typer.Option(
        envvar="CANARY_STORE", help="DynamoDB table of rollouts; by default the one that the stack published."
    ),
]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="A rollout.toml.", show_default=False)]
Region = Annotated[str, typer.Option(help="AWS region; by default the ordinary AWS settings decide.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the ledger.")]
Id = Annotated[str, typer.Argument(help="The rollout; may be left out while only one is open.", show_default=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A wired controller, and what the stack of the chosen environment published, if one was chosen."""

    wired: Wired
    published: PublishedStack | None


def connect(environment: str, store: str, region: str) -> Session:
    """The session that the shared options ask for.

    Raises:
        ConfigError: neither an environment nor a table was named.
    """
    clients = connect_clients(region or None)
    published = read_published(clients, environment) if environment else None
    table = store or (published.store if published is not None else "")
    if not table:
        raise ConfigError("where are the rollouts kept? name an environment (--env dev) or a table (--store NAME)")
    wired = wire(clients, table, where=_where(environment, store, region))
    return Session(wired=wired, published=published)


def _where(environment: str, store: str, region: str) -> str:
    """The options with which the next command finds the same rollouts."""
    given = {"--env": environment, "--store": store, "--region": region}
    return " ".join(f"{option} {value}" for option, value in given.items() if value)


def chosen_rollout(store: RolloutStore, rollout_id: str) -> RolloutId:
    """The rollout named, or the only one that is open.

    Raises:
        ConfigError: none was named, and not exactly one is open.
    """
    if rollout_id:
        return RolloutId(rollout_id)
    open_rollouts = store.list_open()
    if len(open_rollouts) == 1:
        return open_rollouts[0]
    if not open_rollouts:
        raise ConfigError("no rollout is open; name an ended one (canary history lists them)")
    raise ConfigError(f"{len(open_rollouts)} rollouts are open ({', '.join(open_rollouts)}); name one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of a release on the command line; they outrank those of the file."""

    config: Path | None
    functions: tuple[str, ...]
    alias: str
    candidate: str
    preview_alias: str
    strategy: str
    bake: str
    hold_back: str
    min_requests: int | None
    hold_limit: str
    tick: str
    alarms: tuple[str, ...]
    gate: str
    notify: tuple[str, ...]
    why: str
    fix_forward: str


def release_file(config: Path | None) -> tuple[dict[str, Any], str]:
    """The tables of a rollout.toml, none without one, and what to call them in an error."""
    return ({}, "command line") if config is None else (dict(read_release_file(config)), str(config))


def request_of(asked: Asked, published: PublishedStack | None) -> ReleaseRequest:
    """The request that file, command line and published stack make together."""
    tables, where = release_file(asked.config)
    told: dict[str, Any] = {
        "strategy": asked.strategy or None,
        "bake": asked.bake or None,
        "hold_back": asked.hold_back or None,
        "min_requests": asked.min_requests,
        "hold_limit": asked.hold_limit or None,
        "tick": asked.tick or None,
        "reason": asked.why or None,
    }
    tables |= {key: value for key, value in told.items() if value is not None}
    if asked.strategy:
        tables.pop("steps", None)
    if asked.gate:
        gate = {"name": "gate", "stage": "before-traffic", "run": asked.gate}
        tables["hooks"] = [*tables.get("hooks", []), gate]
    if asked.alarms:
        tables["alarms"] = [*tables.get("alarms", []), *asked.alarms]
    request = parse_request(tables, where, by=caller(), targets=_named_targets(asked, published))
    if asked.functions:
        request = replace(request, targets=_named_targets(asked, published))
    told_to = (*request.notify, *parse_destinations(asked.notify))
    return guarded(replace(request, fix_forward=asked.fix_forward or None, notify=told_to), published)


def guarded(request: ReleaseRequest, published: PublishedStack | None) -> ReleaseRequest:
    """The request with the alarms, freeze windows and destinations that the stack publishes for every release."""
    if published is None:
        return request
    return replace(
        request,
        alarms=tuple(dict.fromkeys((*request.alarms, *published.alarms))),
        freeze=tuple(dict.fromkeys((*request.freeze, *published.freeze))),
        notify=tuple(dict.fromkeys((*request.notify, *published.notify))),
    )


def caller() -> str:
    """Who asks, for the ledger: the CI job where there is one, else the user's name."""
    for variable in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER"):
        if name := os.environ.get(variable):
            return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _named_targets(asked: Asked, published: PublishedStack | None) -> tuple[TargetRequest, ...]:
    candidate = Version(asked.candidate) if asked.candidate else None
    if asked.functions:
        preview = AliasName(asked.preview_alias) if asked.preview_alias else None
        return tuple(
            TargetRequest(function=function, alias=alias, preview_alias=preview, candidate=candidate)
            for function, alias in (parse_place(name, asked.alias) for name in asked.functions)
        )
    targets = published.targets if published is not None else ()
    return tuple(replace(target, candidate=candidate or target.candidate) for target in targets)
