"""One release on the embedded cloud with everything that stands beside it: warm candidate, hooks, notices (issue 4)."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from localcloud.running import RunningCloud
from tests.cli.conftest import Canary
from tests.localcloud.functions_under_test import Deployed, behind_alias, deployed

TELL = "def handler(event, context):\n    return {'hookStatus': 'SUCCEEDED', 'reason': event['stage']}\n"


@pytest.fixture
def topic(cloud: RunningCloud) -> tuple[str, str]:
    """The ARN of a topic, and the URL of a queue that hears it."""
    queues, topics = cloud.client("sqs"), cloud.client("sns")
    url = queues.create_queue(QueueName=f"beside-{uuid4().hex[:8]}")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    arn = topics.create_topic(Name=f"beside-{uuid4().hex[:8]}")["TopicArn"]
    topics.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    return arn, url


def heard(cloud: RunningCloud, url: str) -> list[tuple[str, str]]:
    """Kind and first command of every notice."""
    messages = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    notices = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
    return sorted((notice["kind"], notice["commands"][0]) for notice in notices)


def provisioned(cloud: RunningCloud, function: Deployed) -> bool:
    client = cloud.client("lambda")
    try:
        client.get_provisioned_concurrency_config(FunctionName=function.name, Qualifier="2")
    except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
        return False
    return True


def test_a_release_whose_gate_fails_tells_cleans_up_and_records(
    canary: Canary, cloud: RunningCloud, table: str, topic: tuple[str, str], tmp_path: Path
) -> None:
    function, tell = behind_alias(cloud), deployed(cloud, TELL)
    config = tmp_path / "rollout.toml"
    config.write_text(f"""
tick = "1s"
[[hooks]]
name = "gate"
run = "false"
[[hooks]]
name = "tell"
stage = "on-rollback"
run = "lambda:{tell.name}"
[capacity]
provisioned = 1
[notify]
to = ["sns:{topic[0]}"]
""")

    released = canary("release", "-f", function.name, "--config", str(config), "--json")

    assert (released.code, released.data["outcome"]) == (1, "rolled_back")
    rollout = released.data["rollout"]
    history = [(entry["kind"], entry["reason"]) for entry in canary("history", rollout, "--json").data]
    assert history[-1] == ("hook", "hook tell answered SUCCEEDED: on-rollback")
    assert heard(cloud, topic[1]) == [
        ("opened", f"canary watch {rollout} --store {table}"),
        ("rolled_back", f"canary history {rollout} --store {table}"),
        ("rolling_back", f"canary watch {rollout} --store {table}"),
    ]
    assert not provisioned(cloud, function)
    assert canary("status").stdout == "no rollout is open\n"
