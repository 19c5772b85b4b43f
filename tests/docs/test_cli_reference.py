"""docs/cli.md says exactly what the commands say of themselves; `make docs` writes it anew."""

from pathlib import Path

from docs.cli_reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_what_the_commands_say() -> None:
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == reference(), "run: make docs"
