"""The OrderBook on the table of rollouts.

Items, by partition and sort key::

    orders   stop                 the global stop, while it stands
    audit    <time>#<deed>#<what> one note of what somebody did by hand
"""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from canary import schema
from canary.aws.clients import aws_errors
from canary.core.codec import from_plain, to_plain
from canary.core.orders import AuditNote, Stop

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

NOTES_KEPT_FOR: Final = timedelta(days=400)
"""A year of audits and a month to look, as rollouts are kept."""
PK, SK = schema.ROLLOUT_PARTITION_KEY, schema.ROLLOUT_SORT_KEY
_STOP: "Final[dict[str, AttributeValueTypeDef]]" = {PK: {"S": "orders"}, SK: {"S": "stop"}}


class DynamoOrders:
    """Keeps orders in the table that the stack made for rollouts."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def read_stop(self) -> Stop | None:
        """One strongly consistent `GetItem`."""
        with aws_errors(f"reading the stop in table {self._table}"):
            answer = self._client.get_item(TableName=self._table, Key=_STOP, ConsistentRead=True)
        return from_plain(Stop, json.loads(answer["Item"]["body"]["S"])) if "Item" in answer else None

    def stop(self, stop: Stop) -> None:
        """One `PutItem`; the newest reason stands."""
        with aws_errors(f"writing the stop to table {self._table}"):
            self._client.put_item(TableName=self._table, Item={**_STOP, "body": {"S": json.dumps(to_plain(stop))}})

    def start(self) -> None:
        """One `DeleteItem`."""
        with aws_errors(f"lifting the stop in table {self._table}"):
            self._client.delete_item(TableName=self._table, Key=_STOP)

    def note(self, note: AuditNote) -> None:
        """One `PutItem`."""
        item: dict[str, AttributeValueTypeDef] = {
            PK: {"S": "audit"},
            SK: {"S": f"{note.at.isoformat()}#{note.deed}#{note.object}"},
            "body": {"S": json.dumps(to_plain(note))},
            schema.ROLLOUT_EXPIRY: {"N": str(int((note.at + NOTES_KEPT_FOR).timestamp()))},
        }
        with aws_errors(f"writing a note to table {self._table}"):
            self._client.put_item(TableName=self._table, Item=item)

    def list_notes(self, limit: int) -> tuple[AuditNote, ...]:
        """One `Query`."""
        with aws_errors(f"reading the notes in table {self._table}"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression=f"{PK} = :partition",
                ExpressionAttributeValues={":partition": {"S": "audit"}},
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
            )
        return tuple(from_plain(AuditNote, json.loads(item["body"]["S"])) for item in answer["Items"])
