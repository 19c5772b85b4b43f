"""boto3 clients for one region of the embedded cloud, each call checked by the guard before it is sent."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from localcloud.resources.guard import check_input
from localcloud.settings import ACCESS_KEY, SECRET_KEY

_CONFIG: Final = Config(
    retries={"total_max_attempts": 1},  # on loopback an error is an error, and a repeated create a second resource
    max_pool_connections=16,
    connect_timeout=5,
    read_timeout=60,
    s3={"addressing_style": "path"},
)
_MAKING: Final = threading.Lock()
_ABSENT: Final = (
    "NotFound",
    "NoSuch",
    "NonExistent",
    "ParameterNotFound",
    "ResourceNotFoundException",
    "WAFNonexistentItemException",
    "ServerSideEncryptionConfigurationNotFoundError",
)


@dataclass(slots=True)
class Cloud:
    """One region of the embedded cloud as handlers see it; safe to share between threads."""

    endpoint: str
    region: str
    account: str
    partition: str = "aws"
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' methods at run time
        """The service's client for this region, made once."""
        if service not in self._clients:
            self._clients[service] = make_client(service, self.endpoint, self.region)
        return self._clients[service]

    def arn(self, service: str, resource: str) -> str:
        """``arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE``."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def make_client(service: str, endpoint: str, region: str) -> Any:  # noqa: ANN401 - the same
    """A guarded boto3 client; fixed credentials, so that nobody's real keys ever sign a local call."""
    with _MAKING:
        client = _session().client(service, region_name=region, endpoint_url=endpoint, config=_CONFIG)
    client.meta.events.register_last("before-parameter-build", _guard)
    return client


@cache
def _session() -> Any:  # noqa: ANN401 - the same
    """One session for the process: it parses each service model once, and is not safe between threads."""
    return boto3.Session(ACCESS_KEY, SECRET_KEY)


def read_account(endpoint: str, region: str) -> str:
    """The account id that the embedded cloud answers for the engine's credentials."""
    return str(make_client("sts", endpoint, region).get_caller_identity()["Account"])


def lookup(call: Callable[..., Mapping[str, Any]], **params: Any) -> dict[str, Any] | None:  # noqa: ANN401 - boto3
    """The call's answer, or None when AWS says that the thing does not exist."""
    try:
        return dict(call(**params) or {})
    except ClientError as error:
        if is_absent(error):
            return None
        raise


def is_absent(error: ClientError) -> bool:
    """Whether the error says that what was named does not exist."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code == "404" or any(mark in code for mark in _ABSENT)


def _guard(params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
    check_input(params, model)
