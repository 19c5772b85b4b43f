"""The callers of the service, one class for each part of it; what they do how often stands in the OpenAPI document."""

from __future__ import annotations

import hmac
import json
import os
import time
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, Final
from uuid import uuid4

from locust import FastHttpUser, constant_throughput, task

from loadtests import orders
from loadtests.document import Api, Operation
from loadtests.document import operations as operations_of

REMEMBERED: Final = 50
API_KEY_VARIABLE: Final = "PAYMENTS_API_KEY"
FRAUD_SECRET_VARIABLE: Final = "FRAUD_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
TRANSACTIONS_REVIEWED_FROM: Final = "1000.00"


class Caller(FastHttpUser):
    """Someone with a generator, a memory and a pace of their own, so that a seed repeats the run."""

    abstract = True
    connection_timeout = 5.0
    network_timeout = 30.0
    callers = 0

    def on_start(self) -> None:
        """Sets the caller up."""
        Caller.callers += 1
        options = self.environment.parsed_options
        self.random = Random(f"{options.seed}-{Caller.callers}")  # noqa: S311 - orders, not secrets
        self.pace = constant_throughput(options.throughput)
        self.mine: deque[str] = deque(maxlen=REMEMBERED)
        key = os.environ.get(API_KEY_VARIABLE)
        self.credentials = {"x-api-key": key} if key else {}

    def wait_time(self) -> float:
        """Until the next request is due: ``--throughput`` requests a second, however long an answer takes."""
        return self.pace(self)

    def ask(
        self,
        operation: Operation,
        path: str,
        body: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        is_right: Callable[[dict[str, Any], str], bool],
    ) -> dict[str, Any]:
        """The answer's object; recorded as a failure when its status or its content is not the right one."""
        sent = {"Content-Type": "application/json", **self.credentials, **(headers or {})}
        with self.client.request(
            operation.method, path, name=operation.template, data=body, headers=sent, catch_response=True
        ) as response:
            answer = _object(response.text)
            if response.status_code != operation.success or not is_right(answer, response.text or ""):
                response.failure(f"status {response.status_code}: not the right answer")
                return {}
            return answer

    def order(self, operation: Operation, body: str, amount: str, id_member: str) -> dict[str, Any]:
        """Places an order with a key of its own; the answer must show the amount exactly as it was sent."""
        # Not of the seed: two runs beside each other, such as a gate beside the live load, would send each other's keys
        # with other bodies, which the API refuses.
        key = uuid4()
        return self.ask(
            operation,
            operation.path(),
            body,
            headers={"Idempotency-Key": str(key)},
            is_right=lambda answer, text: id_member in answer and f'"amount":{amount},' in text,
        )


class Customer(Caller):
    """Someone who pays, looks at payments of theirs, and now and then at the list."""

    operations = operations_of(Api.PAYMENTS)

    @task(operations["createPayment"].weight)
    def pay(self) -> None:
        """Makes a payment."""
        amount = orders.amount(self.random)
        made = self.order(
            self.operations["createPayment"], orders.payment(self.random, amount), amount, id_member="payment_id"
        )
        self.mine.extend([made["payment_id"]] if made else [])

    @task(operations["findPayment"].weight)
    def look(self) -> None:
        """Looks at a payment made before."""
        if not self.mine:
            self.pay()
            return
        wanted = self.random.choice(self.mine)
        operation = self.operations["findPayment"]
        self.ask(operation, operation.path(id=wanted), is_right=lambda answer, _: answer.get("payment_id") == wanted)

    @task(operations["listPayments"].weight)
    def browse(self) -> None:
        """Looks at the newest completed payments; without an API key, at one payment."""
        if not self.credentials:
            self.look()
            return
        operation = self.operations["listPayments"]
        path = f"{operation.path()}?status=completed&limit=10"
        self.ask(operation, path, is_right=lambda answer, _: isinstance(answer.get("payments"), list))


class Trader(Caller):
    """Someone who moves money to merchants, and the fraud service that has a word in it."""

    operations = operations_of(Api.TRANSACTIONS)

    def on_start(self) -> None:
        """Sets the caller up."""
        super().on_start()
        self.waiting: deque[str] = deque(maxlen=REMEMBERED)
        self.fraud_secret = os.environ.get(FRAUD_SECRET_VARIABLE, "")

    @task(operations["createTransaction"].weight)
    def trade(self) -> None:
        """Orders a transaction."""
        self.mine.append(self._trade(orders.amount(self.random)))

    @task(operations["findTransaction"].weight)
    def look(self) -> None:
        """Looks at a transaction ordered before."""
        wanted = self.random.choice(self.mine) if self.mine else self._trade(orders.amount(self.random))
        operation = self.operations["findTransaction"]
        path = operation.path(id=wanted)
        self.ask(operation, path, is_right=lambda answer, _: answer.get("transaction_id") == wanted)

    @task(operations["takeFraudAlert"].weight)
    def judge(self) -> None:
        """Lets the fraud service clear a large transaction, when its secret is known; else orders one."""
        if not self.fraud_secret or not self.waiting:
            self.waiting.append(self._trade(TRANSACTIONS_REVIEWED_FROM))
            return
        transaction_id = self.waiting.popleft()
        body = json.dumps(
            {
                "alert_id": f"alert-{transaction_id}",
                "transaction_id": transaction_id,
                "verdict": "clear",
                "timestamp": "2026-11-21T12:00:00Z",
            }
        )
        operation, at = self.operations["takeFraudAlert"], int(time.time())
        digest = hmac.digest(self.fraud_secret.encode(), f"{at}.{body}".encode(), "sha256").hex()
        self.ask(
            operation,
            operation.path(),
            body,
            headers={"Webhook-Signature": f"t={at},v1={digest}"},
            is_right=lambda answer, _: answer.get("transaction_id") == transaction_id,
        )

    def _trade(self, amount: str) -> str:
        body = orders.transaction(self.random, amount)
        operation = self.operations["createTransaction"]
        return str(self.order(operation, body, amount, id_member="transaction_id").get("transaction_id", "none"))


def _object(text: str | None) -> dict[str, Any]:
    """The JSON object in an answer; empty when there is none."""
    try:
        value = json.loads(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
