"""Entry point of the function ``payment-processor``: POST /payments, GET /payments/{id}, GET /payments.

Reads ``PAYMENTS_TABLE`` and ``PAYMENTS_STATUS_INDEX`` from the environment.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from handlers.payment_processor.cursor import Cursor, parse_cursor
from handlers.payment_processor.payments import decide, parse_order, parse_status
from handlers.payment_processor.store import Page, PaymentStore
from handlers.shared import clients
from handlers.shared.identity import derived_id, idempotency_key, is_id, random_id
from handlers.shared.invocation import LambdaContext
from handlers.shared.refusal import Refusal, invalid
from handlers.shared.release_metrics import measured
from handlers.shared.rest import Answer, ProxyEvent, Request, Routes, serve
from handlers.shared.settings import required

PREFIX: Final = "pay"
DEFAULT_LIMIT: Final = 25
LARGEST_LIMIT: Final = 100
_LIMIT: Final = re.compile(r"[1-9][0-9]?|100")


@measured
def handler(event: ProxyEvent, context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, context, ROUTES)


def create_payment(request: Request) -> Answer:
    """POST /payments: 201 with the payment, the same one for a repeated idempotency key; 422 for its misuse."""
    order = parse_order(request.json_object())
    key = idempotency_key(request.headers)
    payment_id = random_id(PREFIX) if key is None else derived_id(PREFIX, caller=request.caller, key=key)
    decided = decide(order, payment_id=payment_id, at=datetime.now(UTC), version=request.version)
    kept = store().insert(decided)
    if kept.order.fingerprint() != order.fingerprint():
        raise Refusal(422, "idempotency_key_reused", "this Idempotency-Key was used with another body")
    return Answer(status=201, body=kept.members(), headers={"Location": f"/payments/{kept.payment_id}"})


def find_payment(request: Request) -> Answer:
    """GET /payments/{id}: 200, or 404."""
    payment_id = request.path.get("id", "")
    payment = store().find(payment_id) if is_id(payment_id) else None
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
        return _page(store().page(limit=limit, after=after))
    return _page(store().page_by_status(wanted, limit=limit, after=after))


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
            "next_cursor": None if following is None else following.text(),
        },
    )


@cache
def store() -> PaymentStore:
    """The payments of this execution environment."""
    return PaymentStore(
        client=clients.dynamodb(),
        table=required("PAYMENTS_TABLE"),
        status_index=required("PAYMENTS_STATUS_INDEX"),
    )


ROUTES: Final[Routes] = {
    ("POST", "/payments"): create_payment,
    ("GET", "/payments"): list_payments,
    ("GET", "/payments/{id}"): find_payment,
}
