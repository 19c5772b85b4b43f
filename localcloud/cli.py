"""The `localcloud` command: the embedded cloud of the current folder, and the engine that applies a program to it.

stdout is the result, stderr the narration. Exit codes: 0 done, 1 a resource could not be applied, 2 bad input or
conflict, 70 the server broke, 75 no cloud is up, 130 interrupted. The engine's commands are imported when they are
used, because it takes its time.
"""

import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from localcloud import instance, lifecycle
from localcloud.functions.runtime_client import WITHOUT_IT, has_runtime_client
from localcloud.instance import Instance
from localcloud.lifecycle import UNAVAILABLE, CommandFailed, Wish
from localcloud.settings import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY

_ENGINE: Final = ("apply", "preview", "destroy", "refresh", "outputs")
_FOLDER: Final = Path()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


class _WithEngine(TyperGroup):
    """The commands of this module and those of `localcloud.engine.cli`."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return [*super().list_commands(ctx), *_ENGINE]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401 - click's own type, vendored by typer
        if cmd_name not in _ENGINE:
            return super().get_command(ctx, cmd_name)
        made = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        made.command(name=cmd_name)(getattr(importlib.import_module("localcloud.engine.cli"), cmd_name))
        return typer.main.get_command(made)


app = typer.Typer(
    cls=_WithEngine,
    help="AWS on localhost, for the current folder.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def up(
    port: Annotated[str | None, typer.Option(help="A port, or auto; 4566 or else a free one by default.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Seconds of alarm time that pass in a second, 1 to 60 [default: 1].")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Repeat the draws of weighted aliases.")] = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay, and end on Ctrl-C.")] = False,
) -> None:
    """Start the embedded cloud; if it is up already, say where."""
    wish = Wish(port=lifecycle.parse_port(port), speed=lifecycle.require_speed(speed), seed=seed)
    found = instance.running(_FOLDER)
    if found is not None:
        lifecycle.require_same(found, wish)
        _say(f"already up at {found.endpoint} (pid {found.pid})")
        return
    started = lifecycle.start(_FOLDER, wish, foreground=foreground)
    if started.note:
        _say(started.note)
    _say(f"up at {started.instance.endpoint} (pid {started.instance.pid})")
    if not has_runtime_client():
        _say(WITHOUT_IT)
    _say('next: eval "$(localcloud env)"')
    if foreground:
        lifecycle.wait_for_the_end(_FOLDER, started)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Tell whether the embedded cloud is up, where, since when, and what it runs."""
    told = instance.told_by(_running())
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    since = datetime.fromtimestamp(told["started"], UTC).astimezone()
    typer.echo(f"up at         {told['endpoint']}")
    typer.echo(f"pid           {told['pid']}, since {since:%Y-%m-%d %H:%M:%S}")
    typer.echo(f"functions     {told['functions']}")
    typer.echo(f"environments  {told['environments']['busy']} busy, {told['environments']['idle']} idle")
    typer.echo(f"speed, seed   {told['speed']:g}, {told['seed']}")
    typer.echo(f"versions      localcloud {told['version']}, ministack {told['ministack']}")


@app.command()
def env(as_json: AsJson = False) -> None:
    """Print what points an AWS client here, for `eval "$(localcloud env)"`."""
    variables = {
        "AWS_ENDPOINT_URL": _running().endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_REGION": DEFAULT_REGION,
    }
    if as_json:
        typer.echo(json.dumps(variables, indent=2))
        return
    typer.echo("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in variables.items():
        typer.echo(f"export {name}={value}")


@app.command()
def logs(
    function: Annotated[str | None, typer.Argument(help="A function's name; the server's own log without it.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is added.")] = False,
) -> None:
    """Print the log of a function, or of the server."""
    from localcloud import logs as reading  # noqa: PLC0415 - boto3 takes its time

    found = _running()
    lines = (
        reading.function_lines(found.endpoint, function, follow=follow)
        if function
        else reading.file_lines(lifecycle.log_file(_FOLDER), follow=follow)
    )
    for line in lines:
        typer.echo(line)


@app.command()
def down() -> None:
    """End the embedded cloud and everything in it; when none is up, that is fine too."""
    ended = lifecycle.stop(_FOLDER)
    _say(f"ended {ended.endpoint} (pid {ended.pid})" if ended else "nothing is up here")


def main() -> None:
    """Runs the command; every expected failure is one line on stderr and an exit code."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except TyperException as misuse:
        context = getattr(misuse, "ctx", None)
        told = " ".join(misuse.format_message().split()).rstrip(".")
        _say(f"localcloud: {told}; see {context.command_path if context else 'localcloud'} --help")
        code = misuse.exit_code
    except typer.Abort:
        _say("localcloud: nothing was done")
        code = 130
    except CommandFailed as failed:
        _say(f"localcloud: {failed}")
        code = failed.exit_code
    sys.exit(code)


def _running() -> Instance:
    found = instance.running(_FOLDER)
    if found is None:
        raise CommandFailed("no embedded cloud is up here: type `localcloud up`", UNAVAILABLE)
    return found


def _say(text: str) -> None:
    typer.echo(text, err=True)
