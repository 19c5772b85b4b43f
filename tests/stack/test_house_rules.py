import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stack import house_rules
from tests.stack.recording import Graph, Registered

Rule = Callable[[Graph], list[str]]


def rule_name(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", house_rules.RULES, ids=rule_name)
def test_every_environment_obeys_the_house_rules(graph: Graph, rule: Rule) -> None:
    assert rule(graph) == []


def lone(kind: str, name: str = "table-x-dev", /, *, protected: bool = False, **inputs: Any) -> Graph:  # noqa: ANN401
    resource = Registered(
        kind=kind,
        takes_tags=True,
        name=name,
        inputs=inputs,
        ignored=(),
        protected=protected,
        depends_on=frozenset(),
        parent="",
        urn="",
    )
    return Graph(resources=[resource])


def policy(action: str, resource: str) -> str:
    return json.dumps({"Statement": [{"Sid": "S", "Effect": "Allow", "Action": [action], "Resource": [resource]}]})


ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"

QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:queue-x-dev"
OURS = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
ROOT = "arn:aws:iam::123456789012:root"


def trusting(principal: object, action: str = "sqs:SendMessage", resource: str = QUEUE_ARN, **more: object) -> str:
    statement = {"Sid": "S", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return json.dumps({"Statement": [statement | more]})


def loose(policy: str, kind: str = "aws:sqs/queuePolicy:QueuePolicy") -> tuple[Rule, Graph]:
    return house_rules.loose_resource_policies, lone(kind, policy=policy)


EVENTS = {"Service": "events.amazonaws.com"}
FED = Graph(
    resources=[
        *lone("aws:sqs/queue:Queue", "queue-x-dev", name="queue-x-dev").resources,
        *lone("aws:lambda/eventSourceMapping:EventSourceMapping", eventSourceArn=QUEUE_ARN).resources,
    ]
)

BAD: list[tuple[Rule, Graph]] = [
    (house_rules.untagged, lone("aws:sqs/queue:Queue", tags={"Project": "p"})),
    (house_rules.oddly_named, lone("aws:sqs/queue:Queue", "MyQueue")),
    (house_rules.logs_kept_too_long, lone("aws:cloudwatch/logGroup:LogGroup", name="/aws/lambda/f")),
    (house_rules.unencrypted, lone("aws:s3/bucket:Bucket", bucket="b")),
    (house_rules.unencrypted, lone("aws:dynamodb/table:Table", serverSideEncryption={"enabled": True})),
    (house_rules.unencrypted, lone("aws:sqs/queue:Queue", sqsManagedSseEnabled=True)),
    (house_rules.unencrypted, lone("aws:sns/topic:Topic")),
    (house_rules.unencrypted, lone("aws:backup/vault:Vault")),
    (house_rules.unencrypted, lone("aws:ssm/parameter:Parameter", type="SecureString")),
    (house_rules.public, lone("aws:s3/bucket:Bucket", bucket="b")),
    (house_rules.public, lone("aws:lambda/functionUrl:FunctionUrl")),
    (house_rules.public, lone("aws:lambda/permission:Permission", principal="apigateway.amazonaws.com")),
    (house_rules.public, lone("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=True)),
    (
        house_rules.public,
        lone("aws:sns/topicPolicy:TopicPolicy", policy='{"Statement":[{"Sid":"S","Effect":"Allow","Principal":"*"}]}'),
    ),
    (house_rules.too_wide, lone(ROLE_POLICY, policy=policy("*", "*"))),
    (house_rules.too_wide, lone(ROLE_POLICY, policy=policy("dynamodb:*", TABLE_ARN))),
    (house_rules.too_wide, lone(ROLE_POLICY, policy=policy("dynamodb:GetItem", "*"))),
    (house_rules.too_wide, lone(ROLE_POLICY, policy=policy("sqs:SendMessage", TABLE_ARN))),
    (house_rules.too_wide, lone("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn="AdministratorAccess")),
    loose(trusting(EVENTS)),
    loose(trusting(EVENTS, Condition={"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}})),
    loose(trusting({"AWS": "arn:aws:iam::999999999999:root"}, Condition=OURS)),
    loose(trusting("*", Condition=OURS)),
    loose(trusting(EVENTS, "sqs:*", Condition=OURS)),
    loose(trusting(EVENTS, resource="*", Condition=OURS)),
    loose(trusting(EVENTS, resource=TABLE_ARN, Condition=OURS)),
    loose(trusting({"AWS": ROOT}, "sns:*", "*"), "aws:sns/topicPolicy:TopicPolicy"),
    loose(trusting({"Service": "s3.amazonaws.com"}, "kms:Decrypt", "*"), "aws:kms/key:Key"),
    (
        house_rules.loose_resource_policies,
        lone("aws:iam/role:Role", assumeRolePolicy=trusting({"Service": "backup.amazonaws.com"}, "sts:AssumeRole")),
    ),
    (house_rules.without_dead_letters, lone("aws:lambda/function:Function")),
    (house_rules.without_dead_letters, FED),
    (
        house_rules.without_dead_letters,
        lone("aws:sqs/queue:Queue", "queue-x-dead-dev", messageRetentionSeconds=345_600),
    ),
    (house_rules.without_dead_letters, lone("aws:cloudwatch/eventTarget:EventTarget", targetId="controller")),
    (house_rules.unprotected_data, lone("aws:dynamodb/table:Table")),
    (house_rules.unversioned_buckets, lone("aws:s3/bucket:Bucket", bucket="b")),
    (house_rules.silent_alarms, lone("aws:cloudwatch/metricAlarm:MetricAlarm", alarmActions=[])),
    (house_rules.silent_alarms, lone("aws:cloudwatch/compositeAlarm:CompositeAlarm")),
]


@pytest.mark.parametrize(("rule", "graph"), BAD, ids=[rule.__name__ for rule, _ in BAD])
def test_each_house_rule_fails_on_a_bad_example(rule: Rule, graph: Graph) -> None:
    assert rule(graph) != []


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("aws:sqs/queuePolicy:QueuePolicy", trusting(EVENTS, Condition=OURS)),
        ("aws:kms/key:Key", trusting({"AWS": ROOT}, "kms:*", "*")),
    ],
)
def test_a_policy_that_is_bound_to_this_account_is_not_loose(kind: str, policy: str) -> None:
    assert house_rules.loose_resource_policies(lone(kind, policy=policy)) == []


def test_every_house_rule_has_a_bad_example() -> None:
    assert {rule for rule, _ in BAD} == set(house_rules.RULES)
