from typing import Any

import pytest

from localcloud.gateway.patching import apply_patches


def patched(record: dict[str, Any], *operations: tuple[str, str, str | None]) -> dict[str, Any]:
    return apply_patches(record, [{"op": op, "path": path, "value": value} for op, path, value in operations])


def test_a_key_with_a_slash_is_addressed_by_its_escape() -> None:
    record = {"requestTemplates": {"application/json": "old"}}

    assert patched(record, ("replace", "/requestTemplates/application~1json", "new")) == {
        "requestTemplates": {"application/json": "new"}
    }


def test_a_set_is_changed_by_its_items() -> None:
    record = {"binaryMediaTypes": ["image/png"]}

    assert patched(
        record, ("add", "/binaryMediaTypes/image~1gif", None), ("remove", "/binaryMediaTypes/image~1png", None)
    ) == {"binaryMediaTypes": ["image/gif"]}


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("/apiKeyRequired", "false", False),
        ("/enabled", "true", True),
        ("/timeoutInMillis", "5000", 5000),
        ("/description", "true", "true"),
    ],
)
def test_a_text_becomes_what_the_member_is(path: str, text: str, value: object) -> None:
    assert patched({}, ("replace", path, text)) == {path[1:]: value}


def test_a_method_s_parameter_is_a_truth_value_and_an_integration_s_a_text() -> None:
    record: dict[str, Any] = {}

    assert patched(
        record,
        ("add", "/requestParameters/method.request.querystring.id", "true"),
        ("add", "/requestParameters/integration.request.header.X", "'true'"),
    ) == {
        "requestParameters": {"method.request.querystring.id": True, "integration.request.header.X": "'true'"},
    }


def test_a_usage_plan_gains_and_loses_stages_and_throttles_them() -> None:
    plan: dict[str, Any] = {"apiStages": [{"apiId": "a", "stage": "old"}], "throttle": {"rateLimit": 1.0}}

    assert patched(
        plan,
        ("remove", "/apiStages", "a:old"),
        ("add", "/apiStages", "a:new"),
        ("replace", "/apiStages/a:new/throttle/~1pay/GET/rateLimit", "7"),
        ("replace", "/throttle/rateLimit", "9.5"),
    ) == {
        "apiStages": [{"apiId": "a", "stage": "new", "throttle": {"/pay/GET": {"rateLimit": 7.0}}}],
        "throttle": {"rateLimit": 9.5},
    }


def test_a_whole_member_can_be_removed() -> None:
    assert patched({"quota": {"limit": 1}}, ("remove", "/quota", None)) == {}


def test_an_endpoint_type_is_replaced_in_its_place() -> None:
    record = {"endpointConfiguration": {"types": ["EDGE"]}}

    assert patched(record, ("replace", "/endpointConfiguration/types/0", "REGIONAL")) == {
        "endpointConfiguration": {"types": ["REGIONAL"]}
    }
