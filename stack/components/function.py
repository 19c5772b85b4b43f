"""`Function`: a Lambda function with a role, log group and dead-letter queue of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack import grants, policies
from stack.alarms import Alarms, queue_watches
from stack.components.role import RoleArgs, declare_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stack.naming import Place

DEAD_LETTER_SECONDS: Final = 14 * 24 * 3600
"""The longest retention that SQS has (A1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArgs:
    """One function. Every change of its bundle or configuration yields a new version, and nothing else does."""

    place: Place
    purpose: str
    handler: str
    bundle: Path
    """A zip file."""
    runtime: str
    architecture: str
    memory_mb: int
    timeout_seconds: int
    log_retention_days: int
    reserved_concurrency: int | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    key_arn: pulumi.Input[str] | None = None
    """The key of the data that it handles; None where that is AWS's own."""
    layers: Sequence[pulumi.Input[str]] = ()
    alarm_actions: Sequence[pulumi.Input[str]] = ()


class Function(pulumi.ComponentResource):
    """The function and what it cannot work without; the log group and the rights exist before it."""

    is_published = False
    """Whether every change is published as a version."""

    def __init__(self, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"bluegreen:stack:{type(self).__name__}", args.purpose, None, opts)
        self.name = args.place.name("function", args.purpose)
        self.arn = args.place.function_arn(self.name)
        self.purpose = args.purpose
        self.bundle = args.bundle
        self._args = args
        self._tags = args.place.tags(args.purpose)
        self.log_group = self._log_group()
        self.dead_letter_name = args.place.name("queue", f"{args.purpose}-dead")
        self.dead_letter_queue = self._dead_letter_queue()
        self.role, policy = self._role()
        self.function = self._function(depends_on=[self.log_group, policy])
        self.version = self.function.version
        self._finish()

    def _finish(self) -> None:
        """Adds what a more special function has, and registers the outputs."""
        self.register_outputs(self._outputs())

    def _outputs(self) -> dict[str, pulumi.Input[str]]:
        return {
            "name": self.name,
            "arn": self.arn,
            "version": self.version,
            "roleArn": self.role.arn,
            "deadLetterQueue": self.dead_letter_queue.url,
            "logGroup": self.log_group.name,
        }

    def _inside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._args.place.name("logs", self.purpose),
            name=f"/aws/lambda/{self.name}",
            retention_in_days=self._args.log_retention_days,
            tags=self._tags,
            opts=self._inside(),
        )

    def _dead_letter_queue(self) -> aws.sqs.Queue:
        name = self.dead_letter_name
        queue = aws.sqs.Queue(
            name,
            name=name,
            message_retention_seconds=DEAD_LETTER_SECONDS,
            kms_master_key_id=self._args.key_arn,
            sqs_managed_sse_enabled=None if self._args.key_arn else True,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.place.protects(name)),
        )
        alarms = Alarms(place=self._args.place, component=self.purpose, parent=self, actions=self._args.alarm_actions)
        for watch in queue_watches(f"{self.purpose}-dead", name):
            alarms.on(watch)
        return queue

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        args = RoleArgs(
            place=self._args.place,
            purpose=self.purpose,
            component=self.purpose,
            trust=policies.function_trust(),
            grants=grants.of_function(self._args.place, self.purpose),
            key_arn=self._args.key_arn,
        )
        return declare_role(args, self)

    def _function(self, depends_on: Sequence[pulumi.Resource]) -> aws.lambda_.Function:
        args = self._args
        return aws.lambda_.Function(
            self.name,
            name=self.name,
            role=self.role.arn,
            runtime=args.runtime,
            architectures=[args.architecture],
            handler=args.handler,
            code=pulumi.FileArchive(str(args.bundle)),
            layers=list(args.layers) or None,
            memory_size=args.memory_mb,
            timeout=args.timeout_seconds,
            reserved_concurrent_executions=args.reserved_concurrency,
            publish=self.is_published,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={"DEAD_LETTER_QUEUE_URL": self.dead_letter_queue.url, **args.environment}
            ),
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=self.dead_letter_queue.arn),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(depends_on)),
        )
