"""The commands of docs/payments.md that replay dead letters name what the stack makes."""

import re
from pathlib import Path

import pytest

from stack.grants import FUNCTIONS, fifo_name
from stack.naming import Place

TEXT = (Path(__file__).parents[2] / "docs" / "payments.md").read_text(encoding="utf-8")
COMMANDS = [line.split() for line in TEXT.splitlines() if line.startswith("    python -m handlers.dead_letters ")]
DEV = Place(environment="dev", account="1", region="us-east-1", cost_centre="-", data_classification="-")
FUNCTION = {f"{DEV.name('function', each)}:live" for each in FUNCTIONS}
FUNCTION_LETTERS = {DEV.name("queue", f"{each}-dead") for each in FUNCTIONS}
FLOW = {fifo_name(DEV, f"{each}-dead"): fifo_name(DEV, each) for each in ("transaction-processing", "notifications")}


def option(command: list[str], name: str) -> str | None:
    return command[command.index(name) + 1] if name in command else None


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_names_what_the_stack_makes(command: list[str]) -> None:
    queue, function, table = (option(command, name) for name in ("--queue", "--function", "--table"))
    assert queue in {None, *FUNCTION_LETTERS, *FLOW}
    assert function in {None, *FUNCTION}
    assert table in {None, DEV.name("table", "fraud-alerts")}
    assert option(command, "--to") == (FLOW.get(queue or "") if "replay" in command else None)


def test_every_queue_of_the_flow_has_its_command() -> None:
    assert {option(command, "--queue") for command in COMMANDS if "--to" in command} == FLOW.keys()
    assert re.search(r"queue-<function>-dead-<environment>", TEXT)
