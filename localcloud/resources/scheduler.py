"""EventBridge Scheduler: schedules and their groups."""

from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_DEFAULT_GROUP: Final = "default"


class Schedule(ResourceType):
    """``aws:scheduler/schedule:Schedule``."""

    kind = "aws:scheduler/schedule:Schedule"
    service = "scheduler"
    honours = names(
        "name groupName description scheduleExpression scheduleExpressionTimezone startDate endDate flexibleTimeWindow "
        "state target kmsKeyArn actionAfterCompletion"
    )
    replaces = names("name groupName")
    identity = ("groupName", "name")
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"groupName": _DEFAULT_GROUP, "state": "ENABLED", "scheduleExpressionTimezone": "UTC"}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"{inputs['groupName']}/{inputs['name']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.create_schedule(**self._sent(api, "create_schedule", inputs))
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_schedule, **_key(identifier))
        return found and {
            "name": found["Name"],
            "arn": found["Arn"],
            "scheduleExpression": found["ScheduleExpression"],
            "state": found["State"],
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        api.update_schedule(**self._sent(api, "update_schedule", inputs))

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_schedule, **_key(identifier))

    def _sent(self, api: Any, operation: str, inputs: Inputs) -> dict[str, Any]:  # noqa: ANN401 - boto3
        return shaped(api, operation, inputs, " ".join(self.honours), {"arn": "Arn"})


class ScheduleGroup(ResourceType):
    """``aws:scheduler/scheduleGroup:ScheduleGroup``."""

    kind = "aws:scheduler/scheduleGroup:ScheduleGroup"
    service = "scheduler"
    honours = names("name tags")
    replaces = names("name")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        tags = tag_list(inputs.get("tagsAll"))
        self.api(cloud).create_schedule_group(Name=inputs["name"], Tags=tags)
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_schedule_group, Name=identifier)
        return found and {"name": identifier, "arn": found["Arn"], "state": found["State"]}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api, arn = self.api(cloud), cloud.arn("scheduler", f"schedule-group/{identifier}")
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(ResourceArn=arn, Tags=tag_list(tags)),
            lambda keys: api.untag_resource(ResourceArn=arn, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_schedule_group, Name=identifier)


def _key(identifier: str) -> dict[str, str]:
    group, _, name = identifier.rpartition("/")
    return {"GroupName": group, "Name": name}
