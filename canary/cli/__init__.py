"""The `canary` command: one module a verb family, and the live view.

stdout is the result, stderr the narration. Exit codes: 0 done, 1 the candidate was rolled back or the rollout aborted,
2 bad input or conflict, 75 AWS did not answer, 77 a permission is missing.
"""

import sys
from collections.abc import Sequence
from importlib import metadata
from itertools import pairwise
from typing import Annotated

import typer
from typer.exceptions import TyperException

from canary.cli import control, doctor, judge, look, orders, output, prune, release
from canary.core.errors import AccessDenied, CanaryError, ConfigError, RolloutConflict, StaleWrite, Unavailable

app = typer.Typer(
    help="Shift traffic between two versions of Lambda functions, judge the new one, promote it or roll it back.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        output.say(f"canary {metadata.version('lambda-bluegreen')}")
        raise typer.Exit


@app.callback()
def options_of_all(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tells the version and ends.")
    ] = False,
) -> None:
    """What holds for every command."""


app.command()(release.plan)
app.command()(release.release)
app.command()(release.retry)
app.command()(release.watch)
app.command()(look.status)
app.command()(look.history)
app.command()(look.report)
app.command()(judge.judge)
app.command()(control.promote)
app.command("skip-step")(control.skip_step)
app.command("approve")(control.approve)
app.command("pause")(control.pause)
app.command("resume")(control.resume)
app.command()(control.abort)
app.command()(control.undo)
app.command()(orders.stop)
app.command()(orders.start)
app.command()(orders.hook_answer)
app.command()(doctor.doctor)
app.command()(doctor.adopt)
app.command()(prune.prune)
app.command()(look.audit)


def main() -> None:
    """Runs the command; every expected failure is one line on stderr and an exit code."""
    try:
        _refuse_empty(sys.argv[1:])
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except TyperException as misuse:
        code = _tell(misuse.format_message().rstrip(".") + _see_help(misuse), misuse.exit_code)
    except CanaryError as error:
        code = _tell(str(error), exit_code(error))
    sys.exit(code)


def _refuse_empty(arguments: Sequence[str]) -> None:
    """An empty word is most likely a variable that nobody set: it must not be taken for a word left out."""
    for before, argument in pairwise(["the first word", *arguments]):
        if not argument.strip():
            raise ConfigError(f"{before} has no value: give it one, or leave it out")
        if argument.startswith("--") and argument.endswith("="):
            raise ConfigError(f"{argument[:-1]} has no value: give it one, or leave it out")


def _see_help(misuse: TyperException) -> str:
    context = getattr(misuse, "ctx", None)
    return f"; see {context.command_path} --help" if context is not None else ""


def _tell(text: str, code: int) -> int:
    print(f"canary: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201 - the one place where errors are told
    return code


def exit_code(error: CanaryError) -> int:
    """The exit code of a failure, by who must act on it (sysexits.h: 75 EX_TEMPFAIL, 77 EX_NOPERM)."""
    match error:
        case ConfigError() | RolloutConflict() | StaleWrite():
            return 2
        case Unavailable():
            return 75
        case AccessDenied():
            return 77
        case _:
            return 70
