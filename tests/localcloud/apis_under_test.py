"""REST APIs for the tests of the embedded cloud: one resource ``/items/{id}``, served by a function."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from localcloud.running import RunningCloud
from tests.localcloud.functions_under_test import Deployed

REGION = "us-east-1"
ACCOUNT = "000000000000"
PROXY_ECHO = """
import json, os, time

def handler(event, context):
    query = event["queryStringParameters"] or {}
    if query.get("fail"):
        raise RuntimeError("secret detail")
    if query.get("raw"):
        return {"answer": 42}
    body = {"version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "arn": context.invoked_function_arn}
    return {"statusCode": 200, "body": json.dumps({**body, "request": event["requestContext"]["requestId"]})}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an HTTP client got."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, str]:
        parsed: dict[str, str] = json.loads(self.text)
        return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A deployed REST API."""

    cloud: RunningCloud
    id: str
    name: str

    def get(self, stage: str = "live", path: str = "/items/7", *, connection: http.client.HTTPConnection) -> Answered:
        connection.request("GET", f"/restapis/{self.id}/{stage}/_user_request_{path}")
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answered(status=answer.status, headers=headers, text=answer.read().decode())

    def get_once(self, stage: str = "live", path: str = "/items/7") -> Answered:
        connection = self.connection()
        try:
            return self.get(stage, path, connection=connection)
        finally:
            connection.close()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.cloud.port)

    def permit(self, function: Deployed, qualifier: str | None, source: str = "*/*/*") -> None:
        target: Any = {"Qualifier": qualifier} if qualifier else {}
        self.cloud.client("lambda").add_permission(
            FunctionName=function.name,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/{source}",
            **target,
        )


def api_before(function: Deployed, qualifier: str | None = "live", **stages: dict[str, Any]) -> Api:
    """An API that calls `function`, with a stage per keyword, ``live`` by default; nobody has permitted it yet."""
    gateway, name = function.cloud.client("apigateway"), f"api-{uuid4().hex[:8]}"
    api = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    items = gateway.create_resource(restApiId=api, parentId=root, pathPart="items")["id"]
    item = gateway.create_resource(restApiId=api, parentId=items, pathPart="{id}")["id"]
    gateway.put_method(restApiId=api, resourceId=item, httpMethod="GET", authorizationType="NONE")
    target = f"{function.arn}:{qualifier}" if qualifier else function.arn
    gateway.put_integration(
        restApiId=api,
        resourceId=item,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{target}/invocations",
    )
    deployment = gateway.create_deployment(restApiId=api)["id"]
    for stage, settings in (stages or {"live": {}}).items():
        gateway.create_stage(restApiId=api, stageName=stage, deploymentId=deployment, **settings)
    return Api(cloud=function.cloud, id=api, name=name)
