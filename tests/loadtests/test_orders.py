from __future__ import annotations

import json
import re
from collections import Counter
from random import Random

import pytest

from loadtests import document, orders
from loadtests.document import Api


def test_an_order_holds_the_amount_with_its_digits() -> None:
    assert orders.payment(Random(1), "7.50").startswith('{"amount": 7.50, "currency": "')


def test_cents_are_spread_evenly() -> None:
    """The faulty example release fails for one amount in twenty; this is what makes that 5 % of the payments."""
    random = Random(1)
    cents = Counter(int(orders.amount(random)[-2:]) // 5 for _ in range(20_000))
    assert len(cents) == 20
    assert min(cents.values()) > 850
    assert max(cents.values()) < 1150


def test_one_payment_in_thirty_is_a_sterling_wallet() -> None:
    random = Random(1)
    made = [json.loads(orders.payment(random, "1.00")) for _ in range(20_000)]
    slow = sum(one["currency"] == "GBP" and one["payment_method"] == "wallet_tok" for one in made)
    assert 0.02 < slow / len(made) < 0.04


def test_nothing_in_an_order_looks_like_a_card_number() -> None:
    random = Random(1)
    assert not any(re.search(r"\d{13}", orders.payment(random, orders.amount(random))) for _ in range(1_000))


def test_the_currencies_are_those_of_the_document() -> None:
    assert tuple(orders.CURRENCY_WEIGHTS) == document.currencies()


@pytest.mark.parametrize("api", list(Api))
def test_each_operation_of_the_document_has_a_share_of_the_load(api: Api) -> None:
    assert sum(operation.weight for operation in document.operations(api).values()) == 100


def test_an_operation_knows_its_path_and_its_status() -> None:
    operation = document.operations(Api.PAYMENTS)["findPayment"]
    assert (operation.path(id="pay_x"), operation.method, operation.success) == ("/payments/pay_x", "GET", 200)


def test_a_seed_repeats_the_orders() -> None:
    assert orders.payment(Random(5), "1") == orders.payment(Random(5), "1")
