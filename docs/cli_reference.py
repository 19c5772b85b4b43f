"""Writes docs/cli.md from the commands themselves: ``python -m docs.cli_reference``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import typer

from canary.cli import app as canary

HEAD = """# Command reference

Written by `make docs` from the commands' own `--help`.

Exit codes of `canary`: 0 done, 1 the candidate was rolled back or the rollout aborted, 2 bad input or conflict,
75 AWS did not answer, 77 a permission is missing. stdout is the result, stderr the narration.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections("canary", typer.main.get_command(canary))])


def _sections(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    yield f"## {name}\n\n```\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for child, inner in command.commands.items():
            yield from _sections(f"{name} {child}", inner)


if __name__ == "__main__":
    page = Path(__file__).with_name("cli.md")
    page.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{page.name} written\n")
