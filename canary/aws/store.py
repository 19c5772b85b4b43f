"""The RolloutStore on one DynamoDB table: states, ledgers, recorded counts and the one-rollout-an-alias locks.

Items, by partition and sort key::

    rollout#<id>   state                     the latest state: number, phase, body (JSON)
    rollout#<id>   entry#<number>            one ledger entry
    rollout#<id>   lease                     which controller may move it forward, until when
    rollout#<id>   counts#<state>#<part>     the metric periods that this state was the first to know
    alias#<f>:<a>  open                      the rollout that holds the alias
    rollouts       <opened at>#<id>          the list of all, newest last
    open           <id>                      the list of those not ended

Every state is written on the condition that the stored one is its predecessor, in one transaction with its entries.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import ClientError

from canary import schema
from canary.aws.clients import aws_errors, error_code
from canary.core.codec import from_plain, to_plain
from canary.core.errors import RolloutConflict, StaleWrite, Unavailable
from canary.core.ledger import ENDINGS, LedgerEntry
from canary.core.model import AliasName, FunctionName, RolloutId
from canary.core.rollout import Rollout
from canary.ports import RecordedWindows

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, PaginatorConfigTypeDef, TransactWriteItemTypeDef

    Item = dict[str, AttributeValueTypeDef]

KEPT_FOR: Final = timedelta(days=400)
"""How long an ended rollout stays readable: a year of audits and a month to look."""
PK, SK = schema.ROLLOUT_PARTITION_KEY, schema.ROLLOUT_SORT_KEY

PERIODS_AN_ITEM: Final = 1_000
"""About 200 KB of the 400 KB that an item may have; all parts of a state stay below a transaction's 4 MB."""

T = TypeVar("T")


class DynamoStore:
    """Keeps rollouts in the table that the stack made for it."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def open_rollout(self, rollout: Rollout, entry: LedgerEntry) -> None:
        """One transaction: 4 items and one for each target."""
        listed: dict[str, str] = {"id": rollout.id}
        writes = [
            self._put(_rollout_key(rollout.id), "state", _state(rollout), only_new=True),
            self._put(_rollout_key(rollout.id), _entry_key(entry.number), _body(entry)),
            self._put("rollouts", f"{rollout.opened_at.isoformat()}#{rollout.id}", listed),
            self._put("open", rollout.id, listed),
            *(
                self._put(_alias_key(leg.target.function, leg.target.alias), "open", listed, only_new=True)
                for leg in rollout.legs
            ),
        ]
        try:
            self._transact(writes, f"opening rollout {rollout.id}")
        except StaleWrite as error:
            raise RolloutConflict(
                "another release opened on one of these aliases at the same moment; see canary status"
            ) from error

    def load_rollout(self, rollout_id: RolloutId) -> Rollout | None:
        """One strongly consistent `GetItem`."""
        item = self._get(_rollout_key(rollout_id), "state")
        return None if item is None else _read(Rollout, item)

    def commit(self, rollout: Rollout, entries: Sequence[LedgerEntry], windows: Sequence[RecordedWindows]) -> None:
        """One transaction of 1 state, its entries and recorded counts, and the locks when it has ended."""
        key = _rollout_key(rollout.id)
        writes = [
            self._put(key, "state", _state(rollout), after=rollout.number - 1),
            *(self._put(key, _entry_key(entry.number), _body(entry)) for entry in entries),
        ]
        for part, records in enumerate(_parts(windows)):
            body = json.dumps([to_plain(record) for record in records])
            writes.append(self._put(key, f"counts#{rollout.number:08d}#{part:02d}", {"body": body}))
        if any(entry.kind in ENDINGS for entry in entries):
            writes.append(self._delete("open", rollout.id))
            writes += [self._delete(_alias_key(leg.target.function, leg.target.alias), "open") for leg in rollout.legs]
        self._transact(writes, f"keeping state {rollout.number} of rollout {rollout.id}")

    def take_lease(self, rollout_id: RolloutId, owner: str, now: datetime, until: datetime) -> bool:
        """One conditional `PutItem`; times are compared as epoch seconds."""
        with aws_errors(f"taking the lease of rollout {rollout_id}"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        PK: {"S": _rollout_key(rollout_id)},
                        SK: {"S": "lease"},
                        "owner": {"S": owner},
                        "until": {"N": str(until.timestamp())},
                    },
                    ConditionExpression="attribute_not_exists(#owner) OR #owner = :owner OR #until <= :now",
                    ExpressionAttributeNames={"#owner": "owner", "#until": "until"},
                    ExpressionAttributeValues={":owner": {"S": owner}, ":now": {"N": str(now.timestamp())}},
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def read_lease(self, rollout_id: RolloutId) -> datetime | None:
        """One strongly consistent `GetItem`."""
        item = self._get(_rollout_key(rollout_id), "lease")
        return None if item is None else datetime.fromtimestamp(float(item["until"]["N"]), tz=UTC)

    def list_open(self) -> tuple[RolloutId, ...]:
        """One strongly consistent `Query` a page."""
        return tuple(RolloutId(item[SK]["S"]) for item in self._query("open"))

    def find_open(self, function: FunctionName, alias: AliasName) -> RolloutId | None:
        """One strongly consistent `GetItem`."""
        item = self._get(_alias_key(function, alias), "open")
        return None if item is None else RolloutId(item["id"]["S"])

    def list_recent(self, limit: int) -> tuple[RolloutId, ...]:
        """One `Query`."""
        newest = self._query("rollouts", newest_first=True, limit=limit)
        return tuple(RolloutId(item["id"]["S"]) for item in newest)

    def read_ledger(self, rollout_id: RolloutId) -> tuple[LedgerEntry, ...]:
        """One `Query` a page."""
        return tuple(_read(LedgerEntry, item) for item in self._query(_rollout_key(rollout_id), "entry#"))

    def read_recorded(self, rollout_id: RolloutId) -> tuple[RecordedWindows, ...]:
        """One `Query` a page."""
        items = self._query(_rollout_key(rollout_id), "counts#")
        return tuple(from_plain(RecordedWindows, record) for item in items for record in json.loads(item["body"]["S"]))

    def _get(self, partition: str, sort: str) -> "Item | None":
        with aws_errors(f"reading the rollout table {self._table}"):
            answer = self._client.get_item(
                TableName=self._table, Key={PK: {"S": partition}, SK: {"S": sort}}, ConsistentRead=True
            )
        return answer.get("Item")

    def _query(
        self, partition: str, prefix: str = "", *, newest_first: bool = False, limit: int | None = None
    ) -> "Iterator[Item]":
        paging: PaginatorConfigTypeDef = {} if limit is None else {"PageSize": limit, "MaxItems": limit}
        condition = f"{PK} = :partition" + (f" AND begins_with({SK}, :prefix)" if prefix else "")
        values: Item = {":partition": {"S": partition}}
        if prefix:
            values[":prefix"] = {"S": prefix}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=not newest_first,
            ConsistentRead=True,
            PaginationConfig=paging,
        )
        with aws_errors(f"reading the rollout table {self._table}"):
            for page in pages:
                yield from page["Items"]

    def _transact(self, writes: "Sequence[TransactWriteItemTypeDef]", doing: str) -> None:
        with aws_errors(doing):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                raise _cancelled(doing, error) from error

    def _put(
        self, partition: str, sort: str, attributes: dict[str, str], *, only_new: bool = False, after: int | None = None
    ) -> "TransactWriteItemTypeDef":
        item: Item = {PK: {"S": partition}, SK: {"S": sort}}
        for name, value in attributes.items():
            item[name] = {"S": value}
        if partition not in ("open", "rollouts") and not partition.startswith("alias#"):
            item[schema.ROLLOUT_EXPIRY] = {"N": str(int((datetime.now(tz=UTC) + KEPT_FOR).timestamp()))}
        put: TransactWriteItemTypeDef = {"Put": {"TableName": self._table, "Item": item}}
        if only_new:
            put["Put"]["ConditionExpression"] = f"attribute_not_exists({PK})"
        if after is not None:
            put["Put"]["ConditionExpression"] = "#number = :before"
            put["Put"]["ExpressionAttributeNames"] = {"#number": "number"}
            put["Put"]["ExpressionAttributeValues"] = {":before": {"S": str(after)}}
        return put

    def _delete(self, partition: str, sort: str) -> "TransactWriteItemTypeDef":
        return {"Delete": {"TableName": self._table, "Key": {PK: {"S": partition}, SK: {"S": sort}}}}


def _cancelled(doing: str, error: ClientError) -> StaleWrite | Unavailable:
    codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    if "ConditionalCheckFailed" in codes:
        return StaleWrite(f"{doing}: another controller was first")
    return Unavailable(f"{doing}: DynamoDB cancelled the transaction ({', '.join(sorted(filter(None, codes)))})")


def _parts(records: Sequence[RecordedWindows]) -> "Iterator[list[RecordedWindows]]":
    """The records, cut so that each part fits into one item."""
    part, room = list[RecordedWindows](), PERIODS_AN_ITEM
    for record in records:
        windows = record.windows
        while windows:
            taken, windows = windows[:room], windows[room:]
            part.append(replace(record, windows=taken))
            room -= len(taken)
            if not room:
                yield part
                part, room = [], PERIODS_AN_ITEM
    if part:
        yield part


def _state(rollout: Rollout) -> dict[str, str]:
    return {"number": str(rollout.number), "phase": rollout.phase.value} | _body(rollout)


def _body(value: object) -> dict[str, str]:
    return {"body": json.dumps(to_plain(value))}


def _read(kind: type[T], item: "Item") -> T:
    return from_plain(kind, json.loads(item["body"]["S"]))


def _rollout_key(rollout_id: RolloutId) -> str:
    return f"rollout#{rollout_id}"


def _alias_key(function: FunctionName, alias: AliasName) -> str:
    return f"alias#{function}:{alias}"


def _entry_key(number: int) -> str:
    return f"entry#{number:08d}"
