"""Entry point of the function ``notification-sender``: the queue ``notifications.fifo``.

Calls the merchant's webhook for each message. One that does not answer 2xx is tried again by the queue and kept as a
dead letter after the third attempt. Reads from the environment ``NOTIFICATION_QUEUE_URL``, ``MERCHANT_PARAMETERS`` (a
path of SSM parameters: ``<path>/<merchant>/webhook-url`` and the SecureString ``<path>/<merchant>/webhook-secret``),
``RETRY_FIRST_SECONDS`` and, for development alone, ``LOOPBACK_WEBHOOKS=allow``.
"""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any, Final

from handlers.notification_sender.webhook import parse_endpoint, post
from handlers.shared import clients
from handlers.shared.batch import Batch, Message, QueueEvent, queue_batch
from handlers.shared.invocation import LambdaContext
from handlers.shared.logs import logged
from handlers.shared.parameters import Parameters
from handlers.shared.release_metrics import measured
from handlers.shared.settings import required
from handlers.shared.signatures import HEADER, parse_secrets, sign
from handlers.shared.tracing import REMOTE, subsegment
from handlers.transactions.messages import parse_notification

EVENT_HEADER: Final = "Webhook-Id"


@measured
@logged
def handler(event: QueueEvent, context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return batch().carry_out(event, context, notify)


def notify(message: Message) -> None:
    """Delivers one notification; at least once, and recognisable by its ``Webhook-Id`` when more often.

    Raises:
        Undeliverable: the merchant did not take it.
        UnknownParameter: the merchant has no webhook.
    """
    notification = parse_notification(message.body)
    merchant = f"{required('MERCHANT_PARAMETERS')}/{notification.merchant_id}"
    endpoint = parse_endpoint(
        parameters().value(f"{merchant}/webhook-url"),
        allow_loopback=os.environ.get("LOOPBACK_WEBHOOKS") == "allow",
    )
    body = notification.text.encode()
    secrets = parse_secrets(parameters().value(f"{merchant}/webhook-secret"))
    headers = {
        "Content-Type": "application/json",
        EVENT_HEADER: notification.event_id,
        HEADER: sign(body, secrets, at=int(time.time())),
    }
    with subsegment("merchant webhook", namespace=REMOTE):
        post(endpoint, body, headers)


@cache
def parameters() -> Parameters:
    """The parameters that this execution environment has fetched."""
    return Parameters(ssm=clients.ssm())


@cache
def batch() -> Batch:
    """How this function's messages are carried out."""
    return queue_batch(clients.sqs(), "NOTIFICATION_QUEUE_URL")
