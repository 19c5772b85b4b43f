"""Entry point of the function ``fraud-handler``: POST /fraud-webhook, and replays of alerts that had no effect yet.

Reads ``TRANSACTIONS_TABLE``, ``FRAUD_ALERTS_TABLE``, ``NOTIFICATION_QUEUE_URL`` and ``FRAUD_SECRET_PARAMETER`` (the
name of an SSM SecureString with one secret, or with the new and the old one) from the environment.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from handlers.fraud_handler.alerts import AlertStore, FraudAlert, parse_alert
from handlers.shared import clients
from handlers.shared.instants import instant
from handlers.shared.invocation import LambdaContext
from handlers.shared.logs import logged
from handlers.shared.parameters import KEPT_SECONDS, Parameters
from handlers.shared.refusal import Refusal
from handlers.shared.release_metrics import measured
from handlers.shared.rest import Answer, ProxyEvent, Request, Routes, serve
from handlers.shared.settings import required
from handlers.shared.signatures import HEADER, Signed, parse_secrets, verify
from handlers.transactions.messages import Queue, send_outcome
from handlers.transactions.store import TransactionStore
from handlers.transactions.transaction import Transaction

REPLAY: Final = "replay_alert"
"""The member that marks an event as a replay; its value is the alert (`handlers.dead_letters`)."""
ROTATION_SECONDS: Final = 10.0
"""A signature that does not match may be of a newer secret: it is fetched again, but not more often than this."""


@measured
@logged
def handler(event: ProxyEvent, context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point, for the API and for replayed alerts."""
    if REPLAY in event:
        return replay_alert(event, context)
    return serve(event, context, ROUTES)


def take_alert(request: Request) -> Answer:
    """POST /fraud-webhook: 200 with the transaction's status; 401, 404 or 409 when it is not carried out.

    Every step may be repeated, so a delivery that was cut off is made good by the next one.
    """
    signed = verified(request)
    alert = parse_alert(request.json_object())
    transaction = judged_by(alert)
    alerts().receive(alert, signed.signatures, version=request.version)
    judged = apply(alert, transaction, version=request.version)
    body = {
        "alert_id": alert.alert_id,
        "transaction_id": judged.transaction_id,
        "transaction_status": judged.status.value,
    }
    return Answer(status=200, body=body)


def replay_alert(event: Mapping[str, Any], context: LambdaContext) -> dict[str, str]:
    """Gives an alert its effect that was recorded and then cut off; whoever may invoke the function is believed."""
    alert = parse_alert(event[REPLAY])
    judged = apply(alert, judged_by(alert), version=context.function_version)
    return {"alert_id": alert.alert_id, "transaction_status": judged.status.value}


def judged_by(alert: FraudAlert) -> Transaction:
    """The transaction that an alert is about.

    Raises:
        Refusal: 404.
    """
    transaction = transactions().find(alert.transaction_id)
    if transaction is None:
        raise Refusal(404, "not_found", "there is no transaction with this id", field="transaction_id")
    return transaction


def apply(alert: FraudAlert, transaction: Transaction, *, version: str) -> Transaction:
    """The transaction after the alert; its merchant will hear, and only then is the alert done."""
    at = instant(datetime.now(UTC))
    judged = transactions().change(transaction, lambda seen: seen.judged(alert.verdict, at=at, version=version))
    send_outcome(notifications(), judged)
    alerts().mark_applied(alert)
    return judged


def verified(request: Request) -> Signed:
    """What the signature claims; a secret that was rotated a moment ago is fetched before the request is refused.

    Raises:
        Refusal: 401.
    """
    header = request.headers.get(HEADER.lower())
    try:
        return verify(request.body, header, secrets(KEPT_SECONDS), now=time.time())
    except Refusal:
        return verify(request.body, header, secrets(ROTATION_SECONDS), now=time.time())


def secrets(newer_than_seconds: float) -> tuple[str, ...]:
    """The fraud service's secrets."""
    name = required("FRAUD_SECRET_PARAMETER")
    return parse_secrets(parameters().value(name, newer_than_seconds=newer_than_seconds))


@cache
def parameters() -> Parameters:
    """The parameters that this execution environment has fetched."""
    return Parameters(ssm=clients.ssm())


@cache
def transactions() -> TransactionStore:
    """The transactions."""
    return TransactionStore(dynamodb=clients.dynamodb(), table=required("TRANSACTIONS_TABLE"))


@cache
def alerts() -> AlertStore:
    """The fraud alerts."""
    return AlertStore(dynamodb=clients.dynamodb(), table=required("FRAUD_ALERTS_TABLE"))


@cache
def notifications() -> Queue:
    """The queue that merchants are notified from."""
    return Queue(sqs=clients.sqs(), url=required("NOTIFICATION_QUEUE_URL"))


ROUTES: Final[Routes] = {("POST", "/fraud-webhook"): take_alert}
