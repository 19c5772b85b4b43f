"""A payments handler written the usual way, to measure ours against: boto3's resource and `patch_all()` at import.

It takes the same request, validates the same members, writes the same kind of item; it has no screening, no
idempotency, no metrics and no structured logs.
"""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from aws_xray_sdk.core import patch_all

patch_all()

table = boto3.resource("dynamodb").Table(os.environ["PAYMENTS_TABLE"])
REQUIRED = ("amount", "currency", "payment_method", "customer_id")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Takes a payment."""
    del context
    body = json.loads(event["body"], parse_float=Decimal)
    missing = [name for name in REQUIRED if name not in body]
    if missing or Decimal(body["amount"]) <= 0 or body["currency"] not in {"USD", "EUR", "GBP"}:
        return {"statusCode": 400, "body": json.dumps({"message": "invalid payment"})}
    item = {
        "payment_id": str(uuid.uuid4()),
        "status": "completed",
        "created_at": datetime.now(UTC).isoformat(),
        **{name: body[name] for name in REQUIRED},
    }
    table.put_item(Item=item)
    return {"statusCode": 201, "body": json.dumps(item, default=str)}
