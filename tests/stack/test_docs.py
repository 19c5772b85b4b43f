"""docs/deploying.md says what is so."""

import re

from stack.cost import compare, render
from stack.estimate import Load
from stack.settings import CHECKOUT, DEFAULTS, Environment

DOCUMENT = (CHECKOUT / "docs" / "deploying.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_one_that_the_program_has() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCUMENT, flags=re.MULTILINE))
    cells = {
        key: [f"`{DEFAULTS[each][key]}`" if DEFAULTS[each][key] else "-" for each in Environment]
        for key in DEFAULTS[Environment.DEV]
    }
    assert told == {key: " | ".join(each) for key, each in cells.items()}


def test_the_bill_is_the_one_that_the_command_prints() -> None:
    assert render(compare("prod", Load(), {})) in DOCUMENT
