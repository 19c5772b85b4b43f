from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handlers.payment_processor.payments import (
    PaymentStatus,
    decide,
    parse_status,
)
from handlers.payment_processor.store import from_record, to_record
from handlers.shared.exact_json import JsonNumber, parse_json
from handlers.shared.order import Order, Party, parse_order
from handlers.shared.records import UnknownFormat
from handlers.shared.refusal import Refusal
from tests.handlers.events import order_text

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def order(amount: str = "12.30", description: str | None = None) -> Order:
    parsed = parse_json(order_text(amount, description=description))
    assert isinstance(parsed, dict)
    return parse_order(parsed, Party.CUSTOMER)


@pytest.mark.parametrize(("amount", "status"), [("9999.99", PaymentStatus.COMPLETED), ("10000", PaymentStatus.PENDING)])
def test_a_large_payment_waits_for_a_person(amount: str, status: PaymentStatus) -> None:
    decided = decide(order(amount), payment_id="pay_x", at=NOW, version="7")
    assert decided.status is status


def test_a_payment_shows_what_was_ordered_and_what_was_decided() -> None:
    shown = decide(order(description="tea"), payment_id="pay_x", at=NOW, version="7").members()
    assert shown == {
        "payment_id": "pay_x",
        "amount": JsonNumber("12.30"),
        "currency": "USD",
        "payment_method": "card_tok",
        "customer_id": "c-1",
        "description": "tea",
        "status": "completed",
        "fee_minor": 37,
        "created_at": "2026-11-21T12:00:00.000000Z",
        "version": "7",
    }


@pytest.mark.parametrize("description", [None, "tea"])
def test_a_record_keeps_the_whole_payment(description: str | None) -> None:
    payment = decide(order(description=description), payment_id="pay_x", at=NOW, version="7")
    assert from_record(to_record(payment)) == payment


def test_a_record_of_an_unknown_format_is_not_guessed_at() -> None:
    payment = decide(order(), payment_id="pay_x", at=NOW, version="7")
    with pytest.raises(UnknownFormat, match="record format 2"):
        from_record({**to_record(payment), "format": {"N": "2"}})


def test_a_payment_says_which_version_decided() -> None:
    payment = decide(order(), payment_id="pay_x", at=NOW, version="7")
    assert replace(payment, version="8").members()["version"] == "8"


def test_an_unknown_status_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(Refusal, match="pending, completed"):
        parse_status("lost")
