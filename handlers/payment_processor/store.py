"""Payments in DynamoDB. A record carries its format, so that two versions of the code can read each other's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from handlers.payment_processor.cursor import Cursor
from handlers.payment_processor.payments import Payment, PaymentOrder, PaymentStatus
from handlers.shared.aws_call import AwsError, Service
from handlers.shared.money import Amount, Currency
from handlers.shared.records import CONDITION_FAILED, Record, UnknownFormat, number, text

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
        try:
            self.dynamodb.call(
                "PutItem",
                TableName=self.table,
                Item=to_record(payment),
                ConditionExpression="attribute_not_exists(payment_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except AwsError as refused:
            if refused.code != CONDITION_FAILED:
                raise
            return from_record(refused.details["Item"])
        return payment

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
    """The item that keeps a payment; `amount` is the JSON text as sent, `amount_minor` is what sums are made of."""
    order = payment.order
    record = {
        "payment_id": text(payment.payment_id),
        "format": number(RECORD_FORMAT),
        "amount": text(order.amount.literal),
        "amount_minor": number(order.amount.minor),
        "currency": text(order.currency.value),
        "payment_method": text(order.payment_method),
        "customer_id": text(order.customer_id),
        "status": text(payment.status.value),
        "fee_minor": number(payment.fee_minor),
        "created_at": text(payment.created_at),
        "version": text(payment.version),
    }
    return record | ({} if order.description is None else {"description": text(order.description)})


def from_record(record: Record) -> Payment:
    """The payment that an item keeps.

    Raises:
        UnknownFormat: the item's format is none that this version knows.
    """
    if int(record["format"]["N"]) != RECORD_FORMAT:
        raise UnknownFormat("payment", found=record["format"]["N"], known=RECORD_FORMAT)
    description = record.get("description")
    return Payment(
        payment_id=record["payment_id"]["S"],
        order=PaymentOrder(
            amount=Amount.from_literal(record["amount"]["S"]),
            currency=Currency(record["currency"]["S"]),
            payment_method=record["payment_method"]["S"],
            customer_id=record["customer_id"]["S"],
            description=None if description is None else description["S"],
        ),
        status=PaymentStatus(record["status"]["S"]),
        fee_minor=int(record["fee_minor"]["N"]),
        created_at=record["created_at"]["S"],
        version=record["version"]["S"],
    )


def _payments(records: Iterable[Record]) -> tuple[Payment, ...]:
    return tuple(map(from_record, records))
