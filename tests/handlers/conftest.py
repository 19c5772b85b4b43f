"""The payments table on a real server, and proxy events as API Gateway sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from handlers.shared import clients
from localcloud.running import RunningCloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY
from tests.handlers.deployment import Service, deploy
from tests.handlers.resources import STATUS_INDEX, FifoQueue, dynamodb_of, make_payments_table, make_queue, make_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TABLE = "payments"


@pytest.fixture(scope="session")
def aws(cloud: RunningCloud) -> Iterator[pytest.MonkeyPatch]:
    """The variables that Lambda sets for a function."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_REGION", cloud.region)
        patch.setenv("AWS_DEFAULT_REGION", cloud.region)
        yield patch
        for service in (clients.dynamodb, clients.sqs, clients.ssm, clients.sns):
            service().close()


@pytest.fixture(scope="module")
def service(cloud: RunningCloud, request: pytest.FixtureRequest) -> Service:
    """The whole service, deployed for one module of tests."""
    return deploy(cloud, request.module.__name__.rpartition(".")[2].replace("_", "-"))


@pytest.fixture(scope="session")
def dynamodb(cloud: RunningCloud) -> DynamoDBClient:
    return dynamodb_of(cloud)


@pytest.fixture(scope="session")
def payments_table(cloud: RunningCloud, aws: pytest.MonkeyPatch) -> str:
    aws.setenv("PAYMENTS_TABLE", make_payments_table(cloud, TABLE))
    aws.setenv("PAYMENTS_STATUS_INDEX", STATUS_INDEX)
    return TABLE


@pytest.fixture(scope="session")
def transactions_table(cloud: RunningCloud, aws: pytest.MonkeyPatch) -> str:
    aws.setenv("TRANSACTIONS_TABLE", make_table(cloud, "transactions", "transaction_id"))
    return "transactions"


@pytest.fixture(scope="session")
def alerts_table(cloud: RunningCloud, aws: pytest.MonkeyPatch) -> str:
    aws.setenv("FRAUD_ALERTS_TABLE", make_table(cloud, "fraud_alerts", "alert_id", "timestamp"))
    return "fraud_alerts"


@pytest.fixture(scope="session")
def transaction_queue(cloud: RunningCloud, aws: pytest.MonkeyPatch) -> FifoQueue:
    made = make_queue(cloud, "transaction-processing", visibility_seconds=30)
    aws.setenv("TRANSACTION_QUEUE_URL", made.url)
    return made


@pytest.fixture(scope="session")
def notification_queue(cloud: RunningCloud, aws: pytest.MonkeyPatch) -> FifoQueue:
    made = make_queue(cloud, "notifications", visibility_seconds=30)
    aws.setenv("NOTIFICATION_QUEUE_URL", made.url)
    return made
