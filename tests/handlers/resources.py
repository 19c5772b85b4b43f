"""The tables and queues of the asynchronous flow, made as requirements B3 and B4 say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import KeySchemaElementTypeDef
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_ssm import SSMClient

    from localcloud.running import RunningCloud

STATUS_INDEX = "status-index"
MOST_RECEIVES = 3
FOUR_DAYS = 4 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class FifoQueue:
    url: str
    arn: str
    dead_letter_url: str


@cache
def dynamodb_of(cloud: RunningCloud) -> DynamoDBClient:
    return cloud.client("dynamodb")


@cache
def sqs_of(cloud: RunningCloud) -> SQSClient:
    return cloud.client("sqs")


@cache
def ssm_of(cloud: RunningCloud) -> SSMClient:
    return cloud.client("ssm")


def make_payments_table(cloud: RunningCloud, name: str) -> str:
    dynamodb_of(cloud).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "payment_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": each, "AttributeType": "S"} for each in ("payment_id", "status", "created_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": STATUS_INDEX,
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def make_table(cloud: RunningCloud, name: str, key: str, sort_key: str | None = None) -> str:
    schema: list[KeySchemaElementTypeDef] = [{"AttributeName": key, "KeyType": "HASH"}]
    if sort_key is not None:
        schema.append({"AttributeName": sort_key, "KeyType": "RANGE"})
    dynamodb_of(cloud).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=schema,
        AttributeDefinitions=[{"AttributeName": each["AttributeName"], "AttributeType": "S"} for each in schema],
    )
    return name


def make_queue(cloud: RunningCloud, name: str, *, visibility_seconds: int) -> FifoQueue:
    sqs = sqs_of(cloud)
    common: dict[QueueAttributeNameType, str] = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    dead_letter_url = sqs.create_queue(QueueName=f"{name}-dead.fifo", Attributes=common)["QueueUrl"]
    redrive = {"deadLetterTargetArn": arn_of(cloud, dead_letter_url), "maxReceiveCount": MOST_RECEIVES}
    url = sqs.create_queue(
        QueueName=f"{name}.fifo",
        Attributes={
            **common,
            "MessageRetentionPeriod": str(FOUR_DAYS),
            "VisibilityTimeout": str(visibility_seconds),
            "RedrivePolicy": json.dumps(redrive),
        },
    )["QueueUrl"]
    return FifoQueue(url=url, arn=arn_of(cloud, url), dead_letter_url=dead_letter_url)


def arn_of(cloud: RunningCloud, queue_url: str) -> str:
    found = sqs_of(cloud).get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def drained(cloud: RunningCloud, queue_url: str) -> list[str]:
    """The bodies of every message that is visible, which are then gone from the queue."""
    sqs, bodies = sqs_of(cloud), []
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
