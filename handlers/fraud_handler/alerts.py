"""Fraud alerts: what the fraud service sends, and the record that makes a delivery count once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.shared.aws_call import Service
from handlers.shared.exact_json import Json
from handlers.shared.fields import parse_line, parse_token, require
from handlers.shared.identity import is_id
from handlers.shared.records import number, text, write_if
from handlers.shared.refusal import Refusal, invalid
from handlers.transactions.transaction import FraudVerdict

REQUIRED: Final = ("alert_id", "transaction_id", "verdict", "timestamp")
RECORD_FORMAT: Final = 1
RECEIVED: Final = "received"
APPLIED: Final = "applied"
MOST_KEPT: Final = 100
"""Signatures that an alert's record remembers: far from the 400 KB that an item may have."""
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudAlert:
    """What the fraud service says about one transaction."""

    alert_id: str
    timestamp: str
    """The fraud service's own time, ISO 8601 in UTC; with the alert's id it names one alert."""
    transaction_id: str
    verdict: FraudVerdict
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStore:
    """The table of fraud alerts; partition key ``alert_id``, sort key ``timestamp``."""

    dynamodb: Service
    table: str

    def receive(self, alert: FraudAlert, signatures: Sequence[str], *, version: str) -> None:
        """Records a delivery. A repetition of an alert that was not applied is welcome: something had gone wrong.

        Raises:
            Refusal: 409, one of these signatures belongs to a delivery whose alert was applied: it is replayed; or the
                alert's id and time were used for something else, or for the same more than `MOST_KEPT` times.
        """
        names = [f":signature{index}" for index in range(len(signatures))]
        unseen = " AND ".join(f"NOT contains(signatures, {name})" for name in names)
        standing = write_if(
            self.dynamodb,
            "UpdateItem",
            TableName=self.table,
            Key=_key(alert),
            UpdateExpression=(
                "SET #format = :format, transaction_id = :transaction, verdict = :verdict, reason = :reason,"
                " version = :version, #state = if_not_exists(#state, :received) ADD signatures :signatures"
            ),
            ConditionExpression=(
                "attribute_not_exists(alert_id) OR (transaction_id = :transaction AND verdict = :verdict"
                f" AND (#state = :received OR ({unseen} AND size(signatures) < :most)))"
            ),
            ExpressionAttributeNames={"#format": "format", "#state": "state"},
            ExpressionAttributeValues={
                ":format": number(RECORD_FORMAT),
                ":transaction": text(alert.transaction_id),
                ":verdict": text(alert.verdict.value),
                ":reason": text(alert.reason or ""),
                ":version": text(version),
                ":received": text(RECEIVED),
                ":most": number(MOST_KEPT),
                ":signatures": {"SS": sorted(set(signatures))},
                **{name: text(signature) for name, signature in zip(names, signatures, strict=True)},
            },
        )
        if standing is not None:
            raise Refusal(409, "replayed", "this delivery, or this alert with other content, came before")

    def mark_applied(self, alert: FraudAlert) -> None:
        """Notes that the alert has had its effect."""
        self.dynamodb.call(
            "UpdateItem",
            TableName=self.table,
            Key=_key(alert),
            UpdateExpression="SET #state = :applied",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":applied": text(APPLIED)},
        )


def parse_alert(body: Mapping[str, Json]) -> FraudAlert:
    """The alert in a body.

    Raises:
        Refusal: 400, a member is missing or invalid.
    """
    require(body, REQUIRED)
    return FraudAlert(
        alert_id=parse_token("alert_id", body["alert_id"]),
        timestamp=_parse_timestamp(body["timestamp"]),
        transaction_id=_parse_transaction_id(body["transaction_id"]),
        verdict=_parse_verdict(body["verdict"]),
        reason=parse_line("reason", body.get("reason")),
    )


def _parse_timestamp(value: Json) -> str:
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        return value
    raise invalid("timestamp", "timestamp must be ISO 8601 in UTC, such as 2026-11-21T12:00:00Z")


def _parse_transaction_id(value: Json) -> str:
    if isinstance(value, str) and is_id(value):
        return value
    raise invalid("transaction_id", "transaction_id must be the id of a transaction")


def _parse_verdict(value: Json) -> FraudVerdict:
    if isinstance(value, str) and value in tuple(FraudVerdict):
        return FraudVerdict(value)
    raise invalid("verdict", f"verdict must be one of {', '.join(FraudVerdict)}")


def _key(alert: FraudAlert) -> dict[str, dict[str, str]]:
    return {"alert_id": text(alert.alert_id), "timestamp": text(alert.timestamp)}
