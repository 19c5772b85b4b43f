"""``python -m handlers.dead_letters``: what failed, and carrying it out again.

``show --queue NAME`` lists the dead letters, card data masked. ``replay --queue NAME --function NAME:live`` hands each
one to a function as Lambda would have; ``replay --queue NAME --to NAME`` puts it back into the queue it came from. A
letter is deleted only after it was taken. ``alerts --table NAME --function NAME:live`` hands the fraud handler every
alert that it has recorded and then could not carry out; again is harmless. Exit codes: 0 all taken, 1 some were not,
2 bad input, 75 AWS cannot be reached, 77 access denied.

An operator's command: it uses boto3 and its ordinary settings, and no function imports it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handlers.shared.card_data import masked

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_sqs import SQSClient

DONE: Final = 0
SOME_FAILED: Final = 1
BAD_INPUT: Final = 2
UNREACHABLE: Final = 75
DENIED: Final = 77
REFUSALS: Final = {
    "AccessDenied": DENIED,
    "NonExistentQueue": BAD_INPUT,
    "NotFound": BAD_INPUT,
    "DoesNotExist": BAD_INPUT,
    "ResourceNotFound": BAD_INPUT,
}
"""Part of an error code -> exit code."""
RIGHT_NAMES: Final = "aws sqs list-queues, aws dynamodb list-tables and aws lambda list-functions show the right names"
HELD_SECONDS: Final = 60
ALERT: Final = ("alert_id", "timestamp", "transaction_id", "verdict", "reason")
"""What a recorded alert and the webhook's body have in common."""
BATCH: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One dead letter."""

    message_id: str
    receipt: str
    body: str
    group: str | None
    attributes: Mapping[str, str]
    """Lambda's and ours: RequestID, ErrorCode, ErrorMessage; empty for what a queue itself moved."""

    def shown(self) -> dict[str, Any]:
        """The letter for JSON, without card data."""
        return {
            "message_id": self.message_id,
            "group": self.group,
            **{name: masked(value) for name, value in self.attributes.items()},
            "body": masked(self.body),
        }


Take = Callable[[Letter], None]
"""Carries out a letter; raises `NotTaken` when it was not."""


class NotTaken(Exception):
    """A letter that stays where it is, and why."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code of the command."""
    options = _parser().parse_args(arguments)
    try:
        sqs = boto3.client("sqs")
        if options.command == "alerts":
            alerts = unapplied_alerts(boto3.client("dynamodb"), options.table)
            return hand_over(alerts, _taker(options, sqs), done=lambda _: None)
        queue_url = sqs.get_queue_url(QueueName=options.queue)["QueueUrl"]
        if options.command == "show":
            return show(sqs, queue_url, most=options.most)
        return hand_over(
            letters(sqs, queue_url, most=options.most),
            _taker(options, sqs),
            done=lambda letter: sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=letter.receipt),
        )
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        sys.stderr.write(f"{refused}; {RIGHT_NAMES}\n")
        return next((exit_code for word, exit_code in REFUSALS.items() if word in code), UNREACHABLE)
    except BotoCoreError as error:
        sys.stderr.write(f"{error}; check AWS_DEFAULT_REGION and the credentials\n")
        return UNREACHABLE


def show(sqs: SQSClient, queue_url: str, *, most: int) -> int:
    """Prints the letters, one JSON object a line, and leaves them for others to see at once."""
    for letter in list(letters(sqs, queue_url, most=most)):
        sys.stdout.write(json.dumps(letter.shown()) + "\n")
        sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
    return DONE


def hand_over(found: Iterable[Letter], take: Take, *, done: Callable[[Letter], object]) -> int:
    """Carries out the letters; what is not taken stays, and is seen again after `HELD_SECONDS`."""
    taken = failed = 0
    for letter in found:
        try:
            take(letter)
        except NotTaken as reason:
            failed += 1
            sys.stderr.write(f"{letter.message_id} stays: {masked(str(reason))}\n")
        else:
            taken += 1
            done(letter)
    sys.stdout.write(json.dumps({"replayed": taken, "failed": failed}) + "\n")
    return SOME_FAILED if failed else DONE


def letters(sqs: SQSClient, queue_url: str, *, most: int) -> Iterator[Letter]:
    """Up to `most` letters, each once; they are held for `HELD_SECONDS`."""
    seen = 0
    while seen < most:
        found = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=min(BATCH, most - seen),
            VisibilityTimeout=HELD_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["MessageGroupId"],
        ).get("Messages", [])
        if not found:
            return
        seen += len(found)
        for message in found:
            yield Letter(
                message_id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                group=message.get("Attributes", {}).get("MessageGroupId"),
                attributes={
                    name: attribute.get("StringValue", "")
                    for name, attribute in message.get("MessageAttributes", {}).items()
                },
            )


def unapplied_alerts(dynamodb: DynamoDBClient, table: str) -> Iterator[Letter]:
    """The fraud alerts that were recorded and had no effect yet, as events for the fraud handler; reads the table."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#state = :received",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":received": {"S": "received"}},
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            alert = {name: item[name]["S"] for name in ALERT if item.get(name, {}).get("S")}
            event = json.dumps({"replay_alert": alert})
            yield Letter(message_id=alert["alert_id"], receipt="", body=event, group=None, attributes={})


def invoke(client: LambdaClient, function: str) -> Take:
    """Takes a letter by calling a function with it, and waiting for its answer."""
    name, _, qualifier = function.partition(":")

    def take(letter: Letter) -> None:
        answer = client.invoke(FunctionName=name, Qualifier=qualifier or "live", Payload=letter.body.encode())
        if "FunctionError" in answer:
            raise NotTaken(json.loads(answer["Payload"].read()).get("errorMessage", "the function failed"))

    return take


def put_back(sqs: SQSClient, queue_url: str) -> Take:
    """Takes a letter by sending it to a FIFO queue again, in its own group."""

    def take(letter: Letter) -> None:
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=letter.body,
            MessageGroupId=letter.group or letter.message_id,
            MessageDeduplicationId=str(uuid4()),
        )

    return take


def _taker(options: argparse.Namespace, sqs: SQSClient) -> Take:
    if options.function is not None:
        return invoke(boto3.client("lambda"), options.function)
    return put_back(sqs, sqs.get_queue_url(QueueName=options.to)["QueueUrl"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m handlers.dead_letters", description="Dead letters, shown or replayed."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in {"show": "list them", "replay": "carry them out again"}.items():
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--queue", required=True, metavar="NAME", help="the dead-letter queue")
        command.add_argument("--most", type=int, default=1_000, help="letters (default: %(default)s)")
        if name == "replay":
            target = command.add_mutually_exclusive_group(required=True)
            target.add_argument("--function", metavar="NAME[:ALIAS]", help="call this function; alias live by default")
            target.add_argument("--to", metavar="NAME", help="send to this FIFO queue")
    alerts = commands.add_parser("alerts", help="carry out fraud alerts that were recorded and had no effect yet")
    alerts.add_argument("--table", required=True, metavar="NAME", help="the table of fraud alerts")
    alerts.add_argument("--function", required=True, metavar="NAME[:ALIAS]", help="the fraud handler")
    return parser


if __name__ == "__main__":
    sys.exit(main())
