"""Payments in DynamoDB. A record carries its format, so that two versions of the code can read each other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from handlers.payment_processor.cursor import Cursor
from handlers.payment_processor.payments import Payment, PaymentOrder, PaymentStatus
from handlers.shared.money import Amount, Currency

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, QueryInputTypeDef, ScanInputTypeDef

    Record = Mapping[str, AttributeValueTypeDef]

RECORD_FORMAT: Final = 1


class UnknownFormat(Exception):
    """A record that a newer version wrote in a format that this one cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some payments, and where the next ones start."""

    payments: tuple[Payment, ...]
    following: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStore:
    """The payments table and its index by status and time."""

    client: DynamoDBClient
    table: str
    status_index: str

    def insert(self, payment: Payment) -> Payment:
        """Keeps a payment and returns it; or, when its id is taken, the payment that has it already.

        One conditional write, so of any number of concurrent duplicates exactly one is kept.
        """
        try:
            self.client.put_item(
                TableName=self.table,
                Item=to_record(payment),
                ConditionExpression="attribute_not_exists(payment_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as taken:
            return from_record(cast("dict[str, Record]", taken.response)["Item"])
        return payment

    def find(self, payment_id: str) -> Payment | None:
        """The payment with this id; read consistently, so that who has posted it finds it."""
        found = self.client.get_item(TableName=self.table, Key={"payment_id": {"S": payment_id}}, ConsistentRead=True)
        return from_record(found["Item"]) if "Item" in found else None

    def page(self, *, limit: int, after: Cursor | None) -> Page:
        """Up to `limit` payments of any status, in no particular order."""
        parameters: ScanInputTypeDef = {"TableName": self.table, "Limit": limit}
        if after is not None:
            parameters["ExclusiveStartKey"] = after.key()
        seen = self.client.scan(**parameters)
        return Page(payments=_payments(seen["Items"]), following=Cursor.from_key(seen.get("LastEvaluatedKey")))

    def page_by_status(self, status: PaymentStatus, *, limit: int, after: Cursor | None) -> Page:
        """Up to `limit` payments of one status, the newest first."""
        parameters: QueryInputTypeDef = {
            "TableName": self.table,
            "IndexName": self.status_index,
            "KeyConditionExpression": "#status = :status",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":status": {"S": status.value}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after is not None:
            parameters["ExclusiveStartKey"] = after.key()
        seen = self.client.query(**parameters)
        return Page(payments=_payments(seen["Items"]), following=Cursor.from_key(seen.get("LastEvaluatedKey")))


def to_record(payment: Payment) -> dict[str, AttributeValueTypeDef]:
    """The item that keeps a payment; `amount` is the JSON text as sent, `amount_minor` is what sums are made of."""
    order = payment.order
    record: dict[str, AttributeValueTypeDef] = {
        "payment_id": {"S": payment.payment_id},
        "format": {"N": str(RECORD_FORMAT)},
        "amount": {"S": order.amount.literal},
        "amount_minor": {"N": str(order.amount.minor)},
        "currency": {"S": order.currency.value},
        "payment_method": {"S": order.payment_method},
        "customer_id": {"S": order.customer_id},
        "status": {"S": payment.status.value},
        "fee_minor": {"N": str(payment.fee_minor)},
        "created_at": {"S": payment.created_at},
        "version": {"S": payment.version},
    }
    return record | ({} if order.description is None else {"description": {"S": order.description}})


def from_record(record: Record) -> Payment:
    """The payment that an item keeps.

    Raises:
        UnknownFormat: the item's format is none that this version knows.
    """
    if int(record["format"]["N"]) != RECORD_FORMAT:
        raise UnknownFormat(f"a payment has record format {record['format']['N']}, this version reads {RECORD_FORMAT}")
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


def _payments(records: list[dict[str, AttributeValueTypeDef]]) -> tuple[Payment, ...]:
    return tuple(map(from_record, records))
