"""A running embedded cloud as a value: started as a child process, reached by boto3, ended by its pid."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, Final, Literal, overload

import boto3
from botocore.config import Config

from localcloud.settings import ACCESS_KEY, DEFAULT_REGION, LOOPBACK, SECRET_KEY

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient

_POOL_SIZE: Final = 64
_STOP_SECONDS: Final = 15


class ServerNotStarted(Exception):
    """The server process ended, or said something else, before it served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCloud:
    """One embedded cloud that serves on loopback.

    Attributes:
        endpoint: Its URL, for ``endpoint_url`` or ``AWS_ENDPOINT_URL``.
        port: The port of that URL.
        pid: The server's process id.
        region: The region that `client` uses unless told otherwise.
    """

    endpoint: str
    port: int
    pid: int
    region: str = DEFAULT_REGION

    @overload
    def client(self, service: Literal["apigateway"]) -> "APIGatewayClient": ...
    @overload
    def client(self, service: Literal["cloudwatch"]) -> "CloudWatchClient": ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> "DynamoDBClient": ...
    @overload
    def client(self, service: Literal["events"]) -> "EventBridgeClient": ...
    @overload
    def client(self, service: Literal["lambda"]) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["logs"]) -> "CloudWatchLogsClient": ...
    @overload
    def client(self, service: Literal["sns"]) -> "SNSClient": ...
    @overload
    def client(self, service: Literal["sqs"]) -> "SQSClient": ...
    @overload
    def client(self, service: Literal["ssm"]) -> "SSMClient": ...
    @overload
    def client(self, service: str) -> Any: ...  # noqa: ANN401 - boto3 clients are made at run time
    def client(self, service: str) -> Any:
        """A boto3 client of `service`, without retries: what the cloud answers is what the caller sees.

        The same client every time; boto3's clients may be shared by threads.
        """
        return _client(service, self.endpoint, self.region)


@lru_cache(maxsize=256)
def _client(service: str, endpoint: str, region: str) -> Any:  # noqa: ANN401 - the same
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=_POOL_SIZE)
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=region)
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


@contextmanager
def running_cloud(*options: str, log: IO[str] | None = None) -> Iterator[RunningCloud]:
    """A cloud on a free port for the length of a ``with`` block; it also ends when this process is killed.

    Args:
        options: More options of ``python -m localcloud.server``, such as ``--seed 7``.
        log: Where the server's stderr goes; this process's stderr by default.

    Raises:
        ServerNotStarted: The server ended before it served.
    """
    command = [
        sys.executable,
        "-m",
        "localcloud.server",
        "--port",
        "0",
        "--xray-port",
        "0",
        "--until-parent-exits",
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603 - our own module
    try:
        yield parse_announcement(_first_line(process))
    finally:
        _stop(process)


def parse_announcement(line: str) -> RunningCloud:
    """The cloud that a server's first line of output tells of.

    Raises:
        ServerNotStarted: The line is no announcement.
    """
    try:
        told = json.loads(line)
        port, pid = int(told["port"]), int(told["pid"])
    except (ValueError, KeyError, TypeError) as problem:
        raise ServerNotStarted(f"the server said {line!r} instead of where it serves") from problem
    return RunningCloud(endpoint=f"http://{LOOPBACK}:{port}", port=port, pid=pid)


def _first_line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise ServerNotStarted("the server was started without a pipe to announce itself on")
    line = process.stdout.readline()
    if not line:
        raise ServerNotStarted(f"the server ended with exit code {process.wait()} before it served")
    return line


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
