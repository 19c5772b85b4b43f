"""What the contract tests of CloudWatch share: clients of each protocol, waiting, queues that listen."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import botocore.session
import pytest

from localcloud.running import RunningCloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY

PROTOCOLS = ("json", "smithy-rpc-v2-cbor", "query")
T = TypeVar("T")


@lru_cache
def cloudwatch(cloud: RunningCloud) -> Any:  # noqa: ANN401 - the tests build requests as dictionaries
    """A CloudWatch client as boto3 makes it."""
    return cloud.client("cloudwatch")


@lru_cache
def client_of(protocol: str, cloud: RunningCloud, folder: Path) -> Any:  # noqa: ANN401 - as above
    """A CloudWatch client that speaks `protocol`: botocore's own, with a model that names no other protocol."""
    session = botocore.session.get_session()
    model = session.get_component("data_loader").load_service_model("cloudwatch", "service-2")
    model["metadata"] = model["metadata"] | {"protocol": protocol, "protocols": [protocol]}
    place = folder / "cloudwatch" / "2010-08-01"
    place.mkdir(parents=True)
    (place / "service-2.json").write_text(json.dumps(model))
    session = botocore.session.get_session()
    session.set_config_variable("data_path", str(folder))
    client = session.create_client(
        "cloudwatch",
        region_name=cloud.region,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    assert client.meta.service_model.resolved_protocol == protocol
    return client


def eventually(look: Callable[[], T | None], what: str, *, within: float = 10) -> T:
    """What `look` finds as soon as it finds something."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"{what} did not happen within {within} s")


def listening_queue(cloud: RunningCloud, name: str) -> tuple[str, str]:
    """(URL, ARN) of a new queue."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def received(cloud: RunningCloud, url: str, count: int) -> list[dict[str, Any]]:
    """The JSON bodies of the first `count` messages of a queue."""
    sqs = cloud.client("sqs")
    bodies: list[dict[str, Any]] = []

    def look() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(bodies) >= count

    eventually(look, f"{count} messages")
    return bodies


def zipped(code: str) -> bytes:
    """A deployment package with `code` as app.py."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", code)
    return package.getvalue()


def last_minutes(count: int) -> list[float]:
    """The starts of the last `count` whole minutes, oldest first."""
    minute = time.time() // 60 * 60
    return [minute - 60 * ago for ago in range(count, 0, -1)]


def put_alarm(cloud: RunningCloud, name: str, **changes: Any) -> None:  # noqa: ANN401 - as PutMetricAlarm takes them
    """An alarm on the sum of Errors above 5, two of the last three minutes, in a namespace of its own."""
    alarm = {
        "AlarmName": name,
        "Namespace": name,
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    cloudwatch(cloud).put_metric_alarm(**{key: value for key, value in (alarm | changes).items() if value is not None})


def error_rate(namespace: str, expression: str = "IF(i >= 20, 100 * e / i, 0)") -> list[dict[str, Any]]:
    return [
        {"Id": "rate", "Expression": expression, "Label": "error rate", "ReturnData": True},
        *(
            {
                "Id": identifier,
                "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": name}, "Period": 60, "Stat": "Sum"},
                "ReturnData": False,
            }
            for identifier, name in (("e", "Errors"), ("i", "Invocations"))
        ),
    ]


def put_math_alarm(cloud: RunningCloud, name: str, expression: str = "IF(i >= 20, 100 * e / i, 0)") -> None:
    single = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    put_alarm(
        cloud, name, **single, Metrics=error_rate(name, expression), Threshold=1.0, TreatMissingData="notBreaching"
    )
