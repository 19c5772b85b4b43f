"""The Notifier: an SNS topic, an EventBridge bus, a Slack-compatible webhook, served by one background thread.

A notice is sent at most once to each channel. What fails is logged and forgotten: no rollout waits for a message.
"""

import json
import logging
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Final, Protocol

from canary.aws.clients import aws_errors
from canary.core.destination import Destination
from canary.core.errors import CanaryError, ConfigError, Unavailable
from canary.core.ledger import LedgerEntry
from canary.core.notices import Notice, notices_of
from canary.core.rollout import Rollout

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_sns import SNSClient
    from types_boto3_ssm import SSMClient

EVENT_SOURCE: Final = "bluegreen.canary"
DETAIL_TYPE: Final = "Rollout Notice"
ANSWER_WITHIN_S: Final = 5
LONGEST_QUEUE: Final = 200
"""Notices that may wait; with channels that hang, newer ones are dropped rather than memory filled."""
LONGEST_SUBJECT: Final = 100
"""SNS refuses longer subjects, and subjects that are not one line of ASCII."""

_log = logging.getLogger("canary.notify")


class Channel(Protocol):
    """One way to tell."""

    def send(self, notice: Notice) -> None:
        """Sends the notice, in bounded time.

        Raises:
            CanaryError: it could not be sent; the text holds no secret.
        """
        ...


class Notices:
    """Sends notices where each rollout wants them, on a thread that does not keep the process alive."""

    def __init__(
        self,
        connect: Callable[[Destination], Channel],
        *,
        where: str,
        always: Sequence[Destination] = (),
        beside: Sequence[Channel] = (),
    ) -> None:
        """`where` are the options with which a command finds the rollouts, such as ``--env dev``.

        `always` and `beside` hear of every rollout.
        """
        self._connect = connect
        self._where = where
        self._always = tuple(always)
        self._beside = tuple(beside)
        self._channels: dict[Destination, Channel] = {}
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(LONGEST_QUEUE)
        self._thread: threading.Thread | None = None

    def publish(self, entries: Sequence[LedgerEntry], rollout: Rollout) -> None:
        """Queues the notices; the caller goes on at once."""
        wanted = tuple(dict.fromkeys((*rollout.notify, *self._always)))
        if not wanted and not self._beside:
            return
        for notice in notices_of(entries, rollout, where=self._where):
            self._queue(partial(self._tell, notice, wanted))

    def finish(self, within: timedelta) -> None:
        """Waits for what was queued, but not longer than that."""
        if self._thread is None:
            return
        sent = threading.Event()
        self._queue(sent.set)
        sent.wait(within.total_seconds())

    def _queue(self, job: Callable[[], None]) -> None:
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            _log.warning("notices are dropped: %d of them wait already", LONGEST_QUEUE)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="notices", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            self._waiting.get()()

    def _tell(self, notice: Notice, wanted: Sequence[Destination]) -> None:
        for channel in (*map(self._channel, wanted), *self._beside):
            try:
                channel.send(notice)
            except CanaryError as refused:
                _log.warning("a notice of %s was not delivered: %s", notice.rollout, refused)

    def _channel(self, destination: Destination) -> Channel:
        """The channel to a destination, made at its first notice."""
        if destination not in self._channels:
            self._channels[destination] = self._connect(destination)
        return self._channels[destination]


class TopicChannel:
    """An SNS topic: text for e-mail and phones, the whole notice as JSON for SQS, Lambda and HTTP subscribers."""

    def __init__(self, client: "SNSClient", topic: str) -> None:
        self._client = client
        self._topic = topic

    def send(self, notice: Notice) -> None:
        """One `Publish`."""
        plain = json.dumps(notice.as_plain())
        message = {"default": notice.as_text(), "sqs": plain, "lambda": plain, "http": plain, "https": plain}
        with aws_errors(f"publishing to topic {self._topic}"):
            self._client.publish(
                TopicArn=self._topic,
                Subject=_subject(notice.title),
                Message=json.dumps(message),
                MessageStructure="json",
                MessageAttributes={"kind": {"DataType": "String", "StringValue": notice.kind.value}},
            )


class BusChannel:
    """An EventBridge bus: source `EVENT_SOURCE`, detail type `DETAIL_TYPE`, the notice as detail."""

    def __init__(self, client: "EventBridgeClient", bus: str) -> None:
        self._client = client
        self._bus = bus

    def send(self, notice: Notice) -> None:
        """One `PutEvents`."""
        with aws_errors(f"putting an event on bus {self._bus}"):
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": EVENT_SOURCE,
                        "DetailType": DETAIL_TYPE,
                        "Time": notice.at,
                        "Resources": [target.split(" ", 1)[0] for target in notice.targets],
                        "Detail": json.dumps(notice.as_plain()),
                    }
                ]
            )
        if answer["FailedEntryCount"]:
            raise Unavailable(f"bus {self._bus} refused the event: {answer['Entries'][0].get('ErrorCode', '')}")


class WebhookChannel:
    """A URL that takes ``{"text": "..."}``, as Slack and Mattermost do. The URL is a secret and is never told."""

    def __init__(self, find_url: Callable[[], str]) -> None:
        self._find_url = find_url
        self._url: str | None = None

    def send(self, notice: Notice) -> None:
        """One POST; the URL is looked up by the first."""
        if self._url is None:
            self._url = _checked(self._find_url())
        body = json.dumps({"text": _escaped(notice.as_text())}).encode()
        headers = {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(self._url, data=body, headers=headers)  # noqa: S310 - see _checked
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S):  # noqa: S310 - the same
                return
        except urllib.error.HTTPError as refused:
            refused.close()
            raise Unavailable(f"the webhook answered HTTP {refused.code}") from None
        except (OSError, HTTPException, ValueError) as trouble:
            raise Unavailable(f"the webhook could not be called ({type(trouble).__name__})") from None


def read_secret(client: "SSMClient", parameter: str) -> str:
    """The decrypted value of an SSM parameter, by one `GetParameter`."""
    with aws_errors(f"reading parameter {parameter}"):
        return client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]


def _checked(url: str) -> str:
    """The URL, if its secret path cannot be read on the way: https, or this machine."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    except ValueError:
        raise ConfigError("the webhook's URL is none; mend the parameter that holds it") from None
    if parts.scheme == "https" or is_local:
        return url.strip()
    raise ConfigError("the webhook's URL does not begin with https://; mend the parameter that holds it")


def _subject(title: str) -> str:
    plain = title.encode("ascii", "replace").decode()
    return plain if len(plain) <= LONGEST_SUBJECT else f"{plain[: LONGEST_SUBJECT - 3]}..."


def _escaped(text: str) -> str:
    """Slack's three control characters (api.slack.com, "Formatting text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
