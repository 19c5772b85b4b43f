"""IAM roles and policies. IAM is global: the region of the caller does not matter."""

import json
from typing import ClassVar
from urllib.parse import unquote

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_SESSION_SECONDS = 3600


class Role(ResourceType):
    """``aws:iam/role:Role``."""

    kind = "aws:iam/role:Role"
    service = "iam"
    honours = names(
        "name assumeRolePolicy description path maxSessionDuration permissionsBoundary forceDetachPolicies tags"
    )
    documents = names("assumeRolePolicy")
    replaces = names("name path")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"path": "/", "maxSessionDuration": _SESSION_SECONDS, "forceDetachPolicies": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, name = self.api(cloud), str(inputs["name"])
        plain = "description path maxSessionDuration permissionsBoundary"
        api.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_document(inputs["assumeRolePolicy"]),
            Tags=tag_list(inputs.get("tagsAll")),
            **shaped(api, "create_role", inputs, plain),
        )
        return name

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_role, RoleName=identifier)
        role = found and found["Role"]
        return role and {
            "name": role["RoleName"],
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if "assumeRolePolicy" in changed:
            document = _document(inputs["assumeRolePolicy"])
            api.update_assume_role_policy(RoleName=identifier, PolicyDocument=document)
        if changed & names("description maxSessionDuration"):
            api.update_role(
                RoleName=identifier,
                Description=inputs.get("description", ""),
                MaxSessionDuration=inputs["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed and inputs.get("permissionsBoundary"):
            api.put_role_permissions_boundary(RoleName=identifier, PermissionsBoundary=inputs["permissionsBoundary"])
        elif "permissionsBoundary" in changed:
            api.delete_role_permissions_boundary(RoleName=identifier)
        retag(
            inputs,
            old,
            lambda tags: api.tag_role(RoleName=identifier, Tags=tag_list(tags)),
            lambda keys: api.untag_role(RoleName=identifier, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        api = self.api(cloud)
        if state.get("forceDetachPolicies") and self.read(cloud, identifier, state) is not None:
            for policy in api.list_attached_role_policies(RoleName=identifier)["AttachedPolicies"]:
                api.detach_role_policy(RoleName=identifier, PolicyArn=policy["PolicyArn"])
            for name in api.list_role_policies(RoleName=identifier)["PolicyNames"]:
                api.delete_role_policy(RoleName=identifier, PolicyName=name)
        lookup(api.delete_role, RoleName=identifier)


class RolePolicy(PutType):
    """``aws:iam/rolePolicy:RolePolicy``: a policy inside a role."""

    kind = "aws:iam/rolePolicy:RolePolicy"
    service = "iam"
    honours = names("name role policy")
    documents = names("policy")
    replaces = names("name role")
    identity = ("role", "name")
    name_property = "name"

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"{inputs['role']}:{inputs['name']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        document = _document(inputs["policy"])
        self.api(cloud).put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=document)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        role, name = identifier.split(":", 1)
        found = lookup(self.api(cloud).get_role_policy, RoleName=role, PolicyName=name)
        return found and {"name": name, "role": role, "policy": _text(found["PolicyDocument"])}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        role, name = identifier.split(":", 1)
        lookup(self.api(cloud).delete_role_policy, RoleName=role, PolicyName=name)


class Policy(ResourceType):
    """``aws:iam/policy:Policy``: a managed policy of the account."""

    kind = "aws:iam/policy:Policy"
    service = "iam"
    honours = names("name policy description path tags")
    documents = names("policy")
    replaces = names("name description path")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"path": "/"}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"arn:{cloud.partition}:iam::{cloud.account}:policy{inputs['path']}{inputs['name']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        answer = api.create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=_document(inputs["policy"]),
            Tags=tag_list(inputs.get("tagsAll")),
            **shaped(api, "create_policy", inputs, "description path"),
        )
        return str(answer["Policy"]["Arn"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        api = self.api(cloud)
        found = lookup(api.get_policy, PolicyArn=identifier)
        if found is None:
            return None
        version = api.get_policy_version(PolicyArn=identifier, VersionId=found["Policy"]["DefaultVersionId"])
        return {
            "arn": identifier,
            "name": found["Policy"]["PolicyName"],
            "policyId": found["Policy"]["PolicyId"],
            "policy": _text(version["PolicyVersion"]["Document"]),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if "policy" in changed:
            self._drop_old_versions(cloud, identifier)
            api.create_policy_version(
                PolicyArn=identifier, PolicyDocument=_document(inputs["policy"]), SetAsDefault=True
            )
        retag(
            inputs,
            old,
            lambda tags: api.tag_policy(PolicyArn=identifier, Tags=tag_list(tags)),
            lambda keys: api.untag_policy(PolicyArn=identifier, TagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if self.read(cloud, identifier, state) is not None:
            self._drop_old_versions(cloud, identifier)
            self.api(cloud).delete_policy(PolicyArn=identifier)

    def _drop_old_versions(self, cloud: Cloud, arn: str) -> None:
        """Removes every version but the default one: AWS keeps at most five, and none when the policy goes."""
        api = self.api(cloud)
        for version in api.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                api.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


class RolePolicyAttachment(ResourceType):
    """``aws:iam/rolePolicyAttachment:RolePolicyAttachment``."""

    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    service = "iam"
    honours = names("role policyArn")
    replaces = honours
    identity = ("role", "policyArn")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"{inputs['role']}/{inputs['policyArn']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        self.api(cloud).attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).list_attached_role_policies, RoleName=state["role"])
        attached = [policy["PolicyArn"] for policy in found["AttachedPolicies"]] if found else []
        return {} if state["policyArn"] in attached else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).detach_role_policy, RoleName=state["role"], PolicyArn=state["policyArn"])


def _document(policy: object) -> str:
    """The policy as text; Pulumi also takes it as an object."""
    return policy if isinstance(policy, str) else json.dumps(policy)


def _text(document: object) -> str:
    """What AWS gives back, as canonical text: boto3 parses it, other clients see it quoted."""
    return json.dumps(json.loads(unquote(document)) if isinstance(document, str) else document)
