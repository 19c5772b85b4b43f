"""Log lines in the embedded metric format against its specification."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe.emf import EmbeddedMetric, embedded_metrics
from localcloud.observe.store import metric_id


def document(directive: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    full = {"Namespace": "N", "Dimensions": [["Version"]], "Metrics": [{"Name": "Latency"}]} | (directive or {})
    root = {"_aws": {"Timestamp": 1_574_109_732_004, "CloudWatchMetrics": [full]}, "Version": "7", "Latency": 100}
    return root | members


def found(directive: dict[str, Any] | None = None, **members: Any) -> list[EmbeddedMetric]:  # noqa: ANN401 - any JSON
    return embedded_metrics(json.dumps(document(directive, **members)))


def test_one_metric() -> None:
    metrics = [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 1}]
    assert found({"Metrics": metrics}) == [
        EmbeddedMetric(
            metric=metric_id("N", "Latency", {"Version": "7"}),
            values=(100,),
            unit="Milliseconds",
            high_resolution=True,
            at=1_574_109_732.004,
        )
    ]


def test_every_dimension_set_makes_a_metric() -> None:
    sets = [[], ["Version"], ["Version", "Service"]]
    assert [one.metric.dimensions for one in found({"Dimensions": sets}, Service="pay")] == [
        (),
        (("Version", "7"),),
        (("Service", "pay"), ("Version", "7")),
    ]


def test_an_array_is_many_values() -> None:
    assert [one.values for one in found(Latency=[1, 2.5, 3])] == [(1, 2.5, 3)]


def test_resolution_and_unit_have_defaults() -> None:
    (one,) = found()
    assert (one.high_resolution, one.unit) == (False, "None")


def test_what_lambda_s_logger_puts_before_the_document_does_not_matter() -> None:
    line = "[INFO]\t2026-01-02T03:04:05.678Z\t6bc1b0d5-0000-4000-8000-a1b2c3d4e5f6\t" + json.dumps(document())
    assert len(embedded_metrics(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "CloudWatchMetrics",
        "before " + json.dumps(document()),
        json.dumps(document()) + " after",
        json.dumps([document()]),
        json.dumps(document()).replace('"Timestamp": 1574109732004', '"Timestamp": "now"'),
        json.dumps(document()).replace("_aws", "_AWS"),
    ],
)
def test_a_line_that_is_not_one_document_carries_nothing(line: str) -> None:
    assert embedded_metrics(line) == []


@pytest.mark.parametrize(
    "members",
    [
        {"Latency": "fast"},
        {"Latency": True},
        {"Latency": None},
        {"Latency": {"value": 1}},
        {"Latency": [1, "2"]},
        {"Latency": []},
        {"Latency": [1] * 101},
        {"Version": 7},
        {"Version": ""},
        {"Version": "x" * 1025},
        {"directive": {"Namespace": ""}},
        {"directive": {"Namespace": None}},
        {"directive": {"Dimensions": None}},
        {"directive": {"Dimensions": [["Unknown"]]}},
        {"directive": {"Dimensions": [[f"d{position}" for position in range(31)]]}},
        {"directive": {"Metrics": "Latency"}},
        {"directive": {"Metrics": [{"Name": "Unknown"}]}},
    ],
)
def test_what_breaks_a_rule_is_dropped(members: dict[str, Any]) -> None:
    assert found(members.pop("directive", None), **members) == []


def test_one_bad_metric_does_not_take_the_others_with_it() -> None:
    metrics = [{"Name": "Bad"}, {"Name": "Latency"}]
    assert [one.metric.name for one in found({"Metrics": metrics}, Bad="x")] == ["Latency"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
def test_any_json_is_read_without_an_error(directive: object, dimensions: object, value: object) -> None:
    broken = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": directive}, "Latency": value}
    odd = document({"Dimensions": dimensions, "Metrics": directive}, Latency=value, Version=dimensions)
    for one in (broken, odd):
        embedded_metrics(json.dumps(one))
