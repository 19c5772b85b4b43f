"""No transaction is lost, none is settled twice, each merchant hears: whatever is killed, doubled or refused."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from handlers import dead_letters
from tests.handlers.chaos import ChaosRun, Counts, place_all
from tests.handlers.deployment import Service
from tests.handlers.merchant import Merchant, listening_merchant

pytestmark = [pytest.mark.localcloud, pytest.mark.usefixtures("aws")]

TRANSACTIONS = int(os.environ.get("CHAOS_TRANSACTIONS", "150"))
"""``make chaos-handlers`` places 2,000."""
SEED = int(os.environ.get("CHAOS_SEED", "7"))
MERCHANTS = 20
MOST_REPLAYS = 10
SHORT_OUTAGE, LONG_OUTAGE = 2, 12
"""Deliveries that a merchant refuses; a long one takes some notifications to the dead-letter queue."""


@pytest.fixture
def merchants(service: Service) -> Iterator[list[tuple[str, Merchant]]]:
    with ExitStack() as stack:
        listening = [(f"merchant-{number}", stack.enter_context(listening_merchant())) for number in range(MERCHANTS)]
        for merchant_id, merchant in listening:
            service.register_merchant(merchant_id, merchant.url)
        yield listening


def replay_dead_letters(run: ChaosRun) -> None:
    """What an operator does in the end; the command is the documented one."""
    for _ in range(MOST_REPLAYS):
        run.wait_until_quiet()
        dead = run.waiting(among_dead=True)
        if not dead:
            return
        run.count("dead_lettered", dead)
        for queue in (run.service.processing, run.service.notifications):
            names = [url.rpartition("/")[2] for url in (queue.dead_letter_url, queue.url)]
            assert dead_letters.main(["replay", "--queue", names[0], "--to", names[1], "--most", "100000"]) == 0


def test_whatever_is_killed_doubled_or_refused_every_transaction_ends_once(
    service: Service, merchants: list[tuple[str, Merchant]], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    run = ChaosRun(service=service, merchants=merchants, random=Random(SEED))
    for number, (_, merchant) in enumerate(merchants):
        merchant.statuses = [500] * (LONG_OUTAGE if number % 5 == 0 else SHORT_OUTAGE)
    with run.killing():
        placed = place_all(run, TRANSACTIONS)
    replay_dead_letters(run)
    run.settle_accounts(placed)
    counts: Counts = run.counts
    counts.transactions = len(set(placed))
    counts.seconds = round(time.monotonic() - began, 1)
    with capsys.disabled():
        print(f"\nchaos, seed {SEED}: {counts.text()}")  # noqa: T201 - the issue asks for the counts
    assert counts.transactions == counts.settled + counts.blocked == TRANSACTIONS
    assert (counts.unfinished, counts.settled_twice, counts.told_both, counts.never_notified) == (0, 0, 0, 0)
    assert counts.workers_killed > 0
