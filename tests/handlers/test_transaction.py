"""The transaction's life as a pure state machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.exact_json import JsonNumber
from handlers.shared.money import Currency, parse_amount
from handlers.shared.order import Order, Party
from handlers.transactions.store import from_record, to_record
from handlers.transactions.transaction import (
    FraudVerdict,
    Transaction,
    TransactionStatus,
)

EVENTS = ["processed", FraudVerdict.FRAUD, FraudVerdict.CLEAR]


def opened(amount: str = "10", description: str | None = None) -> Transaction:
    order = Order(
        amount=parse_amount(JsonNumber(amount)),
        currency=Currency.EUR,
        payment_method="card_tok",
        party=Party.MERCHANT,
        party_id="merchant-1",
        description=description,
    )
    return Transaction.opened("txn_x", order, at="1", version="7")


def after(transaction: Transaction, *events: str) -> Transaction:
    for number, event in enumerate(events, start=2):
        if event == "processed":
            transaction = transaction.processed(at=str(number), version="8")
        else:
            transaction = transaction.judged(FraudVerdict(event), at=str(number), version="8")
    return transaction


@pytest.mark.parametrize(
    ("amount", "events", "status"),
    [
        ("999.99", [], TransactionStatus.PENDING),
        ("999.99", ["processed"], TransactionStatus.SETTLED),
        ("1000", ["processed"], TransactionStatus.REVIEW),
        ("1000", ["processed", "clear"], TransactionStatus.SETTLED),
        ("1000", ["clear"], TransactionStatus.PENDING),
        ("1000", ["clear", "processed"], TransactionStatus.SETTLED),
        ("1000", ["processed", "fraud"], TransactionStatus.BLOCKED),
        ("999.99", ["fraud", "processed"], TransactionStatus.BLOCKED),
        ("999.99", ["processed", "fraud"], TransactionStatus.SETTLED),
        ("1000", ["fraud", "clear"], TransactionStatus.BLOCKED),
    ],
)
def test_a_transaction_goes_the_documented_ways(amount: str, events: list[str], status: TransactionStatus) -> None:
    assert after(opened(amount), *events).status is status


@given(st.sampled_from(["999.99", "1000"]), st.lists(st.sampled_from(EVENTS)))
def test_no_order_of_events_settles_twice_or_both_settles_and_blocks(amount: str, events: list[str]) -> None:
    """No double settlement, whatever is retried or redelivered."""
    passed = [change.status for change in after(opened(amount), *events).history]
    assert passed.count(TransactionStatus.SETTLED) + passed.count(TransactionStatus.BLOCKED) <= 1


@given(st.sampled_from(["999.99", "1000"]), st.lists(st.sampled_from(EVENTS)), st.sampled_from(EVENTS))
def test_what_is_final_stays_as_it_is(amount: str, events: list[str], late: str) -> None:
    reached = after(opened(amount), *events)
    assert not reached.is_final or after(reached, late) == reached


@given(st.sampled_from(["999.99", "1000"]), st.lists(st.sampled_from(EVENTS)), st.sampled_from(EVENTS))
def test_the_same_event_twice_is_the_event_once(amount: str, events: list[str], again: str) -> None:
    once = after(opened(amount), *events, again)
    assert after(once, again) == once


@given(st.sampled_from(["999.99", "1000"]), st.lists(st.sampled_from(EVENTS)))
def test_history_grows_by_one_line_a_change_and_is_never_rewritten(amount: str, events: list[str]) -> None:
    transaction = opened(amount)
    for event in events:
        changed = after(transaction, event)
        assert changed.history[: len(transaction.history)] == transaction.history
        assert len(changed.history) - len(transaction.history) == (changed.status is not transaction.status)
        transaction = changed


@given(
    st.sampled_from(["999.99", "1000", "12.30"]), st.lists(st.sampled_from(EVENTS)), st.sampled_from([None, "tickets"])
)
def test_a_record_keeps_the_whole_transaction(amount: str, events: list[str], description: str | None) -> None:
    transaction = after(opened(amount, description), *events)
    assert from_record(to_record(transaction)) == transaction
