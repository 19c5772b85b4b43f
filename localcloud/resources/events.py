"""EventBridge rules and their targets."""

from typing import Any, ClassVar

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_DEFAULT_BUS = "default"


class EventRule(ResourceType):
    """``aws:cloudwatch/eventRule:EventRule``."""

    kind = "aws:cloudwatch/eventRule:EventRule"
    service = "events"
    honours = names("name description eventBusName eventPattern scheduleExpression roleArn state forceDestroy tags")
    replaces = names("name eventBusName")
    identity = ("eventBusName", "name")
    name_property = "name"
    documents = names("eventPattern")
    stable = names("arn name")
    defaults: ClassVar = {"eventBusName": _DEFAULT_BUS, "state": "ENABLED", "forceDestroy": False}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        bus, name = str(inputs["eventBusName"]), str(inputs["name"])
        return name if bus == _DEFAULT_BUS else f"{bus}/{name}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self._put(cloud, inputs, {"Tags": tags} if (tags := tag_list(inputs.get("tagsAll"))) else {})
        return self.identify(cloud, inputs)

    def _put(self, cloud: Cloud, inputs: Inputs, extra: dict[str, Any]) -> None:
        api = self.api(cloud)
        plain = "name description eventBusName eventPattern scheduleExpression roleArn state"
        api.put_rule(**shaped(api, "put_rule", inputs, plain), **extra)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        bus, name = _split(identifier)
        found = lookup(self.api(cloud).describe_rule, Name=name, EventBusName=bus)
        return found and {"name": name, "arn": found["Arn"], "state": found.get("State")}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if changed - {"tags", "tagsAll", "forceDestroy"}:
            self._put(cloud, inputs, {})
        bus, name = _split(identifier)
        path = name if bus == _DEFAULT_BUS else f"{bus}/{name}"
        arn = cloud.arn("events", f"rule/{path}")
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            lambda keys: api.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        bus, name = _split(identifier)
        lookup(self.api(cloud).delete_rule, Name=name, EventBusName=bus, Force=bool(state.get("forceDestroy")))


class EventTarget(PutType):
    """``aws:cloudwatch/eventTarget:EventTarget``."""

    kind = "aws:cloudwatch/eventTarget:EventTarget"
    service = "events"
    honours = names(
        "rule arn targetId eventBusName input inputPath inputTransformer roleArn deadLetterConfig retryPolicy sqsTarget"
    )
    replaces = names("rule targetId eventBusName")
    identity = ("eventBusName", "rule", "targetId")
    name_property = "targetId"
    documents = names("input")
    defaults: ClassVar = {"eventBusName": _DEFAULT_BUS}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        bus = "" if inputs["eventBusName"] == _DEFAULT_BUS else f"{inputs['eventBusName']}/"
        return f"{bus}{inputs['rule']}-{inputs['targetId']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        prepared = {name: inputs[name] for name in self.honours - self.replaces if inputs.get(name) is not None}
        target = {"id": inputs["targetId"]} | prepared
        renames = {
            "sqsTarget": "SqsParameters",
            "inputPaths": "InputPathsMap",
            "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        }
        sent = shaped(api, "put_targets", {"rule": inputs["rule"], "targets": [target]}, "rule targets", renames)
        answer = api.put_targets(EventBusName=inputs["eventBusName"], **sent)
        if answer.get("FailedEntryCount"):
            raise ResourceError(f"PutTargets: {answer['FailedEntries'][0].get('ErrorMessage')}")
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).list_targets_by_rule, Rule=state["rule"], EventBusName=state["eventBusName"])
        targets = found["Targets"] if found else []
        return next(({"arn": each["Arn"]} for each in targets if each["Id"] == state["targetId"]), None)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        rule = {"Rule": state["rule"], "EventBusName": state["eventBusName"]}
        lookup(self.api(cloud).remove_targets, Ids=[state["targetId"]], **rule)


def _split(identifier: str) -> tuple[str, str]:
    bus, _, name = identifier.rpartition("/")
    return bus or _DEFAULT_BUS, name
