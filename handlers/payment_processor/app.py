"""Entry point of the function ``payment-processor``: POST /payments, GET /payments/{id}, GET /payments, and replays.

Reads ``PAYMENTS_TABLE`` and ``PAYMENTS_STATUS_INDEX`` from the environment, and where they are set
``PAYMENT_EVENTS_TOPIC_ARN`` (payments are announced there) and ``DEAD_LETTER_QUEUE_URL`` (failed ones are kept there).
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from handlers.payment_processor.cursor import Cursor, parse_cursor
from handlers.payment_processor.payments import parse_status
from handlers.payment_processor.service import (
    REPLAY,
    Announcements,
    DeadLetters,
    PaymentCommand,
    PaymentService,
    ReplayEvent,
    parse_replay,
)
from handlers.payment_processor.store import Page, PaymentStore
from handlers.shared import clients
from handlers.shared.identity import derived_id, idempotency_key, is_id, random_id
from handlers.shared.invocation import LambdaContext
from handlers.shared.logs import logged
from handlers.shared.order import Party, parse_order
from handlers.shared.refusal import Refusal, invalid
from handlers.shared.release_metrics import measured
from handlers.shared.rest import Answer, ProxyEvent, Request, Routes, serve
from handlers.shared.settings import required

PREFIX: Final = "pay"
DEFAULT_LIMIT: Final = 25
LARGEST_LIMIT: Final = 100
_LIMIT: Final = re.compile(r"[1-9][0-9]?|100")


@measured
@logged
def handler(event: ProxyEvent, context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point, for the API and for replayed payments."""
    if REPLAY in event:
        return replay_payment(event, context)
    return serve(event, context, ROUTES)


def create_payment(request: Request) -> Answer:
    """POST /payments: 201 with the payment, the same one for a repeated idempotency key; 422 for its misuse."""
    order = parse_order(request.json_object(), Party.CUSTOMER)
    key = idempotency_key(request.headers)
    payment_id = random_id(PREFIX) if key is None else derived_id(PREFIX, caller=request.caller, key=key)
    command = PaymentCommand(payment_id=payment_id, order=order)
    try:
        payment = service().carry_out(command, at=datetime.now(UTC), version=request.version)
    except Refusal:
        raise
    except Exception as error:
        service().keep_failed(command, error, request_id=request.request_id)
        raise
    return Answer(status=201, body=payment.members(), headers={"Location": f"/payments/{payment.payment_id}"})


def replay_payment(event: ReplayEvent, context: LambdaContext) -> dict[str, str]:
    """Carries out a payment that failed before; after an exception Lambda tries again and dead-letters the event."""
    command = parse_replay(event)
    payment = service().carry_out(command, at=datetime.now(UTC), version=context.function_version)
    return {"payment_id": payment.payment_id, "status": payment.status.value}


def find_payment(request: Request) -> Answer:
    """GET /payments/{id}: 200, or 404."""
    payment_id = request.path.get("id", "")
    payment = service().store.find(payment_id) if is_id(payment_id) else None
    if payment is None:
        raise Refusal(404, "not_found", "there is no payment with this id")
    return Answer(status=200, body=payment.members())


def list_payments(request: Request) -> Answer:
    """GET /payments: one page; with ``status`` the newest of that status first, otherwise in no particular order."""
    limit = parse_limit(request.query.get("limit"))
    status = request.query.get("status")
    wanted = None if status is None else parse_status(status)
    text = request.query.get("cursor")
    after = None if text is None else parse_cursor(text, status=wanted)
    if wanted is None:
        return _page(service().store.page(limit=limit, after=after))
    return _page(service().store.page_by_status(wanted, limit=limit, after=after))


def parse_limit(text: str | None) -> int:
    """How many payments a page may hold.

    Raises:
        Refusal: 400, not a whole number from 1 to `LARGEST_LIMIT`.
    """
    if text is None:
        return DEFAULT_LIMIT
    if not _LIMIT.fullmatch(text):
        raise invalid("limit", f"limit must be a whole number from 1 to {LARGEST_LIMIT}")
    return int(text)


def _page(page: Page) -> Answer:
    following: Cursor | None = page.following
    return Answer(
        status=200,
        body={
            "payments": [payment.members() for payment in page.payments],
            "next_cursor": None if following is None else following.encoded(),
        },
    )


@cache
def service() -> PaymentService:
    """The service of this execution environment."""
    topic_arn = os.environ.get("PAYMENT_EVENTS_TOPIC_ARN")
    queue_url = os.environ.get("DEAD_LETTER_QUEUE_URL")
    return PaymentService(
        store=PaymentStore(
            dynamodb=clients.dynamodb(),
            table=required("PAYMENTS_TABLE"),
            status_index=required("PAYMENTS_STATUS_INDEX"),
        ),
        announcements=Announcements(sns=clients.sns(), topic_arn=topic_arn) if topic_arn else None,
        dead_letters=DeadLetters(sqs=clients.sqs(), queue_url=queue_url) if queue_url else None,
    )


ROUTES: Final[Routes] = {
    ("POST", "/payments"): create_payment,
    ("GET", "/payments"): list_payments,
    ("GET", "/payments/{id}"): find_payment,
}
