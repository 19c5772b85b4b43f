"""Requests and responses in JSON, CBOR and Query, and the checks of the service model."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe import cbor
from localcloud.observe.errors import ApiError, validation_error
from localcloud.observe.model import checked_request
from localcloud.observe.wire import Call, Protocol, protocol_of, read_call, written, written_error

TARGET = {"x-amz-target": "GraniteServiceVersion20100801.PutMetricData", "content-type": "application/x-amz-json-1.0"}
CBOR = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
AT = 1_700_000_000.5
REQUEST = {
    "Namespace": "N",
    "MetricData": [
        {
            "MetricName": "M",
            "Dimensions": [{"Name": "a", "Value": "1 & <2>"}],
            "Timestamp": AT,
            "Values": [1.0, 2.5],
            "Counts": [3.0, 1.0],
            "StorageResolution": 1,
        }
    ],
}


def in_cbor() -> bytes:
    (datum,) = REQUEST["MetricData"]
    assert isinstance(datum, dict)
    return cbor.dumps({"Namespace": "N", "MetricData": [datum | {"Timestamp": cbor.Timestamp(AT)}]})


def in_query() -> bytes:
    prefix = "MetricData.member.1"
    fields = {
        "Action": "PutMetricData",
        "Namespace": "N",
        f"{prefix}.MetricName": "M",
        f"{prefix}.Dimensions.member.1.Name": "a",
        f"{prefix}.Dimensions.member.1.Value": "1 & <2>",
        f"{prefix}.Timestamp": "2023-11-14T22:13:20.5Z",
        f"{prefix}.Values.member.1": "1",
        f"{prefix}.Values.member.2": "2.5",
        f"{prefix}.Counts.member.1": "3",
        f"{prefix}.Counts.member.2": "1",
        f"{prefix}.StorageResolution": "1",
    }
    return urlencode(fields).encode()


@pytest.mark.parametrize(
    ("path", "headers", "body", "protocol"),
    [
        ("/", TARGET, json.dumps(REQUEST).encode(), Protocol.JSON),
        ("/service/Granite/operation/PutMetricData", CBOR, in_cbor(), Protocol.CBOR),
        ("/", {"content-type": "application/x-www-form-urlencoded"}, in_query(), Protocol.QUERY),
    ],
)
def test_one_request_reads_the_same_in_every_protocol(
    path: str, headers: dict[str, str], body: bytes, protocol: Protocol
) -> None:
    call = read_call(path, headers, body, {})
    assert (call.operation, call.protocol, call.request()) == ("PutMetricData", protocol, REQUEST)
    assert protocol_of(headers) is protocol


def test_a_query_request_may_come_in_the_query_string() -> None:
    call = read_call("/", {}, b"", {"Action": ["DescribeAlarms"], "AlarmNames.member.1": ["a"], "MaxRecords": ["7"]})
    assert call.request() == {"AlarmNames": ["a"], "MaxRecords": 7}


def test_mappings_in_a_query_request() -> None:
    fields = {
        "Action": "PutMetricData",
        "Namespace": "N",
        "EntityMetricData.member.1.Entity.KeyAttributes.entry.1.key": "Type",
        "EntityMetricData.member.1.Entity.KeyAttributes.entry.1.value": "Service",
    }
    found = read_call("/", {}, urlencode(fields).encode(), {}).request()
    assert found["EntityMetricData"] == [{"Entity": {"KeyAttributes": {"Type": "Service"}}}]


RESULT = {
    "MetricDataResults": [
        {"Id": "m", "Label": "<a&b>", "Timestamps": [AT], "Values": [1.5], "StatusCode": "Complete", "Unknown": 1}
    ],
    "NextToken": None,
}


def call(protocol: Protocol, operation: str = "GetMetricData") -> Call:
    return Call(operation=operation, protocol=protocol, payload={})


def test_a_response_in_json_has_epoch_seconds() -> None:
    status, headers, body = written(call(Protocol.JSON), RESULT)
    assert (status, headers["Content-Type"]) == (200, "application/x-amz-json-1.0")
    assert json.loads(body) == {
        "MetricDataResults": [
            {"Id": "m", "Label": "<a&b>", "Timestamps": [AT], "Values": [1.5], "StatusCode": "Complete"}
        ]
    }


def test_a_response_in_cbor_has_tagged_timestamps() -> None:
    _, headers, body = written(call(Protocol.CBOR), RESULT)
    assert headers == {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    found: Any = cbor.loads(body)
    assert found["MetricDataResults"][0]["Timestamps"] == [datetime.fromtimestamp(AT, UTC)]


def test_a_response_to_a_query_is_escaped_xml() -> None:
    _, headers, body = written(call(Protocol.QUERY), RESULT)
    assert headers == {"Content-Type": "text/xml"}
    assert b"<Label>&lt;a&amp;b&gt;</Label>" in body
    assert b"<Timestamps><member>2023-11-14T22:13:20.500Z</member></Timestamps>" in body
    assert body.startswith(b'<GetMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">')


def test_an_operation_without_a_result_answers_nothing() -> None:
    assert written(call(Protocol.JSON, "PutMetricData"), {})[2] == b"{}"
    assert b"Result" not in written(call(Protocol.QUERY, "PutMetricData"), {})[2]


def test_an_error_is_told_in_every_protocol() -> None:
    error = validation_error("a < b")
    status, headers, body = written_error(Protocol.JSON, error)
    assert (status, json.loads(body)) == (400, {"__type": "ValidationError", "message": "a < b"})
    assert headers["x-amzn-query-error"] == "ValidationError;Sender"
    assert cbor.loads(written_error(Protocol.CBOR, error)[2]) == {"__type": "ValidationError", "message": "a < b"}
    assert b"<Code>ValidationError</Code><Message>a &lt; b</Message>" in written_error(Protocol.QUERY, error)[2]


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        (TARGET | {"x-amz-target": "GraniteServiceVersion20100801.Unknown"}, b"{}", "InvalidAction"),
        (TARGET, b"{", "MalformedInput"),
        ({}, b"", "InvalidAction"),
    ],
)
def test_what_is_no_request_is_refused(headers: dict[str, str], body: bytes, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_call("/", headers, body, {})
    assert refused.value.code == code


def test_truncated_cbor_is_refused() -> None:
    with pytest.raises(ApiError) as refused:
        read_call("/service/Granite/operation/PutMetricData", CBOR, in_cbor()[:-3], {})
    assert refused.value.code == "MalformedInput"


@pytest.mark.parametrize(
    ("operation", "payload", "told"),
    [
        ("SetAlarmState", {"AlarmName": "a"}, "Value null at 'stateValue' failed to satisfy constraint"),
        ("DescribeAlarms", {"MaxRecords": 101}, "Value '101' at 'maxRecords' failed"),
        ("DescribeAlarms", {"AlarmNames": ["x" * 256]}, "at 'alarmNames.1.member' failed"),
        (
            "DescribeAlarms",
            {"StateValue": "FINE"},
            "Member must satisfy enum value set: [OK, ALARM, INSUFFICIENT_DATA]",
        ),
        ("PutMetricData", {"Namespace": ":n"}, "regular expression pattern: [^:].*"),
        ("PutMetricAlarm", {"AlarmName": "a", "Dimensions": [{"Name": "n"}]}, "'dimensions.1.member.value' failed"),
    ],
)
def test_the_service_model_is_enforced(operation: str, payload: dict[str, Any], told: str) -> None:
    with pytest.raises(ApiError) as refused:
        checked_request(operation, payload)
    assert refused.value.code == "ValidationError"
    assert told in refused.value.message


@pytest.mark.parametrize(
    ("operation", "payload"),
    [
        ("DescribeAlarms", {"MaxRecords": "many"}),
        ("DescribeAlarms", {"MaxRecords": 1.5}),
        ("DescribeAlarms", {"AlarmNames": "a"}),
        ("DescribeAlarms", {"AlarmNamePrefix": 1}),
        ("PutMetricAlarm", {"AlarmName": "a", "ActionsEnabled": "perhaps"}),
        ("DescribeAlarms", []),
    ],
)
def test_a_value_of_another_type_is_malformed_input(operation: str, payload: object) -> None:
    with pytest.raises(ApiError) as refused:
        checked_request(operation, payload)
    assert refused.value.code == "MalformedInput"


ITEMS = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=9), inner, max_size=30),
    max_leaves=30,
)


@given(ITEMS)
def test_cbor_reads_back_what_it_wrote(item: object) -> None:
    assert cbor.loads(cbor.dumps(item)) == item
