"""Transactions on a real table: a decision about an old state is never written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from handlers.shared import clients
from handlers.shared.identity import random_id
from handlers.shared.records import UnknownFormat, number
from handlers.transactions.store import Contended, TransactionStore, from_record, to_record
from handlers.transactions.transaction import FraudVerdict, Transaction
from tests.handlers.test_transaction import opened

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def store(transactions_table: str) -> TransactionStore:
    return TransactionStore(dynamodb=clients.dynamodb(), table=transactions_table)


@pytest.fixture
def pending(store: TransactionStore) -> Transaction:
    sample = opened("10")
    return store.insert(Transaction.opened(random_id("txn"), sample.order, at="1", version="7"))


def settle(seen: Transaction) -> Transaction:
    return seen.processed(at="2", version="7")


def block(seen: Transaction) -> Transaction:
    return seen.judged(FraudVerdict.FRAUD, at="3", version="7")


def test_a_decision_about_an_old_state_is_made_again_about_the_new_one(
    store: TransactionStore, pending: Transaction
) -> None:
    """Processing settled it between the fraud handler's look and its write: settled is final."""
    settled = store.change(pending, settle)
    assert store.change(pending, block) == settled
    assert store.find(pending.transaction_id) == settled


def test_a_decision_to_change_nothing_writes_nothing(store: TransactionStore, pending: Transaction) -> None:
    settled = store.change(pending, settle)
    assert store.change(settled, settle) is settled


def test_an_id_that_is_taken_keeps_its_first_transaction(store: TransactionStore, pending: Transaction) -> None:
    other = Transaction.opened(pending.transaction_id, opened("99").order, at="9", version="8")
    assert store.insert(other) == pending


def test_a_record_of_an_older_version_is_read_and_of_a_newer_one_is_kept_whole(
    store: TransactionStore, dynamodb: DynamoDBClient
) -> None:
    """The record as the first version wrote it, with an attribute that only the next version will know."""
    transaction_id = random_id("txn")
    line = {"status": {"S": "pending"}, "cause": {"S": "ordered"}, "at": {"S": "1"}, "version": {"S": "7"}}
    item: dict[str, Any] = {
        "transaction_id": {"S": transaction_id},
        "format": {"N": "1"},
        "revision": {"N": "1"},
        "amount": {"S": "12.30"},
        "amount_minor": {"N": "1230"},
        "currency": {"S": "USD"},
        "payment_method": {"S": "card_tok"},
        "merchant_id": {"S": "merchant-1"},
        "status": {"S": "pending"},
        "version": {"S": "7"},
        "is_cleared": {"BOOL": False},
        "history": {"L": [{"M": line}]},
    }
    newer = {"risk": {"M": {"score": {"N": "7"}}}}
    dynamodb.put_item(TableName="transactions", Item=item | newer)
    read = store.find(transaction_id)
    assert read is not None
    assert store.change(read, settle).status == "settled"
    kept = dynamodb.get_item(TableName="transactions", Key={"transaction_id": {"S": transaction_id}})["Item"]
    changed = {"status", "history", "revision"}
    assert {name: kept[name] for name in kept.keys() - changed} == {
        name: value for name, value in (item | newer).items() if name not in changed
    }


def test_a_record_of_a_format_that_is_not_known_is_not_guessed_at(
    store: TransactionStore, pending: Transaction
) -> None:
    record = {**to_record(pending), "format": number(2)}
    with pytest.raises(UnknownFormat, match="a transaction has record format 2, this version reads 1"):
        from_record(record)
    assert store.find(pending.transaction_id) == pending


def test_endless_interference_is_an_error_and_no_wrong_write(store: TransactionStore, pending: Transaction) -> None:
    def touched(seen: Transaction) -> Transaction:
        return replace(seen, revision=seen.revision + 1)

    def always_interrupted(seen: Transaction) -> Transaction:
        store.change(seen, touched)
        return seen.processed(at="2", version="7")

    with pytest.raises(Contended, match="8 times in a row"):
        store.change(pending, always_interrupted)
    kept = store.find(pending.transaction_id)
    assert kept is not None
    assert kept.status == "pending"
