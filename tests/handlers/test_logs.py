from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from handlers.shared.logs import InvocationFailed, logged
from tests.handlers.events import Context

log = logging.getLogger("handlers.test")
CARD = "4242 4242 4242 4242"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_names_the_invocation_and_its_extra_members(capsys: pytest.CaptureFixture[str]) -> None:
    @logged
    def handler(_event: object, _context: object) -> None:
        log.warning("slow %s", "day", extra={"payment_id": "pay_x"})

    handler({}, Context())
    (line,) = lines(capsys)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "message": "slow day",
        "function": "payments",
        "version": "7",
        "request_id": "request-1",
        "payment_id": "pay_x",
    }


def test_card_data_is_masked_wherever_a_line_could_hold_it(capsys: pytest.CaptureFixture[str]) -> None:
    @logged
    def handler(_event: object, _context: object) -> None:
        log.info("paid with %s", CARD, extra={"body": {"card": CARD}})
        try:
            int(CARD)
        except ValueError:
            log.exception(CARD)

    handler({}, Context())
    printed = capsys.readouterr().out
    assert "4242" not in printed
    assert printed.count("[card data]") == 4


def test_an_exception_is_replaced_by_one_that_tells_only_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Lambda prints the text of what a handler raises, and keeps it with the dead letter."""

    @logged
    def handler(_event: object, _context: object) -> None:
        raise KeyError(CARD)

    with pytest.raises(InvocationFailed, match="KeyError; see the log of request request-1") as raised:
        handler({}, Context())
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    (line,) = lines(capsys)
    assert line["error"].endswith("KeyError: '[card data]'")


def test_lines_of_two_invocations_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    @logged
    def handler(_event: object, _context: object) -> None:
        log.info("here")

    handler({}, Context(aws_request_id="a"))
    log.info("between")
    handler({}, Context(aws_request_id="b"))
    assert [line.get("request_id") for line in lines(capsys)] == ["a", None, "b"]
