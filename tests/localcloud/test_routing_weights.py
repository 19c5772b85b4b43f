"""The split of a weighted alias through Invoke and through API Gateway: by weight, and told the same by everybody.

The server is started with ``--seed``, which gives every alias ARN a sequence of its own. The functions here have fixed
names, so the counts are the same in every run and the chi-square tests cannot flicker.
"""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from scipy.stats import chisquare

from localcloud.running import RunningCloud
from tests.localcloud.apis_under_test import PROXY_ECHO, Api, api_before
from tests.localcloud.functions_under_test import Deployed, behind_alias

pytestmark = pytest.mark.localcloud

REQUESTS = 2_000
CLIENTS = 4
WEIGHTS = (0.01, 0.05, 0.10, 0.25, 0.50, 0.90)
Call = Callable[[HTTPConnection], str]
"""One request on a connection; the version that ran."""


def through_gateway(api: Api) -> Call:
    return lambda connection: api.get(connection=connection).body["version"]


def through_invoke(function: Deployed) -> Call:
    """Plain HTTP, as boto3 would send it; the header and the handler must name the same version."""

    def call(connection: HTTPConnection) -> str:
        path = f"/2015-03-31/functions/{function.name}:live/invocations"
        connection.request(
            "POST", path, body=json.dumps({"queryStringParameters": None, "requestContext": {"requestId": ""}})
        )
        answer = connection.getresponse()
        handler = json.loads(json.load(answer)["body"])
        assert handler["version"] == answer.headers["X-Amz-Executed-Version"]
        assert handler["arn"] == f"{function.arn}:live"
        return str(handler["version"])

    return call


def versions_of(cloud: RunningCloud, call: Call) -> Counter[str]:
    def client(_number: int) -> Counter[str]:
        connection = HTTPConnection("127.0.0.1", cloud.port)
        try:
            return Counter(call(connection) for _ in range(REQUESTS // CLIENTS))
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(client, range(CLIENTS)), Counter())


@pytest.mark.parametrize("weight", WEIGHTS)
def test_each_path_follows_the_weight_and_everybody_counts_the_same(cloud: RunningCloud, weight: float) -> None:
    function = behind_alias(cloud, weight, source=PROXY_ECHO, name=f"weighted-{round(weight * 100)}")
    api = api_before(function)
    api.permit(function, "live")
    by_path = [versions_of(cloud, through_gateway(api)), versions_of(cloud, through_invoke(function))]
    for seen in by_path:
        assert seen.total() == REQUESTS
        expected = [REQUESTS * (1 - weight), REQUESTS * weight]
        assert chisquare([seen["1"], seen["2"]], expected).pvalue > 0.01
    total = sum(by_path, Counter())
    assert [function.counted(version) for version in ("1", "2")] == [total["1"], total["2"]]
