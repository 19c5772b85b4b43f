"""The composition root: where the notices of a controller go."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.aws import notify
from canary.aws.clients import Clients
from canary.core.destination import Destination, Medium
from canary.core.errors import ConfigError
from canary.core.ledger import EntryKind
from canary.wiring import connect_clients, wire
from tests.fakes import START
from tests.rollouts import a_rollout

BUS = Destination(medium=Medium.EVENTS, name="default")
SOON = timedelta(seconds=20)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Clients that can be made anywhere and are never used."""
    for variable in ("CANARY_NOTIFY", "CANARY_NOTIFY_WEBHOOK_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return connect_clients("us-east-1")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channels on which notices left, by their kind."""
    sent: list[str] = []
    for channel in (notify.TopicChannel, notify.BusChannel, notify.WebhookChannel):
        monkeypatch.setattr(channel, "send", lambda self, _notice: sent.append(type(self).__name__))
    return sent


def publish(clients: Clients, *, to: Sequence[Destination] = ()) -> None:
    rollout, entry = replace(a_rollout(), notify=tuple(to)).recording(
        EntryKind.ROLLING_BACK, "why", at=START, by="controller"
    )
    notifier = wire(clients, "rollouts").world.notifier
    notifier.publish([entry], rollout)
    notifier.finish(SOON)


def test_nobody_is_told_where_nobody_asked_to_be(clients: Clients, sent: list[str]) -> None:
    publish(clients)

    assert sent == []


@pytest.mark.parametrize(
    ("variable", "value", "channels"),
    [
        (
            "CANARY_NOTIFY",
            "events:default, webhook:/dev/slack,sns:arn:aws:sns:us-east-1:1:releases",
            ["BusChannel", "WebhookChannel", "TopicChannel"],
        ),
        ("CANARY_NOTIFY_WEBHOOK_URL", "https://hooks.example/secret", ["WebhookChannel"]),
    ],
)
def test_the_environment_can_name_where_notices_of_all_rollouts_go(  # noqa: PLR0917 - fixtures
    clients: Clients, sent: list[str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, channels: list[str]
) -> None:
    monkeypatch.setenv(variable, value)

    publish(clients)

    assert sent == channels


def test_a_bad_destination_in_the_environment_is_refused(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_NOTIFY", "mail:amy")

    with pytest.raises(ConfigError, match="'mail:amy' is no destination"):
        wire(clients, "rollouts")


def test_whoever_carries_a_rollout_on_tells_those_whom_it_names(clients: Clients, sent: list[str]) -> None:
    publish(clients, to=[BUS])

    assert sent == ["BusChannel"]
