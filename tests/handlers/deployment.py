"""The whole service on the embedded cloud: functions from the real bundle behind aliases, queues, tables, the API.

Made with plain AWS calls, the attributes as requirements A and B have them; only the times are shorter.
"""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.engine.deploy import deploy as apply_program
from stack.grants import fraud_secret
from stack.naming import Place
from stack.settings import CHECKOUT
from tests.handlers.resources import FifoQueue, make_payments_table, make_queue, make_table, sqs_of, ssm_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

ACCOUNT = "000000000000"
SERVICE = Path(__file__).parents[2] / "handlers"
DOCUMENT: dict[str, Any] = json.loads((SERVICE / "openapi.json").read_text())
FRAUD_SECRET = "fraud-secret"
MERCHANT_SECRET = "merchant-secret"
TIMEOUT_SECONDS = 10
VISIBILITY_SECONDS = 12


def bundle(folder: Path = SERVICE) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.writestr(zipfile.ZipInfo(f"handlers/{path.relative_to(folder)}"), path.read_bytes())
    return content.getvalue()


@dataclass(frozen=True, kw_only=True)
class Answered:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@dataclass(frozen=True, kw_only=True)
class Service:
    cloud: RunningCloud
    name: str
    """In every resource's name, so that several services fit into one cloud."""
    api_id: str
    api_key: str
    tables: Mapping[str, str]
    processing: FifoQueue
    notifications: FifoQueue
    dead_letter_url: str
    """Where the payment function's failed attempts go."""

    @property
    def base_path(self) -> str:
        return f"/restapis/{self.api_id}/live/_user_request_"

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)

    def call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Answered:
        """One request through API Gateway, with the API key."""
        kept = connection or self.connection()
        sent = {"Content-Type": "application/json", "x-api-key": self.api_key, **(headers or {})}
        content = None if body is None else body.encode("utf-8", "surrogatepass")
        kept.request(method, self.base_path + path, content, sent | ({"Idempotency-Key": key} if key else {}))
        answer = kept.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        answered = Answered(status=answer.status, headers=found, text=answer.read().decode())
        if connection is None:
            kept.close()
        return answered

    def register_merchant(self, merchant_id: str, url: str) -> None:
        path = f"/{self.name}/merchants/{merchant_id}"
        ssm_of(self.cloud).put_parameter(Name=f"{path}/webhook-url", Value=url, Type="String", Overwrite=True)
        ssm_of(self.cloud).put_parameter(
            Name=f"{path}/webhook-secret", Value=MERCHANT_SECRET, Type="SecureString", Overwrite=True
        )

    def function(self, purpose: str) -> str:
        return f"{self.name}-{purpose}"


def deploy(cloud: RunningCloud, name: str, *, is_traced: bool = False) -> Service:
    tables = {
        "payments": make_payments_table(cloud, f"{name}-payments"),
        "transactions": make_table(cloud, f"{name}-transactions", "transaction_id"),
        "alerts": make_table(cloud, f"{name}-alerts", "alert_id", "timestamp"),
    }
    processing = make_queue(cloud, f"{name}-processing", visibility_seconds=VISIBILITY_SECONDS)
    notifications = make_queue(cloud, f"{name}-notifications", visibility_seconds=VISIBILITY_SECONDS)
    dead_letter_url = sqs_of(cloud).create_queue(QueueName=f"{name}-payment-processor-dead")["QueueUrl"]
    ssm_of(cloud).put_parameter(Name=f"/{name}/fraud-secret", Value=FRAUD_SECRET, Type="SecureString")
    environments = {
        "payment-processor": {
            "PAYMENTS_TABLE": tables["payments"],
            "PAYMENTS_STATUS_INDEX": "status-index",
            "DEAD_LETTER_QUEUE_URL": dead_letter_url,
        },
        "transaction-processor": {
            "TRANSACTIONS_TABLE": tables["transactions"],
            "TRANSACTION_QUEUE_URL": processing.url,
            "NOTIFICATION_QUEUE_URL": notifications.url,
        },
        "fraud-handler": {
            "TRANSACTIONS_TABLE": tables["transactions"],
            "FRAUD_ALERTS_TABLE": tables["alerts"],
            "NOTIFICATION_QUEUE_URL": notifications.url,
            "FRAUD_SECRET_PARAMETER": f"/{name}/fraud-secret",
        },
        "notification-sender": {
            "NOTIFICATION_QUEUE_URL": notifications.url,
            "MERCHANT_PARAMETERS": f"/{name}/merchants",
            "LOOPBACK_WEBHOOKS": "allow",
        },
    }
    code = bundle()
    arns = {
        purpose: _function(
            cloud,
            f"{name}-{purpose}",
            Handler=f"handlers.{purpose.replace('-', '_')}.app.handler",
            Code={"ZipFile": code},
            Environment={"Variables": {**variables, "RETRY_FIRST_SECONDS": "1"}},
            TracingConfig={"Mode": "Active" if is_traced else "PassThrough"},
        )
        for purpose, variables in environments.items()
    }
    _consume(cloud, processing, arns["transaction-processor"])
    _consume(cloud, notifications, arns["notification-sender"])
    api_id, api_key = _api(cloud, name, arns)
    return Service(
        cloud=cloud,
        name=name,
        api_id=api_id,
        api_key=api_key,
        tables=tables,
        processing=processing,
        notifications=notifications,
        dead_letter_url=dead_letter_url,
    )


def deploy_shipped(cloud: RunningCloud, folder: Path) -> Service:
    """The service as the unchanged Pulumi program makes it: its API with models, validators, keys and own answers."""
    own = {"build": str(folder / "build")}
    outputs = apply_program(CHECKOUT / "stack", "dev", cloud.endpoint, extra_config=own, home=folder / "state").outputs
    place = Place(environment="dev", account=ACCOUNT, region=cloud.region, cost_centre="-", data_classification="-")
    ssm_of(cloud).put_parameter(Name=fraud_secret(place), Value=FRAUD_SECRET, Type="SecureString", Overwrite=True)
    key = cloud.client("apigateway").get_api_key(apiKey=outputs["api_key_id"], includeValue=True)

    def queue(purpose: str) -> FifoQueue:
        dead = outputs["queues"][purpose].replace(purpose, f"{purpose}-dead")
        return FifoQueue(url=outputs["queues"][purpose], arn=place.arn("sqs", purpose), dead_letter_url=dead)

    processing, notifications = queue("transaction-processing"), queue("notifications")
    return Service(
        cloud=cloud,
        name="shipped",
        api_id=outputs["live_url"].partition("/restapis/")[2].partition("/")[0],
        api_key=key["value"],
        tables=outputs["tables"],
        processing=processing,
        notifications=notifications,
        dead_letter_url=processing.url.replace("transaction-processing", "payment-processor-dead").removesuffix(
            ".fifo"
        ),
    )


def _function(cloud: RunningCloud, name: str, **settings: Any) -> str:  # noqa: ANN401 - members of CreateFunction
    """The ARN of the alias ``live`` of a new function."""
    client = cloud.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        Timeout=TIMEOUT_SECONDS,
        MemorySize=512,
        **settings,
    )
    version = client.publish_version(FunctionName=name)["Version"]
    return client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"]


def _consume(cloud: RunningCloud, queue: FifoQueue, alias_arn: str) -> None:
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=queue.arn,
        FunctionName=alias_arn,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def _api(cloud: RunningCloud, name: str, arns: Mapping[str, str]) -> tuple[str, str]:
    """The ids of an API with the routes of the document, and of its key."""
    gateway = cloud.client("apigateway")
    api_id = gateway.create_rest_api(name=name)["id"]
    folders = {"": gateway.get_resources(restApiId=api_id)["items"][0]["id"]}
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            folder = _folder(gateway, api_id, folders, path)
            place = {"restApiId": api_id, "resourceId": folder, "httpMethod": method.upper()}
            _route(gateway, place, operation, arns[operation["x-function"]])
    for purpose in ("payment-processor", "transaction-processor", "fraud-handler"):
        cloud.client("lambda").add_permission(
            FunctionName=f"{name}-{purpose}",
            Qualifier="live",
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{cloud.region}:{ACCOUNT}:{api_id}/*/*/*",
        )
    deployment = gateway.create_deployment(restApiId=api_id)["id"]
    gateway.create_stage(restApiId=api_id, stageName="live", deploymentId=deployment)
    key = gateway.create_api_key(name=name, enabled=True)
    plan = gateway.create_usage_plan(name=name, apiStages=[{"apiId": api_id, "stage": "live"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return api_id, key["value"]


def _folder(gateway: Any, api_id: str, folders: dict[str, str], path: str) -> str:  # noqa: ANN401 - a boto3 client
    if path not in folders:
        parent, _, part = path.rpartition("/")
        parent_id = _folder(gateway, api_id, folders, parent)
        folders[path] = gateway.create_resource(restApiId=api_id, parentId=parent_id, pathPart=part)["id"]
    return folders[path]


def _route(gateway: Any, place: Mapping[str, str], operation: Mapping[str, Any], alias_arn: str) -> None:  # noqa: ANN401 - a boto3 client
    gateway.put_method(**place, authorizationType="NONE", apiKeyRequired="security" in operation)
    gateway.put_integration(
        **place,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{alias_arn}/invocations",
    )
