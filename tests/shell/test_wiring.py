"""The composition root: which notifier a controller gets."""

import pytest

from canary.aws.clients import Clients
from canary.aws.notify import Notices
from canary.core.errors import ConfigError
from canary.core.notices import Destination, Medium
from canary.side_ports import SILENCE
from canary.wiring import connect_clients, wire

BUS = Destination(medium=Medium.EVENTS, name="default")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Clients that can be made anywhere and are never used."""
    for variable in ("CANARY_NOTIFY", "CANARY_NOTIFY_WEBHOOK_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return connect_clients("us-east-1")


def test_nobody_is_told_where_nobody_asked_to_be(clients: Clients) -> None:
    assert wire(clients, "rollouts").world.notifier is SILENCE


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CANARY_NOTIFY", "events:default, webhook:/dev/slack,sns:arn:aws:sns:us-east-1:1:releases"),
        ("CANARY_NOTIFY_WEBHOOK_URL", "https://hooks.example/secret"),
    ],
)
def test_the_environment_can_name_where_notices_go(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    assert isinstance(wire(clients, "rollouts").world.notifier, Notices)


def test_a_bad_destination_in_the_environment_is_refused(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_NOTIFY", "mail:amy")

    with pytest.raises(ConfigError, match="'mail:amy' is no destination"):
        wire(clients, "rollouts")


def test_a_release_adds_its_own_destinations(clients: Clients) -> None:
    wired = wire(clients, "rollouts")

    assert wired.telling([]) is wired
    assert isinstance(wired.telling([BUS]).world.notifier, Notices)
    assert wired.telling([BUS]).tell == (BUS,)
