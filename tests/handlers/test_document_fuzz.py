"""Requests generated from the OpenAPI document, sent to the API as the Pulumi program makes it from that document."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from handlers.shared.signatures import HEADER, sign
from localcloud.running import running_cloud
from tests.handlers.deployment import DOCUMENT, FRAUD_SECRET, Answered, Service, deploy_shipped
from tests.handlers.document import Sent, complaints, requests

pytestmark = pytest.mark.localcloud

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "1000"))
"""``make fuzz-handlers`` sends 10,000."""
AT_ONCE = 10
LEAKS = (
    "Traceback",
    ".py",
    "boto",
    "dynamodb",
    "DynamoDB",
    "sqs",
    "arn:aws",
    "Exception",
    "secret",
    "service-",
    "127.0.0.1",
    "handlers.",
)


def send(service: Service, sent: Sent) -> Answered:
    path = quote(sent.path, errors="surrogatepass") + (f"?{urlencode(sent.query)}" if sent.query else "")
    headers = dict(sent.headers)
    if sent.operation.template == "/fraud-webhook" and HEADER not in headers:
        headers[HEADER] = sign((sent.body or "").encode(), [FRAUD_SECRET], at=int(time.time()))
    return service.call(sent.operation.method, path, sent.body, headers=headers)


def wrong(sent: Sent, answered: Answered) -> str | None:
    """What the document does not allow in an answer."""
    if answered.status >= 500:
        return f"a fault: {answered.status}"
    if answered.status >= 400 and any(leak in answered.text for leak in LEAKS):
        return "internals in the answer"
    if "x-version" not in answered.headers:
        # The gateway's own: what its models or validators refuse, and paths that are no route, such as an empty id.
        if answered.status not in {400, 404}:
            return f"an unclear {answered.status}"
        return next(complaints(answered.body, DOCUMENT["components"]["schemas"]["Error"]), None)
    documented = sent.operation.described["responses"].get(str(answered.status))
    if documented is None:
        return f"undocumented {answered.status}"
    return next(complaints(answered.body, documented["content"]["application/json"]["schema"]), None)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """On a cloud of its own: a whole environment's alarms and schedules are no neighbours for other tests."""
    with running_cloud() as cloud:
        yield deploy_shipped(cloud, tmp_path_factory.mktemp("shipped"))


def test_no_generated_request_gets_a_fault_a_leak_or_an_undocumented_answer(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses: Counter[int] = Counter()
    found: list[tuple[str, Sent, Answered]] = []

    @settings(
        max_examples=REQUESTS // AT_ONCE,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(requests(), min_size=AT_ONCE, max_size=AT_ONCE))
    def fuzz(batch: list[Sent]) -> None:
        answers = list(pool.map(lambda sent: send(service, sent), batch))
        statuses.update(answered.status for answered in answers)
        for sent, answered in zip(batch, answers, strict=True):
            if (complaint := wrong(sent, answered)) is not None:
                # Kept, not raised: a request is no pure function, so Hypothesis could not repeat it.
                found.append((complaint, sent, answered))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        fuzz()
    with capsys.disabled():
        print(f"\n{sum(statuses.values())} generated requests: {dict(sorted(statuses.items()))}")  # noqa: T201 - the issue asks for the counts
    assert found == []
    assert statuses[201] > 0
    assert statuses[202] > 0
