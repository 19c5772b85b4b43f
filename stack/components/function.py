"""`BlueGreenFunction`: a function that is released by version only, behind the aliases ``live`` and ``preview``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS
from stack import policies
from stack.alarms import Alarms, function_watches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stack.naming import Place

DEAD_LETTER_SECONDS: Final = 14 * 24 * 3600
"""The longest retention that SQS has (A1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAlarms:
    """What a function's alarms watch beside its error rate."""

    errors: int
    """Errors in one minute."""
    throttles: int
    """Throttled calls in one minute."""
    answers_people: bool
    """Whether somebody waits for the answer, so that the p99 limit applies."""
    actions: Sequence[pulumi.Input[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreenFunctionArgs:
    """One function of the service."""

    place: Place
    purpose: str
    handler: str
    bundle: Path
    """A zip file; every change of it yields a new version, and so does every change of the configuration."""
    runtime: str
    architecture: str
    memory_mb: int
    timeout_seconds: int
    log_retention_days: int
    alarms: FunctionAlarms
    reserved_concurrency: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    may: Sequence[policies.Statement] = ()
    """What this function may do beyond logging, tracing and its dead-letter queue."""
    layers: Sequence[pulumi.Input[str]] = ()


class BlueGreenFunction(pulumi.ComponentResource):
    """A published function, its aliases, role, log group, dead-letter queue and alarms.

    The aliases are created on the first version; after that the release controller alone moves them. Every other input
    of theirs is constant, because an update of one input would send the recorded routing along.
    """

    def __init__(self, args: BlueGreenFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:BlueGreenFunction", args.purpose, None, opts)
        self.name = args.place.name("function", args.purpose)
        self.arn = args.place.function_arn(self.name)
        self._args = args
        self._tags = args.place.tags(args.purpose)
        self.log_group = self._log_group()
        self.dead_letter_queue = self._dead_letter_queue()
        self.role, grants = self._role()
        self.function = self._function(depends_on=[self.log_group, grants])
        self.live = self._alias(LIVE_ALIAS, "What production calls. Moved by the release controller alone.")
        self.preview = self._alias(PREVIEW_ALIAS, "The candidate, without production traffic.")
        self.error_rate_alarm = self._watch()
        self.version = self.function.version
        self.register_outputs(
            {
                "name": self.name,
                "arn": self.arn,
                "version": self.version,
                "liveArn": self.live.arn,
                "previewArn": self.preview.arn,
                "roleArn": self.role.arn,
                "deadLetterQueue": self.dead_letter_queue.url,
                "logGroup": self.log_group.name,
            }
        )

    def _inside(self, **more: object) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), pulumi.ResourceOptions(**more))  # type: ignore[arg-type]

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._args.place.name("logs", self._args.purpose),
            name=f"/aws/lambda/{self.name}",
            retention_in_days=self._args.log_retention_days,
            tags=self._tags,
            opts=self._inside(),
        )

    def _dead_letter_queue(self) -> aws.sqs.Queue:
        queue = self._args.place.name("queue", f"{self._args.purpose}-dead")
        return aws.sqs.Queue(
            queue,
            name=queue,
            message_retention_seconds=DEAD_LETTER_SECONDS,
            sqs_managed_sse_enabled=True,
            tags=self._tags,
            opts=self._inside(),
        )

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        place, purpose = self._args.place, self._args.purpose
        role = aws.iam.Role(
            place.name("role", purpose),
            name=place.name("role", purpose),
            assume_role_policy=policies.function_trust(),
            tags=self._tags,
            opts=self._inside(),
        )
        base = policies.function_base(
            place, log_group=f"/aws/lambda/{self.name}", dead_letter_queue=place.name("queue", f"{purpose}-dead")
        )
        grants = aws.iam.RolePolicy(
            place.name("policy", purpose),
            name=place.name("policy", purpose),
            role=role.name,
            policy=policies.document([*base, *self._args.may]),
            opts=self._inside(),
        )
        return role, grants

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
            publish=True,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=self.dead_letter_queue.arn),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            tags=self._tags,
            opts=self._inside(depends_on=list(depends_on)),
        )

    def _alias(self, alias: str, description: str) -> aws.lambda_.Alias:
        return aws.lambda_.Alias(
            self._args.place.name("alias", f"{self._args.purpose}-{alias}"),
            name=alias,
            description=description,
            function_name=self.function.name,
            function_version=self.function.version,
            opts=self._inside(ignore_changes=["functionVersion", "routingConfig"]),
        )

    def _watch(self) -> aws.cloudwatch.MetricAlarm:
        args = self._args
        live = {"FunctionName": self.name, "Resource": f"{self.name}:{LIVE_ALIAS}"}
        alarms = Alarms(place=args.place, component=args.purpose, parent=self, actions=args.alarms.actions)
        for watch in function_watches(
            args.purpose,
            live,
            timeout_seconds=args.timeout_seconds,
            errors=args.alarms.errors,
            throttles=args.alarms.throttles,
            answers_people=args.alarms.answers_people,
        ):
            alarms.on(watch)
        return alarms.on_error_rate(f"{args.purpose}-error-rate", f"over 1 % of calls of {self.name} fail", live)
