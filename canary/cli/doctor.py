"""`canary doctor`, `adopt`: what stands in the way of a safe release, and an alias put right."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from canary.adopting import adopt_alias
from canary.cli import options, output
from canary.config import parse_place, parse_request
from canary.core.doctor import examine, is_clean
from canary.core.errors import ConfigError
from canary.core.orders import AdoptTo
from canary.core.request import ReleaseRequest, TargetRequest
from canary.examining import look_around

Functions = Annotated[
    list[str], typer.Option("--function", "-f", help="A function, or FUNCTION:ALIAS; may be given several times.")
]
OneFunction = Annotated[str, typer.Argument(help="FUNCTION, or FUNCTION:ALIAS [default alias: live].")]
To = Annotated[AdoptTo, typer.Option("--to", help="Which version shall serve alone: the main one or the other.")]


def doctor(
    environment: options.Environment = "",
    config: options.Config = None,
    functions: Functions = [],  # noqa: B006 - typer reads the default, nobody writes it
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Finds what defeats a release or its rollback, and says what mends it. Changes nothing; exit code 1 if anything.

    Looks at aliases, versions, event sources, REST APIs, permissions, alarms, open rollouts and the caller's rights;
    with --config at what that release needs beside: its hooks, alarms, notices and warm capacity.
    """
    session = options.connect(environment, store, region)
    wired = session.wired
    facts = look_around(wired.world, wired.surveyor(), _request(session, config, functions), wired.store_table)
    findings = examine(facts, where=wired.where)
    output.show_findings(findings, looked_at=len(facts.functions), as_json=as_json)
    if not is_clean(findings):
        raise typer.Exit(1)


def adopt(
    function: OneFunction,
    to: To,
    why: options.Why = "no reason was given",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
) -> None:
    """Puts an alias right that was left with two versions: one write, refused while a rollout holds the alias."""
    world = options.connect(environment, store, region).wired.world
    name, alias = parse_place(function)
    serves = adopt_alias(world, name, alias, to=to, by=options.caller(), why=why)
    output.say(f"alias {name}:{alias} {'serves one version already' if serves is None else f'serves {serves} now'}")


def _request(session: options.Session, config: Path | None, functions: Sequence[str]) -> ReleaseRequest:
    """The release whose ground is looked at."""
    tables, where = options.release_file(config)
    named = tuple(TargetRequest(function=name, alias=alias) for name, alias in map(parse_place, functions))
    published = session.published.targets if session.published is not None else ()
    if not (named or published or tables.get("targets")):
        raise ConfigError("what shall be looked at? name a function (--function NAME) or an environment (--env dev)")
    request = parse_request(tables, where, by=options.caller(), targets=named or published)
    return options.guarded(replace(request, targets=named or request.targets), session.published)
