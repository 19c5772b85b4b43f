"""KMS keys and their aliases."""

from typing import Any, ClassVar

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_DELETION_DAYS = 30


class Key(ResourceType):
    """``aws:kms/key:Key``; deleting schedules the deletion, and a key that waits for it is gone."""

    kind = "aws:kms/key:Key"
    service = "kms"
    honours = names(
        "description keyUsage customerMasterKeySpec policy multiRegion enableKeyRotation rotationPeriodInDays "
        "isEnabled deletionWindowInDays bypassPolicyLockoutSafetyCheck tags"
    )
    replaces = names("keyUsage customerMasterKeySpec multiRegion")
    documents = names("policy")
    defaults: ClassVar = {
        "keyUsage": "ENCRYPT_DECRYPT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "deletionWindowInDays": _DELETION_DAYS,
    }

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        plain = "description keyUsage customerMasterKeySpec policy multiRegion bypassPolicyLockoutSafetyCheck"
        sent = shaped(api, "create_key", inputs, plain, {"customerMasterKeySpec": "KeySpec"})
        tags = tag_list(inputs.get("tagsAll"), "TagKey", "TagValue")
        identifier = str(api.create_key(Tags=tags, **sent)["KeyMetadata"]["KeyId"])
        _rotate(api, identifier, inputs)
        if not inputs["isEnabled"]:
            api.disable_key(KeyId=identifier)
        return identifier

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        api = self.api(cloud)
        found = lookup(api.describe_key, KeyId=identifier)
        if found is None or found["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = found["KeyMetadata"]
        return {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "isEnabled": key["Enabled"],
            "enableKeyRotation": api.get_key_rotation_status(KeyId=identifier)["KeyRotationEnabled"],
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if "description" in changed:
            api.update_key_description(KeyId=identifier, Description=inputs.get("description", ""))
        if "policy" in changed and inputs.get("policy"):
            api.put_key_policy(KeyId=identifier, PolicyName="default", Policy=inputs["policy"])
        if "isEnabled" in changed:
            (api.enable_key if inputs["isEnabled"] else api.disable_key)(KeyId=identifier)
        if changed & names("enableKeyRotation rotationPeriodInDays"):
            _rotate(api, identifier, inputs)
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(KeyId=identifier, Tags=tag_list(tags, "TagKey", "TagValue")),
            lambda keys: api.untag_resource(KeyId=identifier, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if self.read(cloud, identifier, state) is not None:
            days = state["deletionWindowInDays"]
            self.api(cloud).schedule_key_deletion(KeyId=identifier, PendingWindowInDays=days)


class Alias(ResourceType):
    """``aws:kms/alias:Alias``; its name starts with ``alias/``."""

    kind = "aws:kms/alias:Alias"
    service = "kms"
    honours = names("name targetKeyId")
    replaces = names("name")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")

    @override
    def generated_name(self, logical: str, suffix: str, inputs: Inputs) -> str:
        return f"alias/{logical}-{suffix}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self.api(cloud).create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        pages = self.api(cloud).get_paginator("list_aliases").paginate()
        for alias in (each for page in pages for each in page["Aliases"]):
            if alias["AliasName"] == identifier:
                target = str(alias["TargetKeyId"])
                arn = cloud.arn("kms", f"key/{target.rsplit('/', 1)[-1]}")
                return {"name": identifier, "arn": cloud.arn("kms", identifier), "targetKeyArn": arn}
        return None

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self.api(cloud).update_alias(AliasName=identifier, TargetKeyId=inputs["targetKeyId"])

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_alias, AliasName=identifier)


def _rotate(api: Any, identifier: str, inputs: Inputs) -> None:  # noqa: ANN401 - boto3
    if not inputs["enableKeyRotation"]:
        api.disable_key_rotation(KeyId=identifier)
        return
    period = inputs.get("rotationPeriodInDays")
    api.enable_key_rotation(KeyId=identifier, **({"RotationPeriodInDays": period} if period else {}))
