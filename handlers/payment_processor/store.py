"""Payments in DynamoDB. A record carries its format, so that two versions of the code can read each other's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from handlers.payment_processor.cursor import Cursor
from handlers.payment_processor.payments import Payment, PaymentStatus
from handlers.shared.aws_call import Service
from handlers.shared.order import Party, order_in
from handlers.shared.records import Record, number, require_format, text, write_if

RECORD_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some payments, and where the next ones start."""

    payments: tuple[Payment, ...]
    following: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStore:
    """The payments table and its index by status and time."""

    dynamodb: Service
    table: str
    status_index: str

    def insert(self, payment: Payment) -> Payment:
        """Keeps a payment and returns it; or, when its id is taken, the payment that has it already.

        One conditional write, so of any number of concurrent duplicates exactly one is kept.
        """
        standing = write_if(
            self.dynamodb,
            "PutItem",
            TableName=self.table,
            Item=to_record(payment),
            ConditionExpression="attribute_not_exists(payment_id)",
        )
        return payment if standing is None else from_record(standing)

    def find(self, payment_id: str) -> Payment | None:
        """The payment with this id; read consistently, so that who has posted it finds it."""
        key = {"payment_id": text(payment_id)}
        found = self.dynamodb.call("GetItem", TableName=self.table, Key=key, ConsistentRead=True)
        return from_record(found["Item"]) if "Item" in found else None

    def page(self, *, limit: int, after: Cursor | None) -> Page:
        """Up to `limit` payments of any status, in no particular order."""
        return self._page("Scan", {"TableName": self.table, "Limit": limit}, after)

    def page_by_status(self, status: PaymentStatus, *, limit: int, after: Cursor | None) -> Page:
        """Up to `limit` payments of one status, the newest first."""
        wanted = {
            "TableName": self.table,
            "IndexName": self.status_index,
            "KeyConditionExpression": "#status = :status",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":status": text(status.value)},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        return self._page("Query", wanted, after)

    def _page(self, operation: str, parameters: dict[str, Any], after: Cursor | None) -> Page:
        start = {} if after is None else {"ExclusiveStartKey": after.key()}
        seen = self.dynamodb.call(operation, **parameters, **start)
        return Page(payments=_payments(seen["Items"]), following=Cursor.from_key(seen.get("LastEvaluatedKey")))


def to_record(payment: Payment) -> Record:
    """The item that keeps a payment."""
    return {
        "payment_id": text(payment.payment_id),
        "format": number(RECORD_FORMAT),
        **payment.order.attributes(),
        "status": text(payment.status.value),
        "fee_minor": number(payment.fee_minor),
        "created_at": text(payment.created_at),
        "version": text(payment.version),
    }


def from_record(record: Record) -> Payment:
    """The payment that an item keeps.

    Raises:
        UnknownFormat: the item's format is none that this version knows.
    """
    require_format(record, RECORD_FORMAT, kind="payment")
    return Payment(
        payment_id=record["payment_id"]["S"],
        order=order_in(record, Party.CUSTOMER),
        status=PaymentStatus(record["status"]["S"]),
        fee_minor=int(record["fee_minor"]["N"]),
        created_at=record["created_at"]["S"],
        version=record["version"]["S"],
    )


def _payments(records: Iterable[Record]) -> tuple[Payment, ...]:
    return tuple(map(from_record, records))
