"""SNS topics, their policies and subscriptions. A topic's id is its ARN."""

import json
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, attribute_text
from localcloud.resources.tagging import retag, tag_list

_TOPIC: Final = {
    "displayName": "DisplayName",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "fifoTopic": "FifoTopic",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
_SUBSCRIPTION: Final = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


class Topic(ResourceType):
    """``aws:sns/topic:Topic``."""

    kind = "aws:sns/topic:Topic"
    service = "sns"
    honours = frozenset(_TOPIC) | names("name tags")
    replaces = names("name fifoTopic")
    identity = ("name",)
    name_property = "name"
    documents = names("policy deliveryPolicy")
    stable = names("arn name")
    defaults: ClassVar = {"fifoTopic": False}

    @override
    def generated_name(self, logical: str, suffix: str, inputs: Inputs) -> str:
        return f"{logical.removesuffix('.fifo')}-{suffix}{'.fifo' if inputs.get('fifoTopic') else ''}"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return cloud.arn("sns", str(inputs["name"]))

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        attributes = _attributes(_TOPIC, inputs, frozenset(_TOPIC))
        if not inputs["fifoTopic"]:
            del attributes["FifoTopic"]  # SNS refuses FifoTopic=false together with a standard name
        tags = tag_list(inputs.get("tagsAll"))
        answer = self.api(cloud).create_topic(Name=inputs["name"], Attributes=attributes, Tags=tags)
        return str(answer["TopicArn"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_topic_attributes, TopicArn=identifier)
        return found and {
            "arn": identifier,
            "name": identifier.rsplit(":", 1)[-1],
            "owner": found["Attributes"].get("Owner", cloud.account),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        for name, value in _attributes(_TOPIC, inputs, changed - self.replaces).items():
            api.set_topic_attributes(TopicArn=identifier, AttributeName=name, AttributeValue=value)
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(ResourceArn=identifier, Tags=tag_list(tags)),
            lambda keys: api.untag_resource(ResourceArn=identifier, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_topic, TopicArn=identifier)


class TopicPolicy(ResourceType):
    """``aws:sns/topicPolicy:TopicPolicy``; deleting it leaves the policy that AWS gives every topic."""

    kind = "aws:sns/topicPolicy:TopicPolicy"
    service = "sns"
    honours = names("arn policy")
    replaces = names("arn")
    identity = ("arn",)
    documents = names("policy")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self._set(cloud, str(inputs["arn"]), str(inputs["policy"]))
        return str(inputs["arn"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_topic_attributes, TopicArn=identifier)
        return found and {"policy": found["Attributes"].get("Policy"), "owner": cloud.account}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self._set(cloud, identifier, str(inputs["policy"]))

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if self.read(cloud, identifier, state) is not None:
            self._set(cloud, identifier, _default_policy(cloud, identifier))

    def _set(self, cloud: Cloud, arn: str, policy: str) -> None:
        self.api(cloud).set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)


class TopicSubscription(ResourceType):
    """``aws:sns/topicSubscription:TopicSubscription``."""

    kind = "aws:sns/topicSubscription:TopicSubscription"
    service = "sns"
    honours = frozenset(_SUBSCRIPTION) | names(
        "topic protocol endpoint endpointAutoConfirms confirmationTimeoutInMinutes"
    )
    replaces = names("topic protocol endpoint")
    documents = names("filterPolicy deliveryPolicy redrivePolicy")
    defaults: ClassVar = {"rawMessageDelivery": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        answer = self.api(cloud).subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=_attributes(_SUBSCRIPTION, inputs, frozenset(_SUBSCRIPTION)),
            ReturnSubscriptionArn=True,
        )
        return str(answer["SubscriptionArn"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_subscription_attributes, SubscriptionArn=identifier)
        return found and {
            "arn": identifier,
            "ownerId": found["Attributes"].get("Owner", cloud.account),
            "pendingConfirmation": found["Attributes"].get("PendingConfirmation") == "true",
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        for name, value in _attributes(_SUBSCRIPTION, inputs, changed).items():
            api.set_subscription_attributes(SubscriptionArn=identifier, AttributeName=name, AttributeValue=value)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).unsubscribe, SubscriptionArn=identifier)


def _attributes(table: dict[str, str], inputs: Inputs, properties: frozenset[str]) -> dict[str, Any]:
    """SNS's text attributes; on an update, one that the program dropped is sent empty, which clears it."""
    attributes: dict[str, Any] = {}
    for name in sorted(properties & table.keys()):
        value = inputs.get(name)
        if value is not None:
            attributes[table[name]] = json.dumps(value) if isinstance(value, dict) else attribute_text(value)
        elif len(properties) < len(table):
            attributes[table[name]] = ""
    return attributes


def _default_policy(cloud: Cloud, arn: str) -> str:
    """What SNS gives a new topic: its own account may use it (SNS, Overview of managing access)."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes", "SNS:SetTopicAttributes"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": cloud.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
