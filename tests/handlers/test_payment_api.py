"""POST /payments, GET /payments/{id}, GET /payments against a real table (A2, A3)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from handlers.payment_processor import app
from tests.handlers.events import Context, content, order_text, proxy

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("payments_table")

V7, V8 = Context(function_version="7"), Context(function_version="8")


def post(body: str | None, *, key: str | None = None, caller: str = "", context: Context = V7) -> dict[str, Any]:
    headers = {} if key is None else {"Idempotency-Key": key}
    return app.handler(proxy("POST", "/payments", body=body, headers=headers, caller=caller), context)


def fetch(payment_id: str) -> dict[str, Any]:
    return app.handler(proxy("GET", "/payments/{id}", path={"id": payment_id}), V7)


def listing(**query: str) -> dict[str, Any]:
    return app.handler(proxy("GET", "/payments", query=query or None), V7)


@pytest.mark.parametrize("amount", ["12.30", "0.1", "1e2", "999999999.99", '"7.50"'])
def test_an_amount_comes_back_exactly_as_sent(amount: str) -> None:
    made = post(order_text(amount))
    found = fetch(content(made)["payment_id"])
    assert (made["statusCode"], found["statusCode"]) == (201, 200)
    assert made["body"] == found["body"]
    assert f'"amount":{amount},' in found["body"]


def test_every_answer_and_every_record_names_the_version(dynamodb: DynamoDBClient) -> None:
    made = post(order_text())
    key = {"payment_id": {"S": content(made)["payment_id"]}}
    record = dynamodb.get_item(TableName="payments", Key=key)["Item"]
    assert made["headers"]["X-Version"] == record["version"]["S"] == "7"


def test_a_created_payment_says_where_it_is() -> None:
    made = post(order_text())
    assert made["headers"]["Location"] == f"/payments/{content(made)['payment_id']}"


@pytest.mark.parametrize("payment_id", ["pay_" + "a" * 26, "x", "", "../payments", "\ud800"])
def test_an_unknown_id_is_not_found(payment_id: str) -> None:
    answer = fetch(payment_id)
    assert (answer["statusCode"], content(answer)["error"]) == (404, "not_found")


@pytest.mark.parametrize("body", [None, "", "{", "[]", "1", '{"amount":1,"amount":2}', '{"a":NaN}', "[" * 5_000])
def test_a_body_that_is_no_json_object_is_a_clear_400(body: str | None) -> None:
    answer = post(body)
    assert (answer["statusCode"], content(answer)["error"]) == (400, "invalid_json")


def test_an_invalid_member_is_named_and_not_quoted() -> None:
    answer = post(order_text(currency="<script>"))
    assert (answer["statusCode"], content(answer)["field"]) == (400, "currency")
    assert "script" not in answer["body"]


def test_a_body_that_is_too_large_is_refused() -> None:
    assert post(order_text(description="x" * 70_000))["statusCode"] == 413


def test_a_wrong_announcement_of_base64_is_refused() -> None:
    answer = app.handler(proxy("POST", "/payments", body="%") | {"isBase64Encoded": True}, V7)
    assert (answer["statusCode"], content(answer)["error"]) == (400, "invalid_body")


def test_an_unknown_endpoint_is_not_found() -> None:
    assert app.handler(proxy("PUT", "/payments"), V7)["statusCode"] == 404


def test_a_repeated_key_gets_the_first_answer_from_either_version() -> None:
    key = str(uuid4())
    first, again = post(order_text(), key=key, context=V7), post(order_text(), key=key, context=V8)
    assert first["body"] == again["body"]
    assert again["headers"]["X-Version"] == "8"


def test_a_record_of_an_older_version_answers_for_its_key_and_what_a_newer_one_added_is_no_trouble(
    dynamodb: DynamoDBClient,
) -> None:
    """The first version kept no digest of the other members; the next one may keep more than this one knows."""
    key = str(uuid4())
    made = post(order_text(), key=key)
    table, record_key = "payments", {"payment_id": {"S": content(made)["payment_id"]}}
    kept = dynamodb.get_item(TableName=table, Key=record_key)["Item"]
    del kept["others"]
    dynamodb.put_item(TableName=table, Item=kept | {"risk": {"M": {"score": {"N": "7"}}}})
    again, shown = post(order_text(), key=key, context=V8), fetch(content(made)["payment_id"])
    assert (again["statusCode"], again["body"], shown["body"]) == (201, made["body"], made["body"])
    assert post(order_text("2"), key=key)["statusCode"] == 422


def test_a_key_with_another_body_is_refused() -> None:
    key = str(uuid4())
    post(order_text("1"), key=key)
    answer = post(order_text("2"), key=key)
    assert (answer["statusCode"], content(answer)["error"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_its_caller() -> None:
    key = str(uuid4())
    ours, theirs = post(order_text(), key=key, caller="a"), post(order_text(), key=key, caller="b")
    assert content(ours)["payment_id"] != content(theirs)["payment_id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "\u00e9"])
def test_a_malformed_key_is_refused(key: str) -> None:
    assert content(post(order_text(), key=key))["error"] == "invalid_idempotency_key"


def test_concurrent_duplicates_are_one_payment() -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(order_text(), key=key), range(40)))
    assert {answer["statusCode"] for answer in answers} == {201}
    assert len({answer["body"] for answer in answers}) == 1


def test_pages_of_a_status_hold_each_payment_once_the_newest_first() -> None:
    made = [content(post(order_text("20000")))["payment_id"] for _ in range(5)]
    seen: list[str] = []
    query = {"status": "pending", "limit": "2"}
    while True:
        page = content(listing(**query))
        seen += [payment["payment_id"] for payment in page["payments"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [one for one in seen if one in made] == made[::-1]
    assert len(seen) == len(set(seen))


def test_pages_without_a_status_hold_every_payment() -> None:
    made = {content(post(order_text()))["payment_id"] for _ in range(3)}
    seen: set[str] = set()
    query = {"limit": "2"}
    while True:
        page = content(listing(**query))
        seen |= {payment["payment_id"] for payment in page["payments"]}
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert made <= seen


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "x"},
        {"limit": "\u0661"},
        {"limit": "9" * 5000},
        {"status": "lost"},
        {"cursor": "x"},
    ],
)
def test_a_wrong_query_is_a_clear_400(query: dict[str, str]) -> None:
    answer = listing(**query)
    assert (answer["statusCode"], content(answer)["field"]) == (400, next(iter(query)))


def test_an_unexpected_failure_tells_a_reference_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAYMENTS_TABLE", "no-such-table")
    app.service.cache_clear()
    answer = post(order_text())
    app.service.cache_clear()
    assert answer["statusCode"] == 500
    assert re.fullmatch(r"\{[^{}]*quote reference request-1\"\}", answer["body"])
    assert "ResourceNotFoundException" in capsys.readouterr().out
