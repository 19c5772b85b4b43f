"""WAFv2 web ACLs and what they protect. The embedded cloud keeps their settings and enforces none of them."""

from typing import Any, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_SETTINGS: Final = "description defaultAction rules visibilityConfig tokenDomains captchaConfig challengeConfig"


class WebAcl(ResourceType):
    """``aws:wafv2/webAcl:WebAcl``."""

    kind = "aws:wafv2/webAcl:WebAcl"
    service = "wafv2"
    honours = names(f"name scope tags {_SETTINGS}")
    replaces = names("name scope")
    identity = ("name", "scope")
    name_property = "name"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str | None:
        found = self.api(cloud).list_web_acls(Scope=inputs["scope"])["WebACLs"]
        return next((str(acl["Id"]) for acl in found if acl["Name"] == inputs["name"]), None)

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = shaped(api, "create_web_acl", {"rules": [], **inputs}, f"name scope {_SETTINGS}")
        if tags := tag_list(inputs.get("tagsAll")):
            sent["Tags"] = tags
        return str(api.create_web_acl(**sent)["Summary"]["Id"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_web_acl, **_key(identifier, state))
        return found and {
            "arn": found["WebACL"]["ARN"],
            "capacity": found["WebACL"].get("Capacity", 0),
            "lockToken": found.get("LockToken"),
        }

    @override
    def volatile(self, changed: frozenset[str]) -> frozenset[str]:
        return frozenset() if changed <= {"tags", "tagsAll"} else names("lockToken capacity")

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api, key = self.api(cloud), _key(identifier, inputs)
        current = api.get_web_acl(**key)
        if changed - {"tags", "tagsAll"}:
            sent = shaped(api, "update_web_acl", {"rules": [], **inputs}, _SETTINGS)
            api.update_web_acl(LockToken=current["LockToken"], **key, **sent)
        arn = current["WebACL"]["ARN"]
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            lambda keys: api.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        api, key = self.api(cloud), _key(identifier, state)
        if (current := lookup(api.get_web_acl, **key)) is not None:
            lookup(api.delete_web_acl, LockToken=current["LockToken"], **key)


class WebAclAssociation(ResourceType):
    """``aws:wafv2/webAclAssociation:WebAclAssociation``."""

    kind = "aws:wafv2/webAclAssociation:WebAclAssociation"
    service = "wafv2"
    honours = names("resourceArn webAclArn")
    replaces = honours
    identity = ("resourceArn",)

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"{inputs['webAclArn']},{inputs['resourceArn']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self.api(cloud).associate_web_acl(WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_web_acl_for_resource, ResourceArn=state["resourceArn"])
        acl = (found or {}).get("WebACL") or {}
        return {} if acl.get("ARN") == state["webAclArn"] else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if self.read(cloud, identifier, state) is not None:
            self.api(cloud).disassociate_web_acl(ResourceArn=state["resourceArn"])


def _key(identifier: str, state: Inputs) -> dict[str, Any]:
    return {"Name": state["name"], "Scope": state["scope"], "Id": identifier}
