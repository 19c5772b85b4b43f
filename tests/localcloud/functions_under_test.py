"""Functions for the tests of the embedded cloud: made from source text, published, put behind aliases."""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from localcloud.running import RunningCloud

ROLE = "arn:aws:iam::000000000000:role/function"
ECHO = """
import os

def handler(event, context):
    print("called", context.aws_request_id)
    return {"version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "arn": context.invoked_function_arn, "event": event}
"""


def packed(source: str) -> bytes:
    """A deployment package with `source` as ``app.py``; the same bytes for the same source."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), source)
    return content.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A function on the embedded cloud."""

    cloud: RunningCloud
    name: str
    arn: str

    def invoke(self, event: object = None, *, qualifier: str | None = None) -> "Called":
        target = f"{self.name}:{qualifier}" if qualifier else self.name
        answer = self.cloud.client("lambda").invoke(
            FunctionName=target, Payload=json.dumps(event or {}), LogType="Tail"
        )
        return Called(payload=json.load(answer["Payload"]), answer=dict(answer))

    def counted(self, version: str, metric: str = "Invocations") -> float:
        """What CloudWatch counts for calls through the alias ``live`` that ran `version`."""
        now, dimensions = datetime.now(UTC), {"FunctionName": self.name, "Resource": f"{self.name}:live"}
        points = self.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[
                {"Name": name, "Value": value} for name, value in (dimensions | {"ExecutedVersion": version}).items()
            ],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in points["Datapoints"])

    def publish(self, source: str | None = None) -> str:
        """The number of a version published from `source`, or from what is there."""
        functions = self.cloud.client("lambda")
        if source is not None:
            functions.update_function_code(FunctionName=self.name, ZipFile=packed(source))
        return functions.publish_version(FunctionName=self.name)["Version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What an Invoke answered."""

    payload: Any
    answer: dict[str, Any]

    @property
    def error(self) -> str | None:
        return self.answer.get("FunctionError")


def deployed(cloud: RunningCloud, source: str = ECHO, *, name: str = "", **settings: object) -> Deployed:
    """A new function; with a name of its own unless told otherwise."""
    name = name or f"f-{uuid4().hex[:10]}"
    code = {"ZipFile": packed(source)}
    request: Any = {"Runtime": "python3.11", "Role": ROLE, "Handler": "app.handler", "Code": code, **settings}
    made = cloud.client("lambda").create_function(FunctionName=name, **request)
    return Deployed(cloud=cloud, name=name, arn=made["FunctionArn"])


def behind_alias(
    cloud: RunningCloud, weight: float | None = None, *, source: str = ECHO, name: str = "", **settings: object
) -> Deployed:
    """A function with versions 1 and 2 of `source` and an alias ``live`` on 1, with `weight` for 2."""
    function = deployed(cloud, source, name=name, **settings)
    function.publish()
    function.publish(source + "# second\n")
    routing: Any = {} if weight is None else {"RoutingConfig": {"AdditionalVersionWeights": {"2": weight}}}
    cloud.client("lambda").create_alias(FunctionName=function.name, Name="live", FunctionVersion="1", **routing)
    return function
