"""Traces: what functions send to the daemon, what the services record, and what the X-Ray API tells of it."""

import json
import socket
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud
from localcloud.xray.daemon import listen, take_datagram
from localcloud.xray.store import SEGMENTS_PER_TRACE, TRACES_KEPT, SegmentStore
from localcloud.xray.trace import Sampler, new_segment_id, new_trace, parse_header
from tests.localcloud.apis_under_test import Api, api_before
from tests.localcloud.cloudwatch_clients import eventually
from tests.localcloud.functions_under_test import deployed

TRACED = """
from aws_xray_sdk.core import xray_recorder

@xray_recorder.capture("work")
def work():
    xray_recorder.current_subsegment().put_annotation("version", "7")

def handler(event, context):
    work()
    return {"statusCode": 200, "body": "{}"}
"""


def document(**members: Any) -> dict[str, Any]:  # noqa: ANN401 - segment documents
    return {"id": new_segment_id(), "name": "part", "start_time": 1.0, "end_time": 2.0, **members}


@pytest.mark.localcloud
def test_one_request_is_one_trace_from_the_stage_to_the_function_s_own_subsegment(cloud: RunningCloud) -> None:
    function = deployed(cloud, TRACED, TracingConfig={"Mode": "Active"}, Timeout=30)
    function.publish()
    cloud.client("lambda").create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    api = api_before(function, live={"tracingEnabled": True})
    api.permit(function, "live")
    trace = traced_request(api)
    segments = eventually(lambda: complete(cloud, trace), "the function's own subsegment")
    by_origin = {segment.get("origin", segment["name"]): segment for segment in segments}
    stage, service, own, work = (
        by_origin[name] for name in ("AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function", "work")
    )
    assert [service["parent_id"], own["parent_id"], work["parent_id"]] == [stage["id"], service["id"], own["id"]]
    assert own["aws"]["version"] == "1"
    assert stage["http"]["response"]["status"] == 200
    summary = summaries(cloud, 'annotation.version = "7"')
    assert trace in [each["Id"] for each in summary]


def traced_request(api: Api) -> str:
    trace = new_trace(sampled=True)
    connection = api.connection()
    path = f"/restapis/{api.id}/live/_user_request_/items/7"
    connection.request("GET", path, headers={"X-Amzn-Trace-Id": trace.header})
    assert connection.getresponse().read() == b"{}"
    connection.close()
    return trace.root


def complete(cloud: RunningCloud, trace: str) -> list[dict[str, Any]] | None:
    (found,) = cloud.client("xray").batch_get_traces(TraceIds=[trace])["Traces"]
    segments = [json.loads(segment["Document"]) for segment in found["Segments"]]
    return segments if len(segments) == 4 else None


def summaries(cloud: RunningCloud, expression: str) -> list[dict[str, Any]]:
    now = time.time()
    told = cloud.client("xray").get_trace_summaries(StartTime=now - 600, EndTime=now + 60, FilterExpression=expression)
    found: list[dict[str, Any]] = told["TraceSummaries"]
    return found


@pytest.mark.localcloud
def test_a_function_without_tracing_is_told_that_it_is_not_sampled(cloud: RunningCloud) -> None:
    function = deployed(cloud, "import os\ndef handler(event, context): return os.environ['_X_AMZN_TRACE_ID']")
    header = parse_header(function.invoke().payload, undecided=True)
    assert header
    assert not header.sampled


@pytest.mark.localcloud
def test_segments_put_by_the_api_are_found_by_time_and_fault(cloud: RunningCloud) -> None:
    xray, trace, now = cloud.client("xray"), new_trace(sampled=True).root, time.time()
    segment = document(trace_id=trace, start_time=now, end_time=now + 0.5, fault=True)
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment), "{}"])
    assert [each["ErrorCode"] for each in answer["UnprocessedTraceSegments"]] == ["MalformedSegment"]
    (found,) = [each for each in summaries(cloud, "fault") if each["Id"] == trace]
    assert (found["Duration"], found["HasFault"], found["HasError"]) == (pytest.approx(0.5), True, False)
    assert xray.batch_get_traces(TraceIds=["1-0-0"])["UnprocessedTraceIds"] == ["1-0-0"]


@pytest.mark.localcloud
def test_a_filter_that_is_not_understood_is_refused_instead_of_ignored(cloud: RunningCloud) -> None:
    with pytest.raises(ClientError, match="give fault, error, throttle"):
        summaries(cloud, "responsetime > 5")


def test_the_daemon_takes_datagrams_and_drops_what_it_cannot_read() -> None:
    store = SegmentStore()
    for broken in (b"", b"no newline", b"{}\nno json", b"{}\n{}", b"{}\n[]"):
        take_datagram(broken, store)
    assert store.traces() == []
    take_datagram(b'{"format": "json", "version": 1}\n' + json.dumps(document(trace_id="1-a-b")).encode(), store)
    assert [trace.id for trace in store.traces()] == ["1-a-b"]


def test_a_taken_daemon_port_gives_way_to_a_free_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        assert listen(SegmentStore(), taken) != f"127.0.0.1:{taken}"


def test_old_traces_and_the_excess_of_one_trace_make_room() -> None:
    store = SegmentStore()
    for number in range(TRACES_KEPT + 1):
        store.put(document(trace_id=f"1-{number}"))
    for _ in range(SEGMENTS_PER_TRACE + 1):
        store.put(document(trace_id="1-last"))
    kept = store.traces()
    assert (len(kept), kept[0].id, len(kept[-1].segments)) == (TRACES_KEPT, "1-2", SEGMENTS_PER_TRACE)


def test_the_default_rule_takes_the_first_request_of_every_second_and_few_others() -> None:
    sampler = Sampler()
    taken = [sampler.decide(second + part / 1000) for second in range(1, 11) for part in range(1000)]
    assert all(taken[::1000])
    assert 10 <= sum(taken) < 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Root=1-a-b;Parent=c;Sampled=1", ("1-a-b", "c", True)),
        ("Root=1-a-b;Sampled=0", ("1-a-b", None, False)),
        ("Root=1-a-b;Sampled=?", ("1-a-b", None, True)),
        ("Root=1-a-b", ("1-a-b", None, True)),
        ("nonsense", None),
    ],
)
def test_a_trace_header_is_read_with_what_it_leaves_open(header: str, expected: object) -> None:
    context = parse_header(header, undecided=True)
    assert (context and (context.root, context.parent, context.sampled)) == expected
