"""docs/api.md says exactly what the OpenAPI document says; `make docs` writes it anew."""

from pathlib import Path

from docs.api_reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_what_the_document_says() -> None:
    assert (DOCS / "api.md").read_text(encoding="utf-8") == reference(), "run: make docs"
