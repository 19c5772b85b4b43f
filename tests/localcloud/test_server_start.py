import pytest

from localcloud.running import RunningCloud, ServerNotStarted, parse_announcement

pytestmark = pytest.mark.localcloud


def test_a_plain_boto3_client_reaches_the_cloud(cloud: RunningCloud) -> None:
    queue = cloud.client("sqs").create_queue(QueueName="server-start")["QueueUrl"]
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    assert cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"


def test_the_cloud_listens_on_loopback_only(cloud: RunningCloud) -> None:
    assert cloud.endpoint == f"http://127.0.0.1:{cloud.port}"


def test_a_server_that_says_something_else_is_not_taken_for_a_started_one() -> None:
    with pytest.raises(ServerNotStarted, match="hello"):
        parse_announcement("hello")
