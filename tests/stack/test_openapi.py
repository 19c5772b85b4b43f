import json
from typing import Any

import pytest

from stack.errors import SettingsError
from stack.openapi import body_schemas, operations
from stack.program import API_DOCUMENT


def document(operation: dict[str, Any], method: str = "post") -> dict[str, Any]:
    schemas = {
        "Order": {"type": "object", "properties": {"example": {"$ref": "#/components/schemas/Sum"}}, "example": {}},
        "Sum": {"type": "number", "description": "How much.", "minimum": 0, "exclusiveMinimum": True},
    }
    return {"paths": {"/orders/{id}": {method: operation}}, "components": {"schemas": schemas}}


BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}


def test_an_operation_is_what_the_document_says() -> None:
    (found,) = operations(
        document(
            {
                "x-function": "order-taker",
                "security": [{"ApiKey": []}],
                "requestBody": BODY,
                "parameters": [{"name": "id", "in": "path", "required": True}, {"name": "page", "in": "query"}],
            }
        )
    )
    assert (found.method, found.path, found.function, found.is_keyed) == ("POST", "/orders/{id}", "order-taker", True)
    assert found.parameters == (("method.request.path.id", True), ("method.request.querystring.page", False))
    assert (found.body, found.label) == ("Order", "post-orders-id")


def test_references_are_followed_and_what_draft_4_does_not_know_is_left_out() -> None:
    schemas = body_schemas(document({"x-function": "f", "requestBody": BODY}))
    assert schemas["Order"] == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "Order",
        "type": "object",
        "properties": {"example": {"type": "number", "minimum": 0, "exclusiveMinimum": True}},
    }


@pytest.mark.parametrize(("method", "security", "cacheable"), [("get", [], True), ("post", [], False)])
def test_only_what_everybody_gets_alike_is_cached(method: str, security: list[object], cacheable: bool) -> None:  # noqa: FBT001
    (found,) = operations(document({"x-function": "f", "security": security}, method))
    assert found.is_cacheable is cacheable


@pytest.mark.parametrize("shared", [True, False])
def test_an_answer_to_a_key_is_cached_only_when_all_keys_get_the_same(shared: bool) -> None:  # noqa: FBT001
    described = {"x-function": "f", "security": [{"ApiKey": []}], "x-shared-answer": shared}
    (found,) = operations(document(described, "get"))
    assert found.is_cacheable is shared


def test_an_operation_without_a_function_is_refused() -> None:
    with pytest.raises(SettingsError, match="has no x-function"):
        operations(document({}))


def test_an_inline_body_is_refused() -> None:
    inline = {"content": {"application/json": {"schema": {"type": "object"}}}}
    with pytest.raises(SettingsError, match="is inline"):
        operations(document({"x-function": "f", "requestBody": inline}))


def test_the_services_own_document_has_the_endpoints_of_a2_and_b1() -> None:
    found = {(each.method, each.path): each for each in operations(json.loads(API_DOCUMENT.read_text()))}
    assert set(found) == {
        ("POST", "/payments"),
        ("GET", "/payments"),
        ("GET", "/payments/{id}"),
        ("POST", "/transactions"),
        ("GET", "/transaction/{id}"),
        ("POST", "/fraud-webhook"),
    }
    assert found.keys() - {key for key, each in found.items() if each.is_keyed} == {
        ("POST", "/payments"),
        ("GET", "/payments/{id}"),
    }
    assert {key for key, each in found.items() if each.is_cacheable} == {
        ("GET", "/payments"),
        ("GET", "/payments/{id}"),
    }
