"""Notices leave in the background, on real topics, buses and webhooks, and their failure matters to nobody."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest

from canary.aws.notify import LONGEST_QUEUE, BusChannel, Notices, TopicChannel, WebhookChannel, read_secret
from canary.core.destination import Destination, Medium
from canary.core.errors import ConfigError, Unavailable
from canary.core.ledger import EntryKind, LedgerEntry
from canary.core.notices import Notice, notice_of
from localcloud.running import RunningCloud
from tests.fakes import START
from tests.rollouts import a_rollout

SOON = timedelta(seconds=20)


def an_entry(kind: EntryKind = EntryKind.ROLLING_BACK) -> LedgerEntry:
    _, entry = a_rollout().recording(kind, "p99 < 500 ms & errors > 1 %", at=START, by="controller")
    return entry


def a_notice() -> Notice:
    notice = notice_of(an_entry(), a_rollout(), where="--env dev")
    assert notice is not None
    return notice


@dataclass
class FakeChannel:
    """Remembers what was sent; refuses or waits where a test says so."""

    sent: list[Notice] = field(default_factory=list)
    refusal: Unavailable | None = None
    open: threading.Event | None = None

    def send(self, notice: Notice) -> None:
        if self.open is not None:
            self.open.wait()
        if self.refusal is not None:
            raise self.refusal
        self.sent.append(notice)


def nobody_named(*channels: FakeChannel) -> Notices:
    """Notices that go to these channels, of every rollout."""

    def connect(destination: Destination) -> FakeChannel:
        raise AssertionError(f"nobody named {destination}")

    return Notices(connect, where="", beside=channels)


FIRST = Destination(medium=Medium.EVENTS, name="first")
SECOND = Destination(medium=Medium.SNS, name="second")


def test_every_channel_gets_the_notices_in_their_order() -> None:
    channels = {FIRST: FakeChannel(), SECOND: FakeChannel()}
    beside = FakeChannel()
    notices = Notices(channels.__getitem__, where="--env dev", always=[SECOND], beside=[beside])
    rollout = replace(a_rollout(), notify=(FIRST, SECOND))

    notices.publish([an_entry(EntryKind.OPENED), an_entry(EntryKind.VERDICT), an_entry()], rollout)
    notices.finish(SOON)

    for channel in (*channels.values(), beside):
        assert [notice.kind for notice in channel.sent] == [EntryKind.OPENED, EntryKind.ROLLING_BACK]
        assert channel.sent[0].commands[0] == "canary watch r-1 --env dev"


def test_a_rollout_tells_those_whom_it_names_and_nobody_else() -> None:
    """The controller inside AWS told nobody: where notices went was known to the command that had opened alone."""
    channels = {FIRST: FakeChannel(), SECOND: FakeChannel()}
    notices = Notices(channels.__getitem__, where="--store rollouts")

    notices.publish([an_entry()], replace(a_rollout(), notify=(SECOND,)))
    notices.publish([an_entry()], a_rollout())
    notices.finish(SOON)

    assert [len(channel.sent) for channel in channels.values()] == [0, 1]


def test_a_channel_that_fails_is_logged_and_the_others_are_served(caplog: pytest.LogCaptureFixture) -> None:
    healthy = FakeChannel()
    notices = nobody_named(FakeChannel(refusal=Unavailable("publishing: no answer")), healthy)

    with caplog.at_level(logging.WARNING, "canary.notify"):
        notices.publish([an_entry()], a_rollout())
        notices.finish(SOON)

    assert len(healthy.sent) == 1
    assert caplog.messages == ["a notice of r-1 was not delivered: publishing: no answer"]


def test_nobody_waits_for_a_channel_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    hanging = FakeChannel(open=threading.Event())
    notices = nobody_named(hanging)

    notices.publish([an_entry()] * (LONGEST_QUEUE + 5), a_rollout())
    notices.finish(timedelta(0))

    assert hanging.sent == []
    assert "notices are dropped" in caplog.text
    assert hanging.open is not None
    hanging.open.set()


def test_with_nothing_published_there_is_nothing_to_wait_for() -> None:
    nobody_named(FakeChannel()).finish(SOON)

    assert "notices" not in {thread.name for thread in threading.enumerate() if not thread.daemon}


def queue_for(cloud: RunningCloud) -> tuple[str, str]:
    """The URL and ARN of a new queue."""
    queues = cloud.client("sqs")
    url = queues.create_queue(QueueName=f"notices-{uuid4().hex[:8]}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def received(cloud: RunningCloud, url: str) -> Any:  # noqa: ANN401 - JSON
    (message,) = cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    return json.loads(message["Body"])


def test_a_topic_carries_the_whole_notice_to_its_subscribers(cloud: RunningCloud) -> None:
    url, queue = queue_for(cloud)
    topic = cloud.client("sns").create_topic(Name=f"notices-{uuid4().hex[:8]}")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    TopicChannel(cloud.client("sns"), topic).send(a_notice())

    envelope = received(cloud, url)
    assert envelope["Subject"] == "pay:live 1 -> 2: rolling back (r-1)"
    assert json.loads(envelope["Message"]) == a_notice().as_plain()


def test_a_topic_that_is_gone_is_refused_by_name(cloud: RunningCloud) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:no-such-topic"

    with pytest.raises(Unavailable, match="publishing to topic arn:aws:sns:us-east-1:000000000000:no-such-topic"):
        TopicChannel(cloud.client("sns"), topic).send(a_notice())


def test_a_bus_carries_the_notice_as_an_event_that_rules_can_match(cloud: RunningCloud) -> None:
    url, queue = queue_for(cloud)
    rule = f"notices-{uuid4().hex[:8]}"
    pattern = {"source": ["bluegreen.canary"], "detail": {"kind": ["rolling_back"]}}
    cloud.client("events").put_rule(Name=rule, EventPattern=json.dumps(pattern))
    cloud.client("events").put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue}])

    BusChannel(cloud.client("events"), "default").send(a_notice())

    event = received(cloud, url)
    assert (event["detail-type"], event["resources"]) == ("Rollout Notice", ["pay:live"])
    assert event["detail"] == a_notice().as_plain()


@dataclass
class Webhook:
    """A loopback endpoint that takes what a Slack webhook takes."""

    url: str
    bodies: list[Any]
    status: int = 200


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook(url="", bodies=[])

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gave it
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/T0/B0/secret"
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_the_text_escaped_as_slack_wants_it(webhook: Webhook) -> None:
    WebhookChannel(lambda: webhook.url).send(a_notice())

    (body,) = webhook.bodies
    assert "why: p99 &lt; 500 ms &amp; errors &gt; 1 %" in body["text"]
    assert body["text"].endswith("type: canary watch r-1 --env dev")


def test_the_url_of_a_webhook_is_read_once_from_an_encrypted_parameter(cloud: RunningCloud, webhook: Webhook) -> None:
    name = f"/notices/{uuid4().hex}"
    cloud.client("ssm").put_parameter(Name=name, Value=webhook.url, Type="SecureString")
    reads = []

    def find_url() -> str:
        reads.append(name)
        return read_secret(cloud.client("ssm"), name)

    channel = WebhookChannel(find_url)
    channel.send(a_notice())
    channel.send(a_notice())

    assert (len(webhook.bodies), len(reads)) == (2, 1)


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_is_told_by_its_status_and_never_by_its_url(webhook: Webhook, status: int) -> None:
    webhook.status = status

    with pytest.raises(Unavailable, match=f"the webhook answered HTTP {status}") as refused:
        WebhookChannel(lambda: webhook.url).send(a_notice())

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/T0/secret", "https:///T0/secret", "https://x y/T0/secret"])
def test_a_webhook_that_cannot_be_called_keeps_its_url_to_itself(url: str) -> None:
    with pytest.raises(Unavailable, match="the webhook could not be called") as refused:
        WebhookChannel(lambda: url).send(a_notice())

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://hooks.example/secret", "file:///secret", "secret", "https://[secret"])
def test_a_webhook_whose_secret_could_be_read_on_the_way_is_not_called(url: str) -> None:
    with pytest.raises(ConfigError, match="mend the parameter that holds it") as refused:
        WebhookChannel(lambda: url).send(a_notice())

    assert "secret" not in str(refused.value)
