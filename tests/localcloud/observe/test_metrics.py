"""What Lambda and API Gateway count, under which dimensions."""

import json
import time
from collections.abc import Iterator

import pytest

from localcloud.observe import emulator
from localcloud.observe.metrics import (
    current_store,
    extract_emf,
    record_api_request,
    record_invocation,
    record_throttle,
    store_of,
)

Dimensions = dict[str, str]
Found = dict[str, list[tuple[Dimensions, dict[float, float]]]]
NOW = 1_700_000_000.25
FUNCTION = {"FunctionName": "f"}
LIVE = FUNCTION | {"Resource": "f:live"}


@pytest.fixture(autouse=True)
def own_account() -> Iterator[None]:
    with emulator.request_scope("321098765432", "us-east-1"):
        yield
        current_store().clear()


def found() -> Found:
    """Name of a metric to its dimension sets and the counts of its values."""
    store, counts = current_store(), Found()
    for metric in store.metrics():
        (reading,) = store.read(metric, 0, time.time() + 10)
        counts.setdefault(metric.name, []).append((dict(metric.dimensions), reading.samples.counts))
    return counts


def invoke(qualifier: str | None, version: str, *, error: bool = False, duration_ms: float = 12.34) -> None:
    record_invocation(
        function="f",
        qualifier=qualifier,
        executed_version=version,
        duration_ms=duration_ms,
        error=error,
        started_at=NOW,
    )


@pytest.mark.parametrize(
    ("qualifier", "version", "sets"),
    [
        ("live", "7", [{}, FUNCTION, LIVE, LIVE | {"ExecutedVersion": "7"}]),
        ("live", "$LATEST", [{}, FUNCTION, LIVE, LIVE | {"ExecutedVersion": "$LATEST"}]),
        ("7", "7", [{}, FUNCTION, FUNCTION | {"Resource": "f:7"}]),
        (None, "$LATEST", [{}, FUNCTION, FUNCTION | {"Resource": "f"}]),
    ],
)
def test_an_invocation_counts_in_every_dimension_set(
    qualifier: str | None, version: str, sets: list[Dimensions]
) -> None:
    """Only a call through an alias has an ExecutedVersion."""
    invoke(qualifier, version)
    assert found() == {
        "Invocations": [(one, {1: 1}) for one in sets],
        "Errors": [(one, {0: 1}) for one in sets],
        "Duration": [(one, {12.4: 1}) for one in sets],
    }


def test_errors_are_samples_of_0_and_1_so_that_their_average_is_the_error_rate() -> None:
    for error in (False, False, True, False):
        invoke("live", "7", error=error)
    assert [counts for _, counts in found()["Errors"]] == [{0: 3, 1: 1}] * 4


def test_an_invocation_is_stamped_with_its_start() -> None:
    invoke("live", "7")
    assert current_store().last_second(current_store().metrics()[0]) == int(NOW)


@pytest.mark.parametrize(
    ("measured", "kept"), [(0.01, 0.1), (12.34, 12.4), (99.91, 100), (100, 100), (500.0, 500), (500.2, 501)]
)
def test_durations_are_rounded_up_so_that_none_looks_faster_than_it_was(measured: float, kept: float) -> None:
    invoke("live", "7", duration_ms=measured)
    assert found()["Duration"][0][1] == {kept: 1}


def test_a_throttle_is_no_invocation() -> None:
    record_throttle(function="f", qualifier="live")
    assert found() == {"Throttles": [(one, {1: 1}) for one in ({}, FUNCTION, LIVE)]}


def request(
    status: int, *, detailed: bool = False, integration_ms: float | None = 7.0, resource: str | None = "/p/{id}"
) -> None:
    record_api_request(
        api_name="payments",
        stage="live",
        method="GET",
        resource=resource,
        status=status,
        latency_ms=9.5,
        integration_latency_ms=integration_ms,
        detailed=detailed,
    )


@pytest.mark.parametrize(
    ("status", "client", "server"), [(200, 0, 0), (304, 0, 0), (404, 1, 0), (429, 1, 0), (502, 0, 1)]
)
def test_a_request_counts_by_the_class_of_its_status(status: int, client: float, server: float) -> None:
    request(status)
    api, stage = {"ApiName": "payments"}, {"ApiName": "payments", "Stage": "live"}
    assert found() == {
        "Count": [(api, {1: 1}), (stage, {1: 1})],
        "4XXError": [(api, {client: 1}), (stage, {client: 1})],
        "5XXError": [(api, {server: 1}), (stage, {server: 1})],
        "Latency": [(api, {9.5: 1}), (stage, {9.5: 1})],
        "IntegrationLatency": [(api, {7.0: 1}), (stage, {7.0: 1})],
    }


def test_detailed_metrics_add_method_and_resource() -> None:
    request(200, detailed=True)
    detailed = {"ApiName": "payments", "Stage": "live", "Method": "GET", "Resource": "/p/{id}"}
    assert found()["Count"][-1] == (detailed, {1: 1})


def test_a_request_without_a_resource_or_an_integration_has_none() -> None:
    request(403, detailed=True, integration_ms=None, resource=None)
    assert "IntegrationLatency" not in found()
    assert len(found()["Count"]) == 2


def test_metrics_belong_to_the_account_and_region_of_the_request() -> None:
    with emulator.request_scope("321098765432", "eu-west-1"):
        invoke("live", "7")
    assert found() == {}
    assert store_of("321098765432", "eu-west-1").metrics()
    store_of("321098765432", "eu-west-1").clear()


def line(at: float) -> str:
    directive = {"Namespace": "N", "Dimensions": [["Version"]], "Metrics": [{"Name": "Faults", "StorageResolution": 1}]}
    return json.dumps(
        {"_aws": {"Timestamp": at * 1000, "CloudWatchMetrics": [directive]}, "Version": "7", "Faults": [0, 1]}
    )


def test_a_log_line_counts_at_its_own_time() -> None:
    extract_emf(line(time.time() - 60))
    assert found() == {"Faults": [({"Version": "7"}, {0: 1, 1: 1})]}


@pytest.mark.parametrize("hours", [-15 * 24, 3])
def test_a_log_line_of_another_time_is_dropped(hours: float) -> None:
    extract_emf(line(time.time() + hours * 3600))
    assert found() == {}
