from pathlib import Path

from localcloud.engine.render import short_kind
from localcloud.resources.catalog import CATALOG

PAGE = Path(__file__).parents[3] / "docs" / "local-engine.md"
MARK = "<!-- types -->"


def listed() -> str:
    """The catalog as the page shows it: one line a module."""
    modules: dict[str, list[str]] = {}
    for kind in sorted(CATALOG):
        module, name = short_kind(kind).split(".")
        modules.setdefault(module, []).append(name)
    return "\n".join(f"- `{module}`: {', '.join(sorted(names))}" for module, names in sorted(modules.items()))


def test_the_page_lists_exactly_the_supported_types() -> None:
    """Run ``python -m tests.localcloud.engine.test_documentation`` to write the list anew."""
    _, _, rest = PAGE.read_text().partition(MARK)

    assert rest.strip().startswith(listed())
    assert rest.strip().removeprefix(listed()).lstrip().startswith("Provider functions")


if __name__ == "__main__":
    before, _, after = PAGE.read_text().partition(MARK)
    tail = after[after.index("Provider functions") :]
    PAGE.write_text(f"{before}{MARK}\n{listed()}\n\n{tail}")
