"""Weights on every path that is not a plain request: asynchronous, by queue, topic, event bus, function URL."""

import json
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from localcloud.functions.routing import VersionChooser
from localcloud.running import RunningCloud
from tests.localcloud.cloudwatch_clients import eventually
from tests.localcloud.functions_under_test import Deployed, behind_alias

pytestmark = pytest.mark.localcloud

CALLS = 40
TELL = """
import json

def handler(event, context):
    print(json.dumps({"version": context.function_version, "arn": context.invoked_function_arn}))
"""
Send = Callable[[Deployed, str], None]
"""Lets CALLS invocations of an alias ARN happen."""


def by_event(function: Deployed, _alias: str) -> None:
    for _ in range(CALLS):
        function.cloud.client("lambda").invoke(
            FunctionName=function.name, Qualifier="live", InvocationType="Event", Payload="{}"
        )


def by_queue(function: Deployed, alias: str) -> None:
    queues = function.cloud.client("sqs")
    queue = queues.create_queue(QueueName=function.name)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function.cloud.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=alias, BatchSize=1)
    for number in range(CALLS):
        queues.send_message(QueueUrl=queue, MessageBody=str(number))


def by_topic(function: Deployed, alias: str) -> None:
    topics = function.cloud.client("sns")
    topic = topics.create_topic(Name=function.name)["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=alias)
    for number in range(CALLS):
        topics.publish(TopicArn=topic, Message=str(number))


def by_bus(function: Deployed, alias: str) -> None:
    buses, source = function.cloud.client("events"), f"test.{function.name}"
    buses.put_rule(Name=function.name, EventPattern=json.dumps({"source": [source]}))
    buses.put_targets(Rule=function.name, Targets=[{"Id": "function", "Arn": alias}])
    for _ in range(CALLS // 10):
        buses.put_events(Entries=[{"Source": source, "DetailType": "test", "Detail": "{}"}] * 10)


def by_url(function: Deployed, _alias: str) -> None:
    made = function.cloud.client("lambda").create_function_url_config(
        FunctionName=function.name, Qualifier="live", AuthType="NONE"
    )
    connection = HTTPConnection("127.0.0.1", function.cloud.port)
    for _ in range(CALLS):
        connection.request("GET", "/", headers={"Host": urlsplit(made["FunctionUrl"]).netloc})
        connection.getresponse().read()
    connection.close()


def told(function: Deployed) -> list[dict[str, Any]]:
    """What the versions wrote to their log so far."""
    logs, group = function.cloud.client("logs"), f"/aws/lambda/{function.name}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    lines = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(line) for line in lines if line.startswith('{"version"')]


@pytest.mark.parametrize("send", [by_event, by_queue, by_topic, by_bus, by_url])
def test_every_execution_draws_its_version_and_sees_the_alias(cloud: RunningCloud, send: Send) -> None:
    function = behind_alias(cloud, 0.5, source=TELL, name=f"path-{send.__name__}")
    send(function, f"{function.arn}:live")
    seen = eventually(lambda: calls if len(calls := told(function)) >= CALLS else None, f"{CALLS} calls", within=20)
    assert {each["arn"] for each in seen} == {f"{function.arn}:live"}
    assert set(Counter(each["version"] for each in seen)) == {"1", "2"}
    assert len(seen) == CALLS


def test_the_control_plane_tells_the_primary_version_whatever_the_weights(cloud: RunningCloud) -> None:
    functions, function = cloud.client("lambda"), behind_alias(cloud, 1.0)
    seen = [functions.get_function_configuration(FunctionName=function.name, Qualifier="live") for _ in range(5)]
    assert {(each["Version"], each["FunctionArn"]) for each in seen} == {("1", f"{function.arn}:live")}
    assert functions.get_function(FunctionName=function.name, Qualifier="live")["Configuration"]["Version"] == "1"


def test_weight_one_sends_everything_to_the_additional_version(cloud: RunningCloud) -> None:
    function = behind_alias(cloud, 1.0)
    assert {function.invoke(qualifier="live").answer["ExecutedVersion"] for _ in range(20)} == {"2"}


def test_a_retry_of_a_failed_event_draws_anew(cloud: RunningCloud) -> None:
    """An event that was accepted while the canary had all traffic is retried on stable after a rollback."""
    source = TELL + "    if context.function_version == '2':\n        raise RuntimeError('bad version')\n"
    function = behind_alias(cloud, 1.0, source=source)
    functions = cloud.client("lambda")
    functions.invoke(FunctionName=function.name, Qualifier="live", InvocationType="Event", Payload="{}")
    eventually(lambda: told(function), "the first attempt")
    functions.update_alias(FunctionName=function.name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    seen = eventually(lambda: calls if len(calls := told(function)) > 1 else None, "the retry")
    assert [each["version"] for each in seen] == ["2", "1"]


def test_an_alias_has_its_own_retry_settings(cloud: RunningCloud) -> None:
    function = behind_alias(cloud, source=TELL + "    raise RuntimeError('always')\n")
    queues, functions = cloud.client("sqs"), cloud.client("lambda")
    queue = queues.create_queue(QueueName=function.name)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.put_function_event_invoke_config(
        FunctionName=function.name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    functions.invoke(FunctionName=function.name, Qualifier="live", InvocationType="Event", Payload="{}")
    message = eventually(
        lambda: queues.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"), "the failed event"
    )
    assert json.loads(message[0]["Body"])["responsePayload"]["errorMessage"] == "always"
    assert len(told(function)) == 1


def test_a_dead_letter_queue_gets_the_event_as_it_was_and_what_went_wrong(cloud: RunningCloud) -> None:
    queues, functions = cloud.client("sqs"), cloud.client("lambda")
    queue = queues.create_queue(QueueName="dead-letters-of-a-path")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = "def handler(event, context): raise ValueError('no good ' + event['mark'])"
    function = behind_alias(cloud, 0.5, source=source, DeadLetterConfig={"TargetArn": arn})
    functions.put_function_event_invoke_config(FunctionName=function.name, Qualifier="live", MaximumRetryAttempts=0)
    event = {"mark": "ä", "amount": 12}
    functions.invoke(FunctionName=function.name, Qualifier="live", InvocationType="Event", Payload=json.dumps(event))
    wanted: dict[str, Any] = {"QueueUrl": queue, "WaitTimeSeconds": 1, "MessageAttributeNames": ["All"]}
    (message,) = eventually(lambda: queues.receive_message(**wanted).get("Messages"), "the dead letter")
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"]) == event
    assert attributes.pop("RequestID")
    assert attributes == {"ErrorCode": "200", "ErrorMessage": "no good ä"}


def test_with_a_seed_every_alias_repeats_its_own_sequence() -> None:
    def draws(seed: int | None, name: str) -> list[str]:
        alias = {
            "AliasArn": name,
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}},
        }
        chooser = VersionChooser(seed)
        return [chooser.choose(alias) for _ in range(50)]

    assert draws(7, "a") == draws(7, "a")
    assert draws(7, "a") != draws(7, "b")
    assert draws(7, "a") != draws(8, "a")
    assert draws(None, "a") != draws(None, "a")
