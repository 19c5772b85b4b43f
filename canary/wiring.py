"""The composition root: settings -> boto3 clients -> adapters -> controller. The only module that knows both sides."""

import secrets
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from canary import schema
from canary.aws.alarms import CloudWatchAlarms
from canary.aws.alias import LambdaRouter
from canary.aws.clients import Clients, aws_errors, connect, error_code
from canary.aws.hooks import Hooks
from canary.aws.metrics import CloudWatchMetrics
from canary.aws.store import DynamoStore
from canary.config import PublishedStack, parse_published
from canary.controller import Controller
from canary.core.errors import ConfigError
from canary.core.model import RolloutId
from canary.ports import World


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


def wire(clients: Clients, store_table: str) -> Wired:
    """A controller on real AWS adapters."""
    world = World(
        router=LambdaRouter(clients.functions),
        metrics=CloudWatchMetrics(clients.cloudwatch),
        alarms=CloudWatchAlarms(clients.cloudwatch),
        store=DynamoStore(clients.dynamodb, store_table),
        hooks=Hooks(clients.functions),
        clock=SystemClock(),
    )
    return Wired(world=world, controller=Controller(world, owner=f"{socket.gethostname()}-{secrets.token_hex(4)}"))


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
