"""The engine's commands: apply, preview, destroy, refresh and outputs of one environment on the embedded cloud."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from localcloud.engine import deploy as engine
from localcloud.engine.endpoint import find_target
from localcloud.engine.errors import EngineError
from localcloud.engine.events import Emit
from localcloud.engine.jobs import Result
from localcloud.engine.project import load_project, stack_named
from localcloud.engine.render import Progress, print_result, result_document, shown_outputs

Environment = Annotated[str, typer.Option("--env", help="The stack, as in Pulumi.NAME.yaml.", show_default=False)]
Program = Annotated[Path, typer.Option("--program", help="The folder with Pulumi.yaml, or one below it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Unprotect = Annotated[bool, typer.Option("--unprotect", help="Delete protected resources too.")]
Secrets = Annotated[bool, typer.Option("--show-secrets", help="Print secret outputs in plain text.")]
Setting = Annotated[list[str], typer.Option("--config", help="KEY=VALUE; wins over Pulumi.ENV.yaml. Repeatable.")]

_HERE = Path()


def apply(
    env: Environment,
    program: Program = _HERE,
    config: Setting = [],  # noqa: B006 - typer reads the default, nothing changes it
    yes: Yes = False,
    as_json: AsJson = False,
    show_secrets: Secrets = False,
) -> None:
    """Run the Pulumi program and bring the embedded cloud to what it declares."""
    del yes  # accepted so that scripts can say it to every command; an apply asks nothing
    with _one_line_errors():
        env = stack_named(program, env)
        result = _deployed(env, program, config, preview=False)
        _print(result, env, f"apply {env}", as_json=as_json, show_secrets=show_secrets)


def preview(
    env: Environment,
    program: Program = _HERE,
    config: Setting = [],  # noqa: B006 - the same
    as_json: AsJson = False,
    show_secrets: Secrets = False,
) -> None:
    """Show what apply would do, and change nothing."""
    with _one_line_errors():
        env = stack_named(program, env)
        result = _deployed(env, program, config, preview=True)
        _print(result, env, f"preview {env}", as_json=as_json, show_secrets=show_secrets)


def destroy(
    env: Environment,
    program: Program = _HERE,
    yes: Yes = False,
    unprotect: Unprotect = False,
    as_json: AsJson = False,
) -> None:
    """Delete every resource of the environment from the embedded cloud."""
    with _one_line_errors():
        env = stack_named(program, env)
        target = find_target(load_project(program, env).root)
        if not yes and not _confirmed(f"Delete everything of {env} at {target.endpoint}?"):
            raise EngineError("nothing was deleted: say --yes, or answer y")
        result = _narrated(lambda emit: engine.destroy(program, env, target, unprotect=unprotect, emit=emit))
        _print(result, env, f"destroy {env}", as_json=as_json, show_secrets=False)


def refresh(
    env: Environment,
    program: Program = _HERE,
    as_json: AsJson = False,
) -> None:
    """Bring the state to what the embedded cloud really has; the cloud is not changed."""
    with _one_line_errors():
        env = stack_named(program, env)
        target = find_target(load_project(program, env).root)
        result = _narrated(lambda emit: engine.refresh(program, env, target, emit=emit))
        _print(result, env, f"refresh {env}", as_json=as_json, show_secrets=False)


def outputs(
    env: Environment,
    program: Program = _HERE,
    as_json: AsJson = False,
    show_secrets: Secrets = False,
) -> None:
    """Print the outputs of the last apply."""
    with _one_line_errors():
        env = stack_named(program, env)
        result = engine.read_outputs(program, env)
        values = shown_outputs(result, show_secrets=show_secrets)
        if as_json:
            _print_json(values)
        else:
            for name, value in values.items():
                typer.echo(f"{name} = {value if isinstance(value, str) else json.dumps(value)}")


def _deployed(env: str, program: Path, config: list[str], *, preview: bool) -> Result:
    extra = dict(_setting(text) for text in config)
    target = find_target(load_project(program, env, extra).root)
    return _narrated(
        lambda emit: engine.deploy(
            program,
            env,
            target.endpoint,
            instance=target.instance,
            preview=preview,
            extra_config=extra,
            emit=emit,
        )
    )


def _setting(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise EngineError(f"--config {text}: wanted KEY=VALUE")
    return key, value


def _narrated(run: Callable[[Emit], Result]) -> Result:
    with Progress(Console(stderr=True)).shown() as emit:
        return run(emit)


def _print(result: Result, env: str, title: str, *, as_json: bool, show_secrets: bool) -> None:
    if as_json:
        _print_json(result_document(result, env, show_secrets=show_secrets))
    else:
        print_result(Console(), result, title=title, show_secrets=show_secrets)


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2))


def _confirmed(question: str) -> bool:
    return sys.stdin.isatty() and typer.confirm(question)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as interrupt:
        typer.echo("interrupted: what was applied is in the state; run the command again to go on", err=True)
        raise typer.Exit(130) from interrupt
