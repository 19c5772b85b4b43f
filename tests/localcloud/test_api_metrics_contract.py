"""Metrics of a REST API through boto3: they count exactly what the client saw."""

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.running import RunningCloud
from tests.localcloud.cloudwatch_clients import cloudwatch, zipped

pytestmark = pytest.mark.localcloud

CODE = """
def handler(event, context):
    return {"statusCode": int(event["queryStringParameters"]["answer"]), "body": "{}"}
"""


def deploy(cloud: RunningCloud) -> str:
    """The URL of stage ``live`` of an API with GET /answers in front of a function."""
    functions: Any = cloud.client("lambda")
    api: Any = cloud.client("apigateway")
    arn = functions.create_function(
        FunctionName="answers",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/answers",
        Handler="app.handler",
        Code={"ZipFile": zipped(CODE)},
        Timeout=30,
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="answers", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    rest = api.create_rest_api(name="answers")
    resource = api.create_resource(restApiId=rest["id"], parentId=rest["rootResourceId"], pathPart="answers")["id"]
    of = {"restApiId": rest["id"], "resourceId": resource, "httpMethod": "GET"}
    api.put_method(**of, authorizationType="NONE")
    api.put_integration(
        **of,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    api.create_deployment(restApiId=rest["id"], stageName="live")
    return f"{cloud.endpoint}/restapis/{rest['id']}/live/_user_request_"


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_counts_by_status_agree_exactly_with_the_answers(cloud: RunningCloud) -> None:
    url = deploy(cloud)
    seen = [status(f"{url}/answers?answer={answer}") for answer in (200, 200, 201, 404, 409, 500, 503)]
    seen.append(status(f"{url}/nowhere"))
    now = datetime.now(UTC)
    found = {}
    for name in ("Count", "4XXError", "5XXError", "Latency"):
        (point,) = cloudwatch(cloud).get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=name,
            Dimensions=[{"Name": "ApiName", "Value": "answers"}, {"Name": "Stage", "Value": "live"}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        found[name] = (point["Sum"], point["SampleCount"])
    assert found.pop("Latency")[1] == len(seen)
    assert found == {
        "Count": (len(seen), len(seen)),
        "4XXError": (sum(400 <= code < 500 for code in seen), len(seen)),
        "5XXError": (sum(code >= 500 for code in seen), len(seen)),
    }
    assert sorted(seen) == [200, 200, 201, 403, 404, 409, 500, 503]
