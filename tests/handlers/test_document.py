"""The OpenAPI document and the code say the same."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.fraud_handler import alerts
from handlers.fraud_handler import app as fraud_handler
from handlers.payment_processor import app as payment_processor
from handlers.payment_processor import payments
from handlers.shared.money import Currency
from handlers.shared.order import Party, required_members
from handlers.shared.rest import Routes
from handlers.shared.signatures import HEADER
from handlers.transaction_processor import app as transaction_processor
from handlers.transactions import transaction
from tests.handlers.deployment import DOCUMENT
from tests.handlers.document import OPERATIONS, resolved

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
ROUTES: dict[str, Routes] = {
    "payment-processor": payment_processor.ROUTES,
    "transaction-processor": transaction_processor.ROUTES,
    "fraud-handler": fraud_handler.ROUTES,
}


def test_each_documented_operation_is_a_route_of_its_function_and_each_route_is_documented() -> None:
    documented = {(each.described["x-function"], each.method, each.template) for each in OPERATIONS}
    assert documented == {(function, *route) for function, routes in ROUTES.items() for route in routes}


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        ("PaymentOrder", required_members(Party.CUSTOMER)),
        ("TransactionOrder", required_members(Party.MERCHANT)),
        ("FraudAlert", alerts.REQUIRED),
    ],
)
def test_the_required_members_are_those_that_the_code_asks_for(schema: str, required: tuple[str, ...]) -> None:
    assert tuple(SCHEMAS[schema]["required"]) == required


@pytest.mark.parametrize(
    ("schema", "member", "values"),
    [
        ("PaymentOrder", "currency", list(Currency)),
        ("TransactionOrder", "currency", list(Currency)),
        ("Payment", "status", list(payments.PaymentStatus)),
        ("Transaction", "status", list(transaction.TransactionStatus)),
        ("FraudAnswer", "transaction_status", list(transaction.TransactionStatus)),
        ("FraudAlert", "verdict", list(transaction.FraudVerdict)),
    ],
)
def test_closed_sets_are_the_same(schema: str, member: str, values: list[str]) -> None:
    assert SCHEMAS[schema]["properties"][member]["enum"] == values


def test_what_shows_things_of_others_needs_an_api_key() -> None:
    """B1; paying, and looking at a payment whose id one was given, are kept as they were (A9)."""
    keyed = {(each.method, each.template) for each in OPERATIONS if each.described.get("security")}
    assert keyed == {(each.method, each.template) for each in OPERATIONS} - {
        ("POST", "/payments"),
        ("GET", "/payments/{id}"),
    }


def test_the_signature_s_header_is_documented() -> None:
    (webhook,) = (each for each in OPERATIONS if each.template == "/fraud-webhook")
    assert [parameter["name"] for parameter in webhook.described["parameters"]] == [HEADER]


def test_each_operation_documents_the_refusal_of_card_data_and_the_fault_that_tells_nothing() -> None:
    for operation in OPERATIONS:
        assert {"422", "500"} <= operation.described["responses"].keys()


def test_every_error_has_one_form() -> None:
    for operation in OPERATIONS:
        for status, answer in operation.described["responses"].items():
            schema = answer["content"]["application/json"]["schema"]
            assert (resolved(schema) == SCHEMAS["Error"]) == (status >= "400")


@pytest.mark.parametrize("tag", ["payments", "transactions"])
def test_the_shares_of_the_load_add_up(tag: str) -> None:
    assert sum(each.described["x-load-weight"] for each in OPERATIONS if tag in each.described["tags"]) == 100
