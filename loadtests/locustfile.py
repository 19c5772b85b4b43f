"""Locust's entry: customers of the payments API, the course of the load, and the record of what they saw.

Run it through ``python -m loadtests.run`` or ``python -m loadtests.gate``, which build the command line; the options of
its own are ``--shape``, ``--throughput``, ``--warm-up``, ``--snapshots``, ``--summary`` and ``--seed``.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import deque
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import uuid4

import gevent
from locust import FastHttpUser, LoadTestShape, constant_throughput, events, task

from loadtests import orders
from loadtests.figures import Record
from loadtests.recorder import Recorder
from loadtests.shapes import Shape, users_at

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment

REMEMBERED: Final = 50
SNAPSHOT_SECONDS: Final = 1.0
OK: Final = 200
CREATED: Final = 201
API_KEY_VARIABLE: Final = "PAYMENTS_API_KEY"


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # Locust's events carry no types
def add_options(parser: LocustArgumentParser) -> None:
    """Declares the options that Locust itself does not have."""
    parser.add_argument("--shape", choices=[shape.value for shape in Shape], default=Shape.CONSTANT.value)
    parser.add_argument("--throughput", type=float, default=5.0, help="requests a second of each user")
    parser.add_argument("--warm-up", type=float, default=0.0, help="seconds that are counted apart")
    parser.add_argument("--snapshots", type=Path, help="JSON lines file of the figures, one line a second")
    parser.add_argument("--summary", type=Path, help="JSON file of the figures at the end")
    parser.add_argument("--seed", type=int, default=0, help="of the orders")


@events.init.add_listener  # type: ignore[untyped-decorator]  # the same
def start_recording(environment: Environment, **_: object) -> None:
    """Counts every answer from now on, and writes the figures where the options say."""
    options = environment.parsed_options
    if options is None:
        return
    record = Record(counts_from=time.time() + options.warm_up)
    recorder = Recorder(record=record, snapshots=options.snapshots, summary=options.summary)
    writer = gevent.spawn(_append_forever, recorder)

    def finish(**_: object) -> None:
        writer.kill()
        recorder.append_snapshot()
        recorder.write_summary()
        # The verdict on failed requests belongs to the gate; this process only reports whether it ran.
        environment.process_exit_code = 0

    environment.events.request.add_listener(recorder.count)  # type: ignore[no-untyped-call]  # the same
    environment.events.quitting.add_listener(finish)  # type: ignore[no-untyped-call]  # the same
    # Locust takes SIGTERM only once the shape has ended, so a run that is told to stop would lose its figures.
    gevent.signal_handler(signal.SIGTERM, _quit, environment)


def _quit(environment: Environment) -> None:
    if environment.runner is not None:
        environment.runner.quit()


def _append_forever(recorder: Recorder) -> NoReturn:
    while True:
        recorder.append_snapshot()
        gevent.sleep(SNAPSHOT_SECONDS)


class Course(LoadTestShape):
    """The number of users over time."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Users and how many of them may start a second; None when the time is over."""
        if self.runner is None or self.runner.environment.parsed_options is None:
            return None
        options = self.runner.environment.parsed_options
        progress = self.get_run_time() / options.run_time  # type: ignore[no-untyped-call]  # Locust's own method
        if progress >= 1:
            return None
        users = users_at(Shape(options.shape), most=options.num_users, progress=progress)
        return users, float(options.num_users)


class Customer(FastHttpUser):
    """Someone who pays, looks at payments of theirs, and now and then at the list."""

    connection_timeout = 5.0
    network_timeout = 30.0
    customers = 0

    def on_start(self) -> None:
        """A generator, a memory and a pace of one's own, so that a seed repeats the run."""
        Customer.customers += 1
        options = self.environment.parsed_options
        self.random = Random(f"{options.seed}-{Customer.customers}")  # noqa: S311 - orders, not secrets
        self.pace = constant_throughput(options.throughput)
        self.mine: deque[str] = deque(maxlen=REMEMBERED)
        key = os.environ.get(API_KEY_VARIABLE)
        self.credentials = {"x-api-key": key} if key else {}

    def wait_time(self) -> float:
        """Until the next request is due: ``--throughput`` requests a second, however long an answer takes."""
        return self.pace(self)

    @task(50)
    def pay(self) -> None:
        """POST /payments; the answer must show the amount exactly as it was sent."""
        amount = orders.amount(self.random)
        key = uuid4()  # not of the seed: two runs beside each other would answer each other's keys
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(key), **self.credentials}
        body = orders.order(self.random, amount)
        with self.client.post("/payments", data=body, headers=headers, catch_response=True) as response:
            payment_id = _object(response.text).get("payment_id")
            if response.status_code != CREATED or f'"amount":{amount},' not in response.text or not payment_id:
                response.failure(f"status {response.status_code}: not the payment that was ordered")
            else:
                self.mine.append(payment_id)

    @task(40)
    def look(self) -> None:
        """GET /payments/{id} of a payment made before."""
        if not self.mine:
            self.pay()
            return
        wanted = self.random.choice(self.mine)
        with self.client.get(
            f"/payments/{wanted}", name="/payments/{id}", headers=self.credentials, catch_response=True
        ) as response:
            if response.status_code != OK or _object(response.text).get("payment_id") != wanted:
                response.failure(f"status {response.status_code}: not the payment that was asked for")

    @task(10)
    def browse(self) -> None:
        """GET /payments: the newest completed ones."""
        with self.client.get(
            "/payments?status=completed&limit=10", name="/payments", headers=self.credentials, catch_response=True
        ) as response:
            if response.status_code != OK or not isinstance(_object(response.text).get("payments"), list):
                response.failure(f"status {response.status_code}: not a list of payments")


def _object(text: str | None) -> dict[str, Any]:
    """The JSON object in an answer; empty when there is none."""
    try:
        value = json.loads(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
