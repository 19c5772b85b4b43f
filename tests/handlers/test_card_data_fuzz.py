"""Card numbers in every field, encoding and path of the running API: refused, and found nowhere afterwards (B6)."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from handlers.shared.encodings import forms
from handlers.shared.signatures import HEADER, sign
from tests.handlers.deployment import FRAUD_SECRET, Answered, Service, deploy
from tests.handlers.resources import dynamodb_of, sqs_of
from tests.handlers.test_card_data import ENCODINGS, TEST_CARDS
from tests.handlers.waiting import eventually

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.localcloud

MONEY = {"amount": 12.3, "currency": "USD", "payment_method": "card_tok", "description": "d"}
BODIES: dict[str, dict[str, Any]] = {
    "/payments": MONEY | {"customer_id": "c"},
    "/transactions": MONEY | {"merchant_id": "m"},
    "/fraud-webhook": {
        "alert_id": "a",
        "transaction_id": "txn_abcdefghijklmnopqrstuvwxyz",
        "verdict": "fraud",
        "timestamp": "2026-11-21T12:00:00Z",
        "reason": "r",
    },
}


@pytest.fixture(scope="module")
def service(cloud: RunningCloud) -> Service:
    """A service whose every invocation is traced."""
    return deploy(cloud, "card-data", is_traced=True)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request with card data in it."""

    method: str
    path: str
    body: str | None = None
    key: str | None = None


def attempts(card: str) -> Iterator[Attempt]:
    """The card number in each place where a request may hold text."""
    for path, body in BODIES.items():
        for member in body:
            yield Attempt(method="POST", path=path, body=json.dumps(body | {member: card}))
        yield Attempt(method="POST", path=path, body=json.dumps(body | {"extra": {"deep": [{"er": card}]}}))
        yield Attempt(method="POST", path=path, body=json.dumps(body | {f"x {card}": "a"}))
        yield Attempt(method="POST", path=path, body=f"{json.dumps(body)} {card}")
        yield Attempt(method="POST", path=path, body=card)
    found = quote(card, safe="")
    yield Attempt(method="GET", path=f"/payments?status={found}")
    yield Attempt(method="GET", path=f"/payments?cursor={found}")
    yield Attempt(method="GET", path=f"/payments?{found}=1")
    if "/" not in card and "\n" not in card:
        yield Attempt(method="GET", path=f"/payments/{found}")
        yield Attempt(method="GET", path=f"/transaction/{found}")
    if card.isascii() and card.isprintable():
        yield Attempt(method="POST", path="/payments", body=json.dumps(BODIES["/payments"]), key=card)


def send(service: Service, attempt: Attempt) -> Answered:
    body = (attempt.body or "").encode("utf-8", "surrogatepass")
    headers = {HEADER: sign(body, [FRAUD_SECRET], at=int(time.time()))}
    return service.call(attempt.method, attempt.path, attempt.body, headers=headers, key=attempt.key)


def everything(service: Service) -> Iterator[tuple[str, str]]:
    """All text that the service has left behind, each with its place: in tables, queues, logs, metrics and traces."""
    dynamodb, cloud = dynamodb_of(service.cloud), service.cloud
    for table in service.tables.values():
        for items in dynamodb.get_paginator("scan").paginate(TableName=table):
            yield from ((table, json.dumps(item)) for item in items["Items"])
    for url in queue_urls(service):
        yield from ((url, json.dumps(message)) for message in held(service, url))
    logs = cloud.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{service.name}-")["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            yield from ((group["logGroupName"], event["message"]) for event in page["events"])
    for metrics in cloud.client("cloudwatch").get_paginator("list_metrics").paginate():
        yield from (("metrics", json.dumps(metric)) for metric in metrics["Metrics"])
    yield from (("traces", document) for document in traces(service, time.time()))


def queue_urls(service: Service) -> list[str]:
    flow = [url for queue in (service.processing, service.notifications) for url in (queue.url, queue.dead_letter_url)]
    return [*flow, service.dead_letter_url]


def held(service: Service, queue_url: str) -> Iterator[Any]:
    """Every message that is visible, with its attributes; it stays, and is visible again a minute later."""
    sqs = sqs_of(service.cloud)
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=60, MessageAttributeNames=["All"]
    ).get("Messages"):
        yield from messages


def stands_in(text: str, written: Collection[str]) -> Iterator[bool]:
    """Whether each of them does: as it is, or in an encoding that is undone, whatever stands between its digits."""
    yield from (each in text for each in written)
    for form in forms(text):
        bare = re.sub(r"[\W_]", "", form)
        yield from (each in bare for each in written if each.isdigit())


def traces(service: Service, now: float) -> Iterator[str]:
    """The documents of the traces of the last minutes."""
    xray = service.cloud.client("xray")
    summaries = xray.get_trace_summaries(StartTime=now - 600, EndTime=now)["TraceSummaries"]
    ids = [summary["Id"] for summary in summaries]
    for start in range(0, len(ids), 5):
        for trace in xray.batch_get_traces(TraceIds=ids[start : start + 5])["Traces"]:
            yield from (segment["Document"] for segment in trace["Segments"])


def test_no_card_number_gets_in_and_none_is_found_anywhere(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = 0
    let_in: list[tuple[Attempt, int]] = []
    written: set[str] = set()
    for number, encode in zip(cycle(TEST_CARDS), ENCODINGS.values(), strict=False):
        card = encode(number)
        written |= {number, card, card.strip('"')}
        for attempt in attempts(card):
            sent += 1
            answered = send(service, attempt)
            if answered.status != 422 or any(text in answered.text for text in written):
                let_in.append((attempt, answered.status))
    marker = f"c-{uuid4().hex[:8]}x"

    def is_traced() -> bool:
        service.call("POST", "/payments", json.dumps(BODIES["/payments"] | {"customer_id": marker}))
        return any("dynamodb PutItem" in document for document in traces(service, time.time()))

    eventually(is_traced)
    left_behind = list(everything(service))
    occurrences = [place for place, text in left_behind if any(stands_in(text, written))]
    counts = f"{len(let_in)} let in, {len(occurrences)} occurrences in {len(left_behind)} texts"
    with capsys.disabled():
        print(f"\n{sent} requests with card data: {counts}")  # noqa: T201 - the issue asks for the counts
    assert let_in == []
    assert occurrences == []
    assert any(marker in text for _, text in left_behind)
    assert any("refused card data" in text for _, text in left_behind)


def test_the_look_out_finds_a_number_in_each_place(service: Service) -> None:
    """Nothing found says nothing before it is shown that what is there is found."""
    planted = {*plant_in_tables(service), *plant_in_dead_letters(service), *plant_in_reports(service)}
    found = {place for place, text in everything(service) if any(stands_in(text, {PLANTED}))}
    assert found == planted


PLANTED = "4000056655665556"
DASHED = "4000-0566-5566-5556"


def plant_in_tables(service: Service) -> Iterator[str]:
    keys = {"payments": "payment_id", "transactions": "transaction_id", "alerts": "alert_id"}
    for name, table in service.tables.items():
        item = {keys[name]: {"S": "planted"}, "timestamp": {"S": "2026"}, "note": {"S": DASHED}}
        dynamodb_of(service.cloud).put_item(TableName=table, Item=item)
        yield table


def plant_in_dead_letters(service: Service) -> Iterator[str]:
    """In Base64; the other queues are emptied faster than one can look."""
    body = base64.b64encode(DASHED.encode()).decode()
    sqs = sqs_of(service.cloud)
    sqs.send_message(QueueUrl=service.dead_letter_url, MessageBody=body)
    yield service.dead_letter_url
    for queue in (service.processing, service.notifications):
        sqs.send_message(
            QueueUrl=queue.dead_letter_url, MessageBody=body, MessageGroupId="planted", MessageDeduplicationId="planted"
        )
        yield queue.dead_letter_url


def plant_in_reports(service: Service) -> Iterator[str]:
    now = time.time()
    logs = service.cloud.client("logs")
    group = f"/aws/lambda/{service.function('payment-processor')}"
    logs.create_log_stream(logGroupName=group, logStreamName="planted")
    line = json.dumps({"message": f"\uff14{PLANTED[1:]}"})
    logs.put_log_events(
        logGroupName=group, logStreamName="planted", logEvents=[{"timestamp": int(now * 1000), "message": line}]
    )
    yield group
    service.cloud.client("cloudwatch").put_metric_data(
        Namespace="Planted",
        MetricData=[{"MetricName": "planted", "Value": 1, "Dimensions": [{"Name": "card", "Value": PLANTED}]}],
    )
    yield "metrics"
    ids = {"id": uuid4().hex[:16], "trace_id": f"1-{int(now):08x}-{uuid4().hex[:24]}"}
    times = {"start_time": now - 1, "end_time": now}
    segment = json.dumps({**ids, **times, "name": "planted", "metadata": {"card": DASHED}})
    service.cloud.client("xray").put_trace_segments(TraceSegmentDocuments=[segment])
    yield "traces"
