"""A running embedded cloud as a value: started as a child process, reached by boto3, ended by its pid."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Final, Literal, overload

import boto3
from botocore.config import Config

from localcloud.settings import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY
from localcloud.starting import end_server, start_server

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
        return client_of(service, self.endpoint, self.region)


@lru_cache(maxsize=256)
def client_of(service: str, endpoint: str, region: str) -> Any:  # noqa: ANN401 - the same
    """A boto3 client of `service` for the embedded cloud at `endpoint`; the same one every time."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=_POOL_SIZE)
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=region)
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


@contextmanager
def running_cloud(*options: str, log: IO[str] | None = None) -> Iterator[RunningCloud]:
    """A cloud on a free port for the length of a ``with`` block; it also ends when this process is killed.

    Ctrl-C in a terminal does not reach it: whoever uses it can still put things right.

    Args:
        options: More options of ``python -m localcloud.server``, such as ``--seed 7``.
        log: Where the server's stderr goes; this process's stderr by default.

    Raises:
        NotStarted: The server ended before it served.
    """
    fixed = ("--port", "0", "--xray-port", "0", "--until-parent-exits")
    with TemporaryDirectory(prefix="localcloud-", ignore_cleanup_errors=True) as folder:
        process, said = start_server([*fixed, *options], folder=Path(folder), log=log, detached=True)
        try:
            yield RunningCloud(endpoint=said.endpoint, port=said.port, pid=said.pid)
        finally:
            end_server(process)
