from __future__ import annotations

import base64
import json

import pytest

from handlers.payment_processor.cursor import Cursor, parse_cursor
from handlers.shared.refusal import Refusal

PAYMENT_ID = "pay_abcdefghijklmnopqrstuvwxyz"
AFTER_STATUS = Cursor(
    (("created_at", "2026-11-21T12:00:00.000000Z"), ("payment_id", PAYMENT_ID), ("status", "pending"))
)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_cursor_survives_the_way_through_the_caller() -> None:
    assert parse_cursor(AFTER_STATUS.encoded(), status="pending") == AFTER_STATUS


def test_the_last_page_has_no_cursor() -> None:
    assert Cursor.from_key(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%%%",
        "é",
        encoded("[]"),
        encoded("{}"),
        encoded('{"payment_id":1}'),
        encoded('{"payment_id":""}'),
        encoded('{"payment_id":{}}'),
        encoded('{"payment_id":"\\ud800"}'),
        encoded('{"payment_id":"pay_x"}'),
        encoded('{"payment_id":"' + "a" * 300 + '"}'),
        encoded('{"payment_id":"a","status":"b"}'),
        encoded("[" * 300),
        AFTER_STATUS.encoded(),
        "A" * 513,
    ],
)
def test_what_is_no_cursor_of_the_listing_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="next_cursor of an earlier page"):
        parse_cursor(text, status=None)


@pytest.mark.parametrize("part", ["created_at", "payment_id", "status"])
def test_a_cursor_that_was_changed_is_refused(part: str) -> None:
    """DynamoDB does not take a lone surrogate, nor a text of its own as a time: that was a fault."""
    changed = json.dumps(dict(AFTER_STATUS.parts) | {part: "\ud800"})
    with pytest.raises(Refusal, match="next_cursor of an earlier page"):
        parse_cursor(encoded(changed), status="pending")


def test_a_cursor_of_another_status_is_refused() -> None:
    with pytest.raises(Refusal, match="next_cursor of an earlier page"):
        parse_cursor(AFTER_STATUS.encoded(), status="completed")
