"""Transactions in DynamoDB; every change is a write on condition of the revision that it was decided on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from handlers.shared.aws_call import Service
from handlers.shared.order import Party, order_in
from handlers.shared.records import Record, number, require_format, text, write_if
from handlers.transactions.transaction import Change, Transaction, TransactionStatus

RECORD_FORMAT: Final = 1
MOST_TRIES: Final = 8


class Contended(Exception):
    """Others changed the transaction every time between the look and the write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStore:
    """The transactions table."""

    dynamodb: Service
    table: str

    def insert(self, transaction: Transaction) -> Transaction:
        """Keeps a transaction and returns it; or, when its id is taken, the one that has it already."""
        standing = write_if(
            self.dynamodb,
            "PutItem",
            TableName=self.table,
            Item=to_record(transaction),
            ConditionExpression="attribute_not_exists(transaction_id)",
        )
        return transaction if standing is None else from_record(standing)

    def find(self, transaction_id: str) -> Transaction | None:
        """The transaction with this id, read consistently."""
        key = {"transaction_id": text(transaction_id)}
        found = self.dynamodb.call("GetItem", TableName=self.table, Key=key, ConsistentRead=True)
        return from_record(found["Item"]) if "Item" in found else None

    def change(self, seen: Transaction, decide: Callable[[Transaction], Transaction]) -> Transaction:
        """The transaction after `decide`, which is asked again about the newer one when somebody else was faster.

        A transaction that `decide` returns as it was is not written.

        Raises:
            Contended: others were faster `MOST_TRIES` times.
        """
        for _ in range(MOST_TRIES):
            decided = decide(seen)
            if decided == seen:
                return seen
            newer = self._replace(seen, decided)
            if newer is None:
                return decided
            seen = newer
        raise Contended(f"transaction {seen.transaction_id} was changed by others {MOST_TRIES} times in a row")

    def _replace(self, seen: Transaction, decided: Transaction) -> Transaction | None:
        """None after the write; the newer transaction when `seen` is out of date.

        Only what changes is written, so that attributes of a newer version of the code survive.
        """
        standing = write_if(
            self.dynamodb,
            "UpdateItem",
            TableName=self.table,
            Key={"transaction_id": text(seen.transaction_id)},
            UpdateExpression="SET #status = :status, history = :history, is_cleared = :cleared, revision = :next",
            ConditionExpression="revision = :seen",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":status": text(decided.status.value),
                ":history": _history(decided),
                ":cleared": {"BOOL": decided.is_cleared},
                ":next": number(decided.revision),
                ":seen": number(seen.revision),
            },
        )
        return None if standing is None else from_record(standing)


def to_record(transaction: Transaction) -> Record:
    """The item that keeps a transaction."""
    return {
        "transaction_id": text(transaction.transaction_id),
        "format": number(RECORD_FORMAT),
        "revision": number(transaction.revision),
        **transaction.order.attributes(),
        "status": text(transaction.status.value),
        "version": text(transaction.history[0].version),
        "is_cleared": {"BOOL": transaction.is_cleared},
        "history": _history(transaction),
    }


def from_record(record: Record) -> Transaction:
    """The transaction that an item keeps.

    Raises:
        UnknownFormat: the item's format is none that this version knows.
    """
    require_format(record, RECORD_FORMAT, kind="transaction")
    return Transaction(
        transaction_id=record["transaction_id"]["S"],
        order=order_in(record, Party.MERCHANT),
        history=tuple(_change(line["M"]) for line in record["history"]["L"]),
        is_cleared=record["is_cleared"]["BOOL"],
        revision=int(record["revision"]["N"]),
    )


def _history(transaction: Transaction) -> dict[str, Any]:
    return {
        "L": [
            {
                "M": {
                    "status": text(change.status.value),
                    "cause": text(change.cause),
                    "at": text(change.at),
                    "version": text(change.version),
                }
            }
            for change in transaction.history
        ]
    }


def _change(line: Record) -> Change:
    return Change(
        status=TransactionStatus(line["status"]["S"]),
        cause=line["cause"]["S"],
        at=line["at"]["S"],
        version=line["version"]["S"],
    )
