"""An applied environment as its checks see it: questions to boto3, and their answers, which a test may remember."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from localcloud.running import RunningCloud
    from stack.inventory import Inventory
    from stack.naming import Place
    from stack.settings import Settings

Answer = dict[str, Any]
THE_STACK = "stack"
"""What is asked of the deployment itself, not of AWS."""


class Ask(Protocol):
    """Asks a service for something: the whole answer, all of its pages."""

    def __call__(self, service: str, operation: str, **arguments: object) -> Answer: ...


def asking(cloud: RunningCloud, stack: Mapping[str, Callable[[], Answer]]) -> Ask:
    """Asks the cloud through boto3, and the deployment by those functions."""

    def ask(service: str, operation: str, **arguments: object) -> Answer:
        if service == THE_STACK:
            return stack[operation]()
        client = cloud.client(service)
        if client.can_paginate(operation):
            whole: Answer = client.get_paginator(operation).paginate(**arguments).build_full_result()
            return whole
        answer: Answer = getattr(client, operation)(**arguments)
        return answer

    return ask


@dataclass(frozen=True, slots=True)
class Remembering:
    """Asks for everything once; what was answered, or refused, is answered so again."""

    ask: Ask
    known: dict[str, Answer | ClientError] = field(default_factory=dict)

    def __call__(self, service: str, operation: str, **arguments: object) -> Answer:
        question = json.dumps([service, operation, arguments], sort_keys=True)
        if question not in self.known:
            try:
                self.known[question] = self.ask(service, operation, **arguments)
            except ClientError as refused:
                self.known[question] = refused
        answer = self.known[question]
        if isinstance(answer, ClientError):
            raise answer
        return deepcopy(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One environment on the embedded cloud."""

    ask: Ask
    settings: Settings
    place: Place
    inventory: Inventory | None

    def name(self, kind: str, purpose: str) -> str:
        return self.place.name(kind, purpose)

    @property
    def outputs(self) -> Answer:
        return self.ask(THE_STACK, "outputs")

    @property
    def key_arn(self) -> str:
        """The environment's data key, by its alias."""
        aliases = self.ask("kms", "list_aliases")["Aliases"]
        (key,) = (each["TargetKeyId"] for each in aliases if each["AliasName"] == f"alias/{self.name('key', 'data')}")
        return self.place.arn("kms", f"key/{key}")

    @property
    def api_id(self) -> str:
        (found,) = (
            str(each["id"])
            for each in self.ask("apigateway", "get_rest_apis")["items"]
            if each["name"] == self.name("api", "payments")
        )
        return found

    def stage(self, name: str) -> Answer:
        return self.ask("apigateway", "get_stage", restApiId=self.api_id, stageName=name)

    def configuration(self, purpose: str, **qualifier: str) -> Answer:
        return self.ask(
            "lambda", "get_function_configuration", FunctionName=self.name("function", purpose), **qualifier
        )

    def variables(self, purpose: str) -> dict[str, str]:
        found: dict[str, str] = self.configuration(purpose)["Environment"]["Variables"]
        return found

    def concurrency(self, purpose: str) -> int | None:
        found = self.ask("lambda", "get_function_concurrency", FunctionName=self.name("function", purpose))
        return found.get("ReservedConcurrentExecutions")

    def permissions(self, purpose: str, **qualifier: str) -> list[Answer]:
        """The statements of a function's, or an alias's, resource policy."""
        try:
            found = self.ask("lambda", "get_policy", FunctionName=self.name("function", purpose), **qualifier)
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return []
        statements: list[Answer] = json.loads(found["Policy"])["Statement"]
        return statements

    def table(self, purpose: str) -> Answer:
        described = self.ask("dynamodb", "describe_table", TableName=self.name("table", purpose))
        table: Answer = described["Table"]
        return table

    def alarms(self) -> dict[str, Answer]:
        """The environment's metric alarms, by purpose."""
        found = self.ask("cloudwatch", "describe_alarms", AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        prefix, ending = "alarm-", f"-{self.place.environment}"
        return {each["AlarmName"].removeprefix(prefix).removesuffix(ending): each for each in found}

    def queue(self, name: str) -> dict[str, str]:
        url = self.ask("sqs", "get_queue_url", QueueName=name)["QueueUrl"]
        attributes: dict[str, str] = self.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        return attributes

    def role_statements(self) -> dict[str, list[Answer]]:
        """Role -> the statements of its one inline policy; a role with another number of policies is an error."""
        found = {}
        for role in self.ask("iam", "list_roles")["Roles"]:
            (policy,) = self.ask("iam", "list_role_policies", RoleName=role["RoleName"])["PolicyNames"]
            document = self.ask("iam", "get_role_policy", RoleName=role["RoleName"], PolicyName=policy)[
                "PolicyDocument"
            ]
            loaded = json.loads(document) if isinstance(document, str) else document
            found[str(role["RoleName"])] = loaded["Statement"]
        return found


Look = Callable[[Deployed], bool]


def is_held(look: Look, seen: Deployed) -> bool:
    """Whether what a requirement asks is there; what is missing or of another form than expected is not."""
    try:
        return look(seen)
    except (ClientError, LookupError, ValueError, TypeError):
        return False
