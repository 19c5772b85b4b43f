"""The payments table on a real server, and proxy events as API Gateway sends them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TABLE = "payments"
STATUS_INDEX = "status-index"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    command = [sys.executable, "-m", "uvicorn", "ministack.app:app", "--port", str(port), "--log-level", "error"]
    with subprocess.Popen(command, env=environment) as server:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@pytest.fixture(scope="session")
def aws(endpoint: str) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield patch


@pytest.fixture(scope="session")
def dynamodb(aws: pytest.MonkeyPatch) -> DynamoDBClient:
    del aws
    return boto3.client("dynamodb")


@pytest.fixture(scope="session")
def payments_table(dynamodb: DynamoDBClient, aws: pytest.MonkeyPatch) -> str:
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "payment_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("payment_id", "status", "created_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": STATUS_INDEX,
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    aws.setenv("PAYMENTS_TABLE", TABLE)
    aws.setenv("PAYMENTS_STATUS_INDEX", STATUS_INDEX)
    return TABLE
