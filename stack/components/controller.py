"""`RolloutController`: the release controller inside AWS, woken each minute and by every alarm that goes off (T6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from canary.schema import GUARD_ALARM_PREFIX
from stack import grants, policies
from stack.components.function import Function, FunctionArgs
from stack.components.role import RoleArgs, declare_role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stack.naming import Place

HANDLER: Final = "canary.lambda_handler.handler"
TIMEOUT_SECONDS: Final = 90
"""A minute of ticks, and time for the last one to finish a rollback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutControllerArgs:
    """What the controller may release, and what wakes it."""

    place: Place
    bundle: Path
    runtime: str
    architecture: str
    log_retention_days: int
    store: str
    """The table of rollouts."""
    alarms: Sequence[pulumi.Input[str]]
    """Alarms that guard every release, beside those that the controller makes itself."""
    key_arn: pulumi.Input[str] | None = None
    alarm_actions: Sequence[pulumi.Input[str]] = ()


EVENT_AGE_SECONDS: Final = 300
EVENT_RETRIES: Final = 10
"""How long EventBridge tries to deliver (60..86,400 s, 0..185 tries): five more ticks come meanwhile."""

RESERVED_CONCURRENCY: Final = 5
"""The schedule's call, alarms that go off at the same moment, and a watchdog's: a candidate that uses the account's
concurrency up must not stop its own rollback."""


class RolloutController(pulumi.ComponentResource):
    """The function, its two rules, and a role for watchdogs that can only roll back."""

    def __init__(self, args: RolloutControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:RolloutController", grants.CONTROLLER, None, opts)
        self._args = args
        self.function = self._function()
        kept = self._keep_undelivered()
        self._wake("tick", "Looks at every open rollout, each minute.", kept, schedule="rate(1 minute)")
        self._wake("alarm", "Rolls back at once when a guard goes off.", kept, pattern=self._guards())
        abort_role = self._abort_role()
        self.register_outputs({"functionArn": self.function.arn, "abortRoleArn": abort_role.arn})

    def _function(self) -> Function:
        args, place = self._args, self._args.place
        return Function(
            FunctionArgs(
                place=place,
                purpose=grants.CONTROLLER,
                handler=HANDLER,
                bundle=args.bundle,
                runtime=args.runtime,
                architecture=args.architecture,
                memory_mb=512,
                timeout_seconds=TIMEOUT_SECONDS,
                reserved_concurrency=RESERVED_CONCURRENCY,
                log_retention_days=args.log_retention_days,
                environment={"ENVIRONMENT": place.environment, "CANARY_STORE": args.store},
                key_arn=args.key_arn,
                alarm_actions=args.alarm_actions,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _guards(self) -> pulumi.Output[str]:
        names = [{"prefix": GUARD_ALARM_PREFIX}, *self._args.alarms]
        return pulumi.Output.json_dumps(
            {
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm State Change"],
                "detail": {"alarmName": names, "state": {"value": ["ALARM"]}},
            }
        )

    def _keep_undelivered(self) -> aws.sqs.QueuePolicy:
        """Lets the rules leave events that the function did not take in its dead-letter queue, which has an alarm."""
        place, queue = self._args.place, self.function.dead_letter_queue
        return aws.sqs.QueuePolicy(
            place.name("policy", f"{grants.CONTROLLER}-dead"),
            queue_url=queue.url,
            policy=policies.undelivered_events(
                place, queue=self.function.dead_letter_name, rules=[self._rule_name(each) for each in grants.WAKERS]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _rule_name(self, purpose: str) -> str:
        return self._args.place.name("rule", f"rollout-{purpose}")

    def _wake(
        self,
        purpose: str,
        description: str,
        kept: aws.sqs.QueuePolicy,
        *,
        schedule: str | None = None,
        pattern: pulumi.Input[str] | None = None,
    ) -> None:
        place, name = self._args.place, self._rule_name(purpose)
        rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description=description,
            schedule_expression=schedule,
            event_pattern=pattern,
            tags=place.tags(grants.CONTROLLER),
            opts=pulumi.ResourceOptions(parent=self),
        )
        permission = aws.lambda_.Permission(
            place.name("permission", f"rollout-{purpose}"),
            statement_id=f"rollout-{purpose}",
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            function=self.function.function.name,
            source_arn=rule.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.EventTarget(
            place.name("target", f"rollout-{purpose}"),
            rule=rule.name,
            target_id="controller",
            arn=self.function.function.arn,
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self.function.dead_letter_queue.arn),
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=EVENT_AGE_SECONDS, maximum_retry_attempts=EVENT_RETRIES
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, kept]),
        )

    def _abort_role(self) -> aws.iam.Role:
        """A role for watchdogs; what it may do is in `grants.of_abort`."""
        place = self._args.place
        args = RoleArgs(
            place=place,
            purpose="rollout-abort",
            component=grants.CONTROLLER,
            trust=policies.account_trust(place.account),
            grants=grants.of_abort(place),
        )
        role, _ = declare_role(args, self)
        return role
