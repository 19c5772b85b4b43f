"""The composition root: settings -> boto3 clients -> adapters -> controller. The only module that knows both sides."""

import os
import secrets
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, assert_never

from botocore.exceptions import ClientError

from canary import schema
from canary.aws.alarms import CloudWatchAlarms
from canary.aws.alias import LambdaRouter
from canary.aws.capacity import LambdaCapacity
from canary.aws.clients import Clients, aws_errors, connect, error_code
from canary.aws.hook_book import DynamoHookBook
from canary.aws.hooks import Hooks
from canary.aws.metrics import CloudWatchMetrics
from canary.aws.notify import BusChannel, Channel, Notices, TopicChannel, WebhookChannel, read_secret
from canary.aws.orders import DynamoOrders
from canary.aws.store import DynamoStore
from canary.aws.survey import AwsSurvey
from canary.aws.versions import LambdaVersions
from canary.aws.waking import wake_controller
from canary.config import PublishedStack, parse_destinations, parse_published
from canary.controller import Controller
from canary.core.destination import Destination, Medium
from canary.core.errors import ConfigError
from canary.core.model import FunctionName, RolloutId
from canary.ports import World
from canary.side_ports import HookBook, Notifier, Surveyor, VersionKeeper

NOTIFY_VARIABLE: Final = "CANARY_NOTIFY"
"""Destinations of notices, separated by commas, for every command and for the controller inside AWS."""
WEBHOOK_VARIABLE: Final = "CANARY_NOTIFY_WEBHOOK_URL"
"""The URL of a webhook, where no SSM parameter is at hand; never written anywhere."""


class SystemClock:
    """The machine's clock, and sleep that ends at once when the process is asked to end."""

    def __init__(self) -> None:
        self._ending = threading.Event()

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(tz=UTC)

    def sleep(self, duration: timedelta) -> None:
        """Waits, unless `end` was called."""
        self._ending.wait(duration.total_seconds())

    def end(self) -> None:
        """Wakes the sleeper, now and for ever."""
        self._ending.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """The controller and the adapters it was made of."""

    world: World
    controller: Controller
    clients: Clients
    store_table: str
    where: str

    def surveyor(self) -> Surveyor:
        """Looks around for a check-up."""
        return AwsSurvey(self.clients)

    def version_keeper(self) -> VersionKeeper:
        """Lists and deletes versions."""
        return LambdaVersions(self.clients.functions)

    def hook_book(self) -> HookBook:
        """The records through which CodeDeploy-style hooks answer."""
        return hook_book(self.clients, self.store_table)

    def wake(self, controller: FunctionName) -> None:
        """Calls the controller inside AWS once, without waiting for it."""
        wake_controller(self.clients.hooks, controller)


def wire(
    clients: Clients,
    store_table: str,
    *,
    where: str = "",
    runs_commands: bool = True,
) -> Wired:
    """A controller on real AWS adapters.

    Notices go where each rollout says and to what the environment names; their commands carry the options `where`, by
    default the table's. With `runs_commands` hooks that are local commands run here.
    """
    clock = SystemClock()
    world = World(
        router=LambdaRouter(clients.functions),
        metrics=CloudWatchMetrics(clients.cloudwatch),
        alarms=CloudWatchAlarms(clients.cloudwatch),
        store=DynamoStore(clients.dynamodb, store_table),
        hooks=Hooks(clients.hooks, hook_book(clients, store_table), clock, runs_commands=runs_commands),
        clock=clock,
        capacity=LambdaCapacity(clients.functions, clients.cloudwatch),
        orders=DynamoOrders(clients.dynamodb, store_table),
        notifier=_notifier(clients, where or f"--store {store_table}"),
    )
    return Wired(
        world=world,
        controller=Controller(world, owner=f"{socket.gethostname()}-{secrets.token_hex(4)}"),
        clients=clients,
        store_table=store_table,
        where=where or f"--store {store_table}",
    )


def hook_book(clients: Clients, store_table: str) -> HookBook:
    """The records through which CodeDeploy-style hooks answer."""
    return DynamoHookBook(clients.dynamodb, store_table)


def _notifier(clients: Clients, where: str) -> Notifier:
    named = parse_destinations(os.environ.get(NOTIFY_VARIABLE, "").split(","))
    url = os.environ.get(WEBHOOK_VARIABLE)
    return Notices(
        partial(_channel, clients), where=where, always=named, beside=[WebhookChannel(lambda: url)] if url else []
    )


def _channel(clients: Clients, destination: Destination) -> Channel:
    match destination.medium:
        case Medium.SNS:
            return TopicChannel(clients.topics(), destination.name)
        case Medium.EVENTS:
            return BusChannel(clients.events(), destination.name)
        case Medium.WEBHOOK:
            return WebhookChannel(partial(read_secret, clients.parameters, destination.name))
    assert_never(destination.medium)


def connect_clients(region: str | None) -> Clients:
    """Clients from the ordinary AWS settings."""
    return connect(region)


def read_published(clients: Clients, environment: str) -> PublishedStack:
    """What the stack of an environment published, by one `GetParameter`.

    Raises:
        ConfigError: nothing was published under that name.
    """
    name = schema.release_parameter(environment)
    with aws_errors(f"reading parameter {name}"):
        try:
            value = clients.parameters.get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
            raise ConfigError(
                f"environment {environment!r} has published no release parameter ({name}); deploy its stack first"
            ) from error
    return parse_published(value, name)


def new_rollout_id(now: datetime) -> RolloutId:
    """An id that sorts by time and is short enough to type: ``r-20261121-0203-x7f2``."""
    return RolloutId(f"r-{now:%Y%m%d-%H%M}-{secrets.token_hex(2)}")
