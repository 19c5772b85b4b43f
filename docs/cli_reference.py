"""Writes docs/cli.md from the commands themselves: ``python -m docs.cli_reference``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from canary.cli import app as canary
from localcloud.cli import app as localcloud

HEAD = """# Command reference

Written by `make docs` from the commands' own `--help`.

Exit codes of `canary`: 0 done, 1 the candidate was rolled back or the rollout aborted, 2 bad input or conflict,
75 AWS did not answer, 77 a permission is missing. Those of `localcloud`: 0 done, 1 a resource could not be applied,
2 bad input or conflict, 70 the server broke, 75 no cloud is up, 130 interrupted. stdout is the result, stderr the
narration.
"""
WIDTH = 100


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections("canary", canary), *_sections("localcloud", localcloud)])


def _sections(name: str, app: typer.Typer) -> Iterator[str]:
    yield _section(name, app, [])
    for command in app.registered_commands:
        assert command.callback is not None
        spoken = command.name or command.callback.__name__.replace("_", "-")
        yield _section(f"{name} {spoken}", app, [spoken])


def _section(title: str, app: typer.Typer, words: list[str]) -> str:
    told = CliRunner().invoke(app, [*words, "--help"], prog_name=title.split(maxsplit=1)[0], terminal_width=WIDTH)
    assert told.exit_code == 0, f"{title} --help ended with {told.exit_code}"
    return f"## {title}\n\n```\n{told.output.strip()}\n```\n"


if __name__ == "__main__":
    page = Path(__file__).with_name("cli.md")
    page.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{page.name} written\n")
