"""What the tests under enforced IAM policies share: clients of a role, a user with given rights, a release to open."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from canary.core.capacity import Capacity
from canary.core.destination import Destination, Medium
from canary.core.facts import Right
from canary.core.judge import JudgeSettings
from canary.core.model import AliasName, FunctionName, RolloutId, Version, Weight
from canary.core.plan import canary_strategy
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import Rollout
from canary.opening import open_rollout, plan_rollout
from canary.ports import World
from canary.wiring import connect_clients, wire
from localcloud.running import RunningCloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY
from stack.naming import Place

PLACE = Place(
    environment="dev", account="000000000000", region="us-east-1", cost_centre="c", data_classification="internal"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Makes clients with the rights of one role."""

    cloud: RunningCloud
    given: Mapping[str, str]

    def __call__(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3's
        session = boto3.Session(self.given["AccessKeyId"], self.given["SecretAccessKey"], self.given["SessionToken"])
        return session.client(service, endpoint_url=self.cloud.endpoint, region_name=region)  # type: ignore[call-overload]

    def variables(self) -> dict[str, str]:
        """What lets a process act as the role."""
        return {
            "AWS_ACCESS_KEY_ID": self.given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self.given["SessionToken"],
        }


def is_denied(act: Callable[..., Any], **arguments: object) -> bool:
    try:
        act(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return False


FUNCTION, STORE, TOPIC = "function-payment-processor-dev", "table-rollouts-dev", PLACE.arn("sns", "topic-alarms-dev")


def a_candidate(cloud: RunningCloud) -> str:
    """A version newer than the one that live serves."""
    functions = cloud.client("lambda")
    functions.update_function_configuration(FunctionName=FUNCTION, Description=uuid4().hex)
    return functions.publish_version(FunctionName=FUNCTION)["Version"]


def a_user(cloud: RunningCloud, rights: Sequence[Right]) -> dict[str, str]:
    """The variables of somebody who may do just this, whatever the version and the guard are called."""
    statements = [
        {
            "Effect": "Allow",
            "Action": right.action,
            "Resource": re.sub(r"(:function:[^:]+:)1$", r"\1*", right.resource).replace("bg-guard-any", "bg-guard-*"),
        }
        for right in rights
    ]
    identities, name = cloud.client("iam"), f"amy-{uuid4().hex[:8]}"
    identities.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    identities.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = identities.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def opened_by_an_engineer(cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """A rollout to a new candidate, opened by somebody who may."""
    for name, value in {
        "ENDPOINT_URL": cloud.endpoint,
        "ACCESS_KEY_ID": ACCESS_KEY,
        "SECRET_ACCESS_KEY": SECRET_KEY,
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    return opened(asked_for(a_candidate(cloud)), wire(connect_clients(PLACE.region), STORE).world)


def asked_for(candidate: str, capacity: Capacity | None = None) -> ReleaseRequest:
    """10 % for an hour, told to the topic of alarms."""
    target = TargetRequest(
        function=FunctionName(FUNCTION),
        alias=AliasName("live"),
        preview_alias=AliasName("preview"),
        candidate=Version(candidate),
    )
    return ReleaseRequest(
        targets=(target,),
        strategy=canary_strategy(Weight.percent(10), timedelta(hours=1)),
        judge=JudgeSettings(),
        notify=(Destination(medium=Medium.SNS, name=TOPIC),),
        by="engineer",
        capacity=capacity,
    )


def opened(request: ReleaseRequest, world: World) -> Rollout:
    """The rollout that a request opens."""
    rollout_id = RolloutId(f"r-{uuid4().hex[:8]}")
    planned = plan_rollout(request, world.router, world.metrics, world.clock, rollout_id)
    return open_rollout(planned, request, world.alarms, world.store, notifier=world.notifier, orders=world.orders)


def listening(cloud: RunningCloud) -> Callable[[], list[str]]:
    """What comes to the topic from now on, by the kinds of notice."""
    queues = cloud.client("sqs")
    url = queues.create_queue(QueueName=f"heard-{uuid4().hex[:8]}")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_it_in = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_it_in]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)

    def heard() -> list[str]:
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        told = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
        return [notice["kind"] for notice in sorted(told, key=lambda notice: notice["at"])]

    return heard
