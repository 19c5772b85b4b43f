"""The HookBook on the table of rollouts: ``rollout#<id>`` / ``hook#<key>`` holds one run of a hook."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from canary import schema
from canary.aws.clients import aws_errors, error_code
from canary.core.codec import from_plain, to_plain
from canary.core.errors import ConfigError
from canary.core.hooks import HookRun, HookStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

KEPT_FOR: Final = timedelta(days=30)
PK, SK = schema.ROLLOUT_PARTITION_KEY, schema.ROLLOUT_SORT_KEY


class DynamoHookBook:
    """Keeps runs beside the rollout that they belong to; the first answer counts."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def begin(self, run: HookRun) -> HookRun:
        """One conditional `PutItem`, and one `GetItem` where the run was there."""
        expires = int((datetime.now(tz=UTC) + KEPT_FOR).timestamp())
        with aws_errors(f"keeping the run of hook {run.key}"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        **_key(run.key),
                        "body": {"S": json.dumps(to_plain(run))},
                        schema.ROLLOUT_EXPIRY: {"N": str(expires)},
                    },
                    ConditionExpression=f"attribute_not_exists({PK})",
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return self.read(run.key) or run
        return run

    def mark_called(self, key: str) -> None:
        """One `UpdateItem`."""
        with aws_errors(f"marking hook {key} as called"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(key),
                UpdateExpression="SET was_called = :yes",
                ExpressionAttributeValues={":yes": {"BOOL": True}},
            )

    def read(self, key: str) -> HookRun | None:
        """One strongly consistent `GetItem`."""
        with aws_errors(f"reading the run of hook {key}"):
            answer = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        return _run(answer["Item"]) if "Item" in answer else None

    def answer(self, key: str, status: HookStatus, reason: str) -> HookRun:
        """One conditional `UpdateItem`, and one `GetItem` where it was refused."""
        with aws_errors(f"answering hook {key}"):
            try:
                answered = self._client.update_item(
                    TableName=self._table,
                    Key=_key(key),
                    UpdateExpression="SET answered = :status, reason = :reason",
                    ConditionExpression=f"attribute_exists({PK}) AND attribute_not_exists(answered)",
                    ExpressionAttributeValues={":status": {"S": status.value}, ":reason": {"S": reason}},
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return self._known(key)
        return _run(answered["Attributes"])

    def _known(self, key: str) -> HookRun:
        known = self.read(key)
        if known is None:
            raise ConfigError(f"no hook runs under {key!r}; the key stands in the payload that the hook was given")
        return known


def _key(key: str) -> "dict[str, AttributeValueTypeDef]":
    return {PK: {"S": f"rollout#{key.partition('/')[0]}"}, SK: {"S": f"hook#{key}"}}


def _run(item: "dict[str, AttributeValueTypeDef]") -> HookRun:
    """The run as it was begun, with what came to it since."""
    begun = json.loads(item["body"]["S"]) | {"is_called": item.get("was_called", {}).get("BOOL", False)}
    if "answered" in item:
        begun |= {"status": item["answered"]["S"], "reason": item["reason"]["S"]}
    return from_plain(HookRun, begun)
