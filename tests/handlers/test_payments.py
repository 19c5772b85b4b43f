from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handlers.payment_processor.payments import (
    PaymentStatus,
    decide,
    parse_order,
    parse_status,
)
from handlers.payment_processor.store import from_record, to_record
from handlers.shared.exact_json import Json, JsonNumber, parse_json
from handlers.shared.records import UnknownFormat
from handlers.shared.refusal import Refusal
from tests.handlers.events import order_text

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def body(amount: str = "12.30", **changed: str | None) -> dict[str, Json]:
    parsed = parse_json(order_text(amount, **changed))
    assert isinstance(parsed, dict)
    return parsed


@pytest.mark.parametrize("member", ["amount", "currency", "payment_method", "customer_id"])
def test_each_required_member_is_asked_for_by_name(member: str) -> None:
    """A3."""
    with pytest.raises(Refusal, match=f"required: {member}$"):
        parse_order({name: value for name, value in body().items() if name != member})


@pytest.mark.parametrize("value", ["", " x", "x" * 129, "x\n", "\ud800", "é"])
def test_a_token_of_other_characters_is_refused(value: str) -> None:
    with pytest.raises(Refusal, match="customer_id must be"):
        parse_order(body(customer_id=value))


@pytest.mark.parametrize("value", ["x" * 257, "two\nlines", "\ud800"])
def test_a_description_that_is_no_short_line_is_refused(value: str) -> None:
    with pytest.raises(Refusal, match="description must be"):
        parse_order(body(description=value))


def test_an_unknown_member_is_not_kept() -> None:
    assert parse_order(body(note="x")) == parse_order(body())


def test_orders_differ_by_the_text_of_their_amount() -> None:
    assert parse_order(body("12.3")).fingerprint() != parse_order(body("12.30")).fingerprint()


@pytest.mark.parametrize(("amount", "status"), [("9999.99", PaymentStatus.COMPLETED), ("10000", PaymentStatus.PENDING)])
def test_a_large_payment_waits_for_a_person(amount: str, status: PaymentStatus) -> None:
    decided = decide(parse_order(body(amount)), payment_id="pay_x", at=NOW, version="7")
    assert decided.status is status


def test_a_payment_shows_what_was_ordered_and_what_was_decided() -> None:
    shown = decide(parse_order(body(description="tea")), payment_id="pay_x", at=NOW, version="7").members()
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
    payment = decide(parse_order(body(description=description)), payment_id="pay_x", at=NOW, version="7")
    assert from_record(to_record(payment)) == payment


def test_a_record_of_an_unknown_format_is_not_guessed_at() -> None:
    payment = decide(parse_order(body()), payment_id="pay_x", at=NOW, version="7")
    with pytest.raises(UnknownFormat, match="record format 2"):
        from_record({**to_record(payment), "format": {"N": "2"}})


def test_a_payment_says_which_version_decided() -> None:
    payment = decide(parse_order(body()), payment_id="pay_x", at=NOW, version="7")
    assert replace(payment, version="8").members()["version"] == "8"


def test_an_unknown_status_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(Refusal, match="pending, completed"):
        parse_status("lost")
