"""Entry point of the function ``transaction-processor``.

Over the API: POST /transactions, GET /transaction/{id}. From the queue ``transaction-processing.fifo``: settles a
transaction or leaves it waiting for the fraud service. Reads ``TRANSACTIONS_TABLE``, ``TRANSACTION_QUEUE_URL``,
``NOTIFICATION_QUEUE_URL`` and ``RETRY_FIRST_SECONDS`` from the environment.

The order of the writes is what makes it safe to die anywhere: the message goes first and holds the whole transaction,
the record second, the answer last. A transaction that was answered has both; one that was not may still be carried out,
and a repetition with the same Idempotency-Key meets it.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from handlers.shared import clients
from handlers.shared.batch import Batch, Message, queue_batch
from handlers.shared.identity import derived_id, idempotency_key, is_id, random_id
from handlers.shared.instants import instant
from handlers.shared.invocation import LambdaContext
from handlers.shared.logs import logged
from handlers.shared.order import Party, parse_order
from handlers.shared.refusal import Refusal
from handlers.shared.release_metrics import Event, measured
from handlers.shared.rest import Answer, Request, Routes, serve
from handlers.shared.settings import required
from handlers.transactions.messages import Queue, parse_transaction, send_outcome, send_transaction
from handlers.transactions.store import TransactionStore
from handlers.transactions.transaction import Transaction

log = logging.getLogger(__name__)

PREFIX: Final = "txn"


@measured
@logged
def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point, for the API and for the queue."""
    if "Records" in event:
        return batch().carry_out(event, context, lambda message: process(message, version=context.function_version))
    return serve(event, context, ROUTES)


def create_transaction(request: Request) -> Answer:
    """POST /transactions: 202 with the pending transaction, the same one for a repeated key; 422 for its misuse."""
    order = parse_order(request.json_object(), Party.MERCHANT)
    key = idempotency_key(request.headers)
    transaction_id = random_id(PREFIX) if key is None else derived_id(PREFIX, caller=request.caller, key=key)
    opened = Transaction.opened(transaction_id, order, at=instant(datetime.now(UTC)), version=request.version)
    send_transaction(queue("TRANSACTION_QUEUE_URL"), opened)
    kept = store().insert(opened)
    if not order.repeats(kept.order):
        raise Refusal(422, "idempotency_key_reused", "this Idempotency-Key was used with another body")
    # Answered is what was ordered, not how far it has come: duplicates get one answer, whenever they arrive.
    first = Transaction.opened(kept.transaction_id, kept.order, at=kept.history[0].at, version=kept.history[0].version)
    return Answer(status=202, body=first.members(), headers={"Location": f"/transaction/{kept.transaction_id}"})


def find_transaction(request: Request) -> Answer:
    """GET /transaction/{id}: 200, or 404."""
    transaction_id = request.path.get("id", "")
    transaction = store().find(transaction_id) if is_id(transaction_id) else None
    if transaction is None:
        raise Refusal(404, "not_found", "there is no transaction with this id")
    return Answer(status=200, body=transaction.members())


def process(message: Message, *, version: str) -> None:
    """Carries out a transaction's message; again and again with the same effect."""
    ordered = parse_transaction(message.body)
    kept = store().insert(ordered)
    if not ordered.order.repeats(kept.order):
        # A request that was refused with 422 because its key belonged to another body had queued this before.
        log.warning("dropped the message of a refused duplicate", extra={"transaction_id": kept.transaction_id})
        return
    at = instant(datetime.now(UTC))
    processed = store().change(kept, lambda seen: seen.processed(at=at, version=version))
    send_outcome(queue("NOTIFICATION_QUEUE_URL"), processed)


@cache
def store() -> TransactionStore:
    """The transactions of this execution environment."""
    return TransactionStore(dynamodb=clients.dynamodb(), table=required("TRANSACTIONS_TABLE"))


@cache
def queue(setting: str) -> Queue:
    """The queue whose URL is in the environment variable `setting`."""
    return Queue(sqs=clients.sqs(), url=required(setting))


@cache
def batch() -> Batch:
    """How this function's messages are carried out."""
    return queue_batch(clients.sqs(), "TRANSACTION_QUEUE_URL")


ROUTES: Final[Routes] = {
    ("POST", "/transactions"): create_transaction,
    ("GET", "/transaction/{id}"): find_transaction,
}
