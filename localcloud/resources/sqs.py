"""SQS queues and their policies. A queue's id is its URL."""

import json
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, attribute_text
from localcloud.resources.tagging import retag

_ATTRIBUTES: Final = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "delaySeconds": "DelaySeconds",
    "maxMessageSize": "MaximumMessageSize",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "policy": "Policy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "fifoQueue": "FifoQueue",
}
_NUMBERS: Final = names(
    "visibilityTimeoutSeconds messageRetentionSeconds delaySeconds maxMessageSize receiveWaitTimeSeconds"
)
_TEXTS: Final = names("policy redrivePolicy redriveAllowPolicy kmsMasterKeyId")


class Queue(ResourceType):
    """``aws:sqs/queue:Queue``, standard or FIFO."""

    kind = "aws:sqs/queue:Queue"
    service = "sqs"
    honours = names("name tags") | frozenset(_ATTRIBUTES)
    replaces = names("name fifoQueue")
    identity = ("name",)
    name_property = "name"
    documents = names("policy redrivePolicy redriveAllowPolicy")
    stable = names("arn url name")
    defaults: ClassVar = {
        "visibilityTimeoutSeconds": 30,
        "messageRetentionSeconds": 345_600,
        "delaySeconds": 0,
        "receiveWaitTimeSeconds": 0,
        "fifoQueue": False,
    }

    @override
    def generated_name(self, logical: str, suffix: str, inputs: Inputs) -> str:
        return f"{logical.removesuffix('.fifo')}-{suffix}{'.fifo' if inputs.get('fifoQueue') else ''}"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str | None:
        found = lookup(self.api(cloud).get_queue_url, QueueName=inputs["name"])
        return str(found["QueueUrl"]) if found else None

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        attributes = _attributes(inputs, frozenset(_ATTRIBUTES))
        if not inputs["fifoQueue"]:
            del attributes["FifoQueue"]  # SQS refuses FifoQueue=false
        tags = dict(inputs.get("tagsAll") or {})
        answer = self.api(cloud).create_queue(QueueName=inputs["name"], Attributes=attributes, tags=tags)
        return str(answer["QueueUrl"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_queue_attributes, QueueUrl=identifier, AttributeNames=["All"])
        if found is None:
            return None
        live = found["Attributes"]
        numbers = {name: int(live[_ATTRIBUTES[name]]) for name in _NUMBERS if _ATTRIBUTES[name] in live}
        texts = {name: live[_ATTRIBUTES[name]] for name in _TEXTS & state.keys() if live.get(_ATTRIBUTES[name])}
        return {"arn": live["QueueArn"], "url": identifier, "name": live["QueueArn"].split(":")[-1]} | numbers | texts

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if attributes := _attributes(inputs, changed - self.replaces):
            api.set_queue_attributes(QueueUrl=identifier, Attributes=attributes)
        retag(
            inputs,
            old,
            lambda tags: api.tag_queue(QueueUrl=identifier, Tags=tags),
            lambda keys: api.untag_queue(QueueUrl=identifier, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_queue, QueueUrl=identifier)


class _QueueAttribute(PutType):
    """One attribute of a queue as a resource of its own; its id is the queue's URL."""

    service = "sqs"
    property: ClassVar[str]
    identity = ("queueUrl",)

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self.api(cloud).set_queue_attributes(
            QueueUrl=inputs["queueUrl"], Attributes=_attributes(inputs, frozenset({self.property}))
        )
        return str(inputs["queueUrl"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        name = _ATTRIBUTES[self.property]
        found = lookup(self.api(cloud).get_queue_attributes, QueueUrl=identifier, AttributeNames=[name])
        text = (found or {}).get("Attributes", {}).get(name)
        return {self.property: text} if text else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        cleared = {_ATTRIBUTES[self.property]: ""}
        lookup(self.api(cloud).set_queue_attributes, QueueUrl=identifier, Attributes=cleared)


class QueuePolicy(_QueueAttribute):
    """``aws:sqs/queuePolicy:QueuePolicy``."""

    kind = "aws:sqs/queuePolicy:QueuePolicy"
    property = "policy"
    honours = names("queueUrl policy")
    documents = names("policy")
    replaces = names("queueUrl")


class RedrivePolicy(_QueueAttribute):
    """``aws:sqs/redrivePolicy:RedrivePolicy``."""

    kind = "aws:sqs/redrivePolicy:RedrivePolicy"
    property = "redrivePolicy"
    honours = names("queueUrl redrivePolicy")
    documents = names("redrivePolicy")
    replaces = names("queueUrl")


class RedriveAllowPolicy(_QueueAttribute):
    """``aws:sqs/redriveAllowPolicy:RedriveAllowPolicy``."""

    kind = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    property = "redriveAllowPolicy"
    honours = names("queueUrl redriveAllowPolicy")
    documents = names("redriveAllowPolicy")
    replaces = names("queueUrl")


def _attributes(inputs: Inputs, properties: frozenset[str]) -> dict[str, Any]:
    """SQS's text attributes of these properties; one that the program dropped is sent empty, which clears it."""
    attributes: dict[str, Any] = {}
    for name in sorted(properties & _ATTRIBUTES.keys()):
        value = inputs.get(name)
        if isinstance(value, dict):
            attributes[_ATTRIBUTES[name]] = json.dumps(value)
        elif value is not None:
            attributes[_ATTRIBUTES[name]] = attribute_text(value)
        elif name in _TEXTS and len(properties) < len(_ATTRIBUTES):
            attributes[_ATTRIBUTES[name]] = ""
    return attributes
