"""AWS clients: each made once an execution environment, at its first use.

Importing boto3 takes longer than importing the rest of the service, so it waits until a call needs it. The endpoint,
the region and the credentials come from the ordinary AWS settings. Timeouts are short because a caller waits behind
them: botocore's own would hold a request for a minute.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_dynamodb import DynamoDBClient

CONNECT_SECONDS: Final = 1
READ_SECONDS: Final = 3
ATTEMPTS: Final = 3


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client of this execution environment."""
    import boto3  # noqa: PLC0415 - a cold start pays for it only when a call needs it

    return boto3.client("dynamodb", config=_patience())


def _patience() -> Config:
    from botocore.config import Config  # noqa: PLC0415 - the same

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        tcp_keepalive=True,
    )
