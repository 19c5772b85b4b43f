"""Transactions while workers are killed, requests and deliveries doubled, and merchants refuse; by a seed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from handlers.shared.signatures import HEADER, sign
from tests.handlers.deployment import FRAUD_SECRET, Answered, Service
from tests.handlers.events import order_text, queued
from tests.handlers.merchant import Merchant
from tests.handlers.resources import dynamodb_of, sqs_of

CLIENTS = 8
MOST_TRIES = 60
TRY_AGAIN_SECONDS = 0.2
DOUBLED = 0.1
LARGE = 0.3
FRAUD = 0.3
KILL_EVERY_SECONDS = (0.05, 0.25)
QUIET_SECONDS = 300


@dataclass(kw_only=True)
class Counts:
    """What happened; printed at the end of the run."""

    transactions: int = 0
    tries: int = 0
    workers_killed: int = 0
    requests_doubled: int = 0
    deliveries_doubled: int = 0
    dead_lettered: int = 0
    """Messages that were in a dead-letter queue before they were replayed."""
    settled: int = 0
    blocked: int = 0
    unfinished: int = 0
    settled_twice: int = 0
    told_both: int = 0
    """Transactions whose merchant heard of a settlement and of a blocking."""
    notifications: int = 0
    """Deliveries to merchants, repetitions included."""
    never_notified: int = 0
    seconds: float = 0

    def text(self) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in asdict(self).items())


@dataclass(kw_only=True)
class ChaosRun:
    service: Service
    merchants: Sequence[tuple[str, Merchant]]
    random: Random
    counts: Counts = field(default_factory=Counts)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str, number: int = 1) -> None:
        with self.lock:
            setattr(self.counts, name, getattr(self.counts, name) + number)

    def place(self, number: int) -> str:
        """The id of a new transaction, after its request was taken; with whatever goes wrong on the way."""
        random = Random(f"{self.random.random()}-{number}")
        merchant_id, _ = self.merchants[number % len(self.merchants)]
        is_large = random.random() < LARGE
        body = order_text(str(number % 900 + (1000 if is_large else 1)), customer_id=None, merchant_id=merchant_id)
        key = f"key-{number}-{self.service.name}"
        taken = self.insist("POST", "/transactions", body, key=key)
        if random.random() < DOUBLED:
            self.count("requests_doubled")
            assert self.insist("POST", "/transactions", body, key=key).text == taken.text
        if random.random() < DOUBLED:
            self.deliver_again(taken.body, number)
        if is_large:
            self.judge(taken.body["transaction_id"], "fraud" if random.random() < FRAUD else "clear")
        return str(taken.body["transaction_id"])

    def insist(self, method: str, path: str, body: str, *, key: str | None = None) -> Answered:
        """The answer of success, after as many tries as it takes: what a client with an Idempotency-Key does."""
        for _ in range(MOST_TRIES):
            self.count("tries")
            with suppress(OSError, http.client.HTTPException):
                headers = {HEADER: sign(body.encode(), [FRAUD_SECRET], at=int(time.time()))}
                answered = self.service.call(method, path, body, headers=headers, key=key)
                if answered.status < 400 or answered.status == 409:
                    return answered
            time.sleep(TRY_AGAIN_SECONDS)
        raise AssertionError(f"{method} {path} was not taken in {MOST_TRIES} tries")

    def deliver_again(self, taken: dict[str, Any], number: int) -> None:
        """The transaction's message once more: in the queue, and straight to the function at the same time."""
        self.count("deliveries_doubled", 2)
        order = {name: taken[name] for name in ("amount", "currency", "payment_method", "merchant_id")}
        told = {name: taken[name] for name in ("transaction_id", "created_at", "version")}
        message = json.dumps({"format": 1, **told, "order": order})
        sqs_of(self.service.cloud).send_message(
            QueueUrl=self.service.processing.url,
            MessageBody=message,
            MessageGroupId=f"again-{number}",
            MessageDeduplicationId=f"again-{number}",
        )
        with suppress(Exception):  # a killed worker makes this call fail, which is the point of it
            self.service.cloud.client("lambda").invoke(
                FunctionName=self.service.function("transaction-processor"),
                Qualifier="live",
                Payload=json.dumps(queued(message)),
            )

    def judge(self, transaction_id: str, verdict: str) -> None:
        """The fraud service speaks, now and then twice."""
        told = {"alert_id": f"alert-{transaction_id}", "transaction_id": transaction_id, "verdict": verdict}
        body = json.dumps(told | {"timestamp": "2026-11-21T12:00:00Z"})
        for _ in range(1 + (len(transaction_id) + ord(transaction_id[-1])) % 2):
            self.insist("POST", "/fraud-webhook", body)

    @contextmanager
    def killing(self) -> Iterator[None]:
        """Kills a worker of the flow every moment, in the middle of whatever it does."""
        over = threading.Event()

        def kill() -> None:
            while not over.wait(self.random.uniform(*KILL_EVERY_SECONDS)):
                if alive := workers(self.service.cloud.pid):
                    with suppress(ProcessLookupError):
                        os.kill(self.random.choice(alive), signal.SIGKILL)
                        self.count("workers_killed")

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield
        finally:
            over.set()
            killer.join()

    def waiting(self, *, among_dead: bool = False) -> int:
        """Messages in both queues, those under way included; or in both dead-letter queues."""
        queues = (self.service.processing, self.service.notifications)
        urls = [queue.dead_letter_url if among_dead else queue.url for queue in queues]
        return sum(depth(self.service, url) for url in urls)

    def wait_until_quiet(self) -> None:
        deadline = time.monotonic() + QUIET_SECONDS
        while self.waiting():
            assert time.monotonic() < deadline, f"{self.waiting()} messages are still waiting"
            time.sleep(0.5)

    def settle_accounts(self, placed: Sequence[str]) -> None:
        """Counts how each transaction ended and what its merchant was told."""
        histories = self.histories()
        told: Counter[str] = Counter()
        for _, merchant in self.merchants:
            told.update(json.loads(delivery.body)["event_id"] for delivery in merchant.deliveries)
        for transaction_id in placed:
            passed = histories.get(transaction_id, ["lost"])
            self.count(passed[-1] if passed[-1] in {"settled", "blocked"} else "unfinished")
            self.count("settled_twice", passed.count("settled") > 1)
            heard = [told[f"{transaction_id}-{outcome}"] for outcome in ("settled", "blocked")]
            self.count("told_both", all(heard))
            self.count("never_notified", not told[f"{transaction_id}-{passed[-1]}"])
        self.count("notifications", sum(told.values()))

    def histories(self) -> dict[str, list[str]]:
        """The statuses that each transaction has passed."""
        pages = dynamodb_of(self.service.cloud).get_paginator("scan")
        return {
            item["transaction_id"]["S"]: [line["M"]["status"]["S"] for line in item["history"]["L"]]
            for page in pages.paginate(TableName=self.service.tables["transactions"])
            for item in page["Items"]
        }


def depth(service: Service, queue_url: str) -> int:
    """Messages in a queue, visible or not."""
    found = sqs_of(service.cloud).get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def workers(server_pid: int) -> list[int]:
    """The processes of the cloud `server_pid` that run a function of the asynchronous flow."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_bytes()
            if parent == server_pid and b"handlers." in command and b"payment_processor" not in command:
                found.append(int(status.parent.name))
    return found


def place_all(run: ChaosRun, transactions: int) -> list[str]:
    """The ids of so many transactions, placed by concurrent clients."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(run.place, range(transactions)))
