"""`AlarmTopic`, `EventTopic` and `SpendingCap`: who hears of an alarm, of payments, and of money (A1, A8, A10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack import policies

if TYPE_CHECKING:
    from stack.naming import Place

ALERT_PERCENTS: Final = (50, 80, 100)
"""Shares of the cap at which actual spending is told; 100 % of the forecast is told too."""


class AlarmTopic(pulumi.ComponentResource):
    """The topic that every alarm and the budget publish to; a person subscribes by e-mail."""

    def __init__(
        self,
        place: Place,
        email: str | None,
        key_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:AlarmTopic", "alarm-topic", None, opts)
        self.name = place.name("topic", "alarms")
        topic = aws.sns.Topic(
            self.name,
            name=self.name,
            kms_master_key_id=key_arn,
            tags=place.tags("alarms"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.sns.TopicPolicy(
            place.name("policy", "alarm-topic"),
            arn=topic.arn,
            policy=policies.topic_policy(place, self.name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if email:
            aws.sns.TopicSubscription(
                place.name("subscription", "alarms"),
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})


class EventTopic(pulumi.ComponentResource):
    """A topic that the service tells of its own doings; without a policy, so that IAM alone says who may do what."""

    def __init__(
        self,
        place: Place,
        purpose: str,
        key_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:EventTopic", f"{purpose}-topic", None, opts)
        self.purpose = purpose
        self.name = place.name("topic", purpose)
        topic = aws.sns.Topic(
            self.name,
            name=self.name,
            kms_master_key_id=key_arn,
            tags=place.tags(purpose),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})


class SpendingCap(pulumi.ComponentResource):
    """A monthly budget over what carries this environment's tag. It tells; it does not switch anything off."""

    def __init__(
        self,
        place: Place,
        usd_a_month: int,
        topic_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:SpendingCap", "spending-cap", None, opts)
        name = place.name("budget", "monthly")

        def alert(percent: int, kind: str) -> aws.budgets.BudgetNotificationArgs:
            return aws.budgets.BudgetNotificationArgs(
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
                notification_type=kind,
                subscriber_sns_topic_arns=[topic_arn],
            )

        aws.budgets.Budget(
            name,
            name=name,
            budget_type="COST",
            limit_amount=str(usd_a_month),
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_filters=[
                aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:Environment${place.environment}"])
            ],
            notifications=[*(alert(percent, "ACTUAL") for percent in ALERT_PERCENTS), alert(100, "FORECASTED")],
            tags=place.tags("budget"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": name})
