"""SSM parameters. A parameter's id is its name."""

from typing import Any, ClassVar

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list


class Parameter(ResourceType):
    """``aws:ssm/parameter:Parameter``; the value of a SecureString stays secret in the engine's state."""

    kind = "aws:ssm/parameter:Parameter"
    service = "ssm"
    honours = names("name type value insecureValue description keyId tier allowedPattern dataType overwrite tags")
    replaces = names("name dataType")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"tier": "Standard", "dataType": "text", "overwrite": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.put_parameter(
            Value=_value(inputs),
            Overwrite=bool(inputs["overwrite"]),
            **shaped(api, "put_parameter", inputs, "name type description keyId tier allowedPattern dataType"),
        )
        if tags := tag_list(inputs.get("tagsAll")):
            api.add_tags_to_resource(ResourceType="Parameter", ResourceId=inputs["name"], Tags=tags)
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_parameter, Name=identifier, WithDecryption=True)
        if found is None:
            return None
        parameter = found["Parameter"]
        value = "insecureValue" if state.get("insecureValue") is not None else "value"
        return {
            "name": identifier,
            "arn": cloud.arn("ssm", f"parameter/{identifier.removeprefix('/')}"),
            "type": parameter["Type"],
            "version": parameter["Version"],
            value: parameter["Value"],
        }

    @override
    def volatile(self, changed: frozenset[str]) -> frozenset[str]:
        return frozenset() if changed <= {"tags", "tagsAll"} else names("version")

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if changed - {"tags", "tagsAll", "overwrite"}:
            plain = "name type description keyId tier allowedPattern"
            api.put_parameter(Value=_value(inputs), Overwrite=True, **shaped(api, "put_parameter", inputs, plain))
        target: dict[str, Any] = {"ResourceType": "Parameter", "ResourceId": identifier}
        retag(
            inputs,
            old,
            lambda tags: api.add_tags_to_resource(**target, Tags=tag_list(tags)),
            lambda keys: api.remove_tags_from_resource(**target, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_parameter, Name=identifier)


def _value(inputs: Inputs) -> str:
    value = inputs.get("value", inputs.get("insecureValue"))
    if value is None:
        raise ResourceError(f"parameter {inputs['name']}: neither value nor insecureValue is given")
    return str(value)
