"""EC2 networks: VPCs, subnets, gateways and addresses."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_GONE: Final = frozenset(("deleted", "deleting", "failed"))


class NetworkType(ResourceType):
    """What all EC2 network resources share: they are created with tags, described by id, and tagged by id."""

    service = "ec2"
    noun: ClassVar[str]
    """boto3's word in create_ and delete_."""
    plural: ClassVar[str]
    """boto3's word in describe_."""
    id_member: ClassVar[str]
    """The member of an answer, and the parameter of a call, that holds the id."""
    created: ClassVar[str] = ""
    """The inputs that go into the create call."""
    renames: ClassVar[Mapping[str, str]] = {}
    tag_noun: ClassVar[str] = ""
    """The resource type in TagSpecifications, where it is not the noun with hyphens."""

    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        """Pulumi's outputs of one described thing."""
        raise NotImplementedError(self.kind)

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, operation = self.api(cloud), f"create_{self.noun}"
        sent = shaped(api, operation, inputs, self.created, self.renames)
        answer = getattr(api, operation)(**sent, **self.tags(inputs))
        return str(next(value for value in answer.values() if self.id_member in value)[self.id_member])

    def tags(self, inputs: Inputs) -> dict[str, Any]:
        """The TagSpecifications of a create call; none without tags."""
        tags = tag_list(inputs.get("tagsAll"))
        noun = self.tag_noun or self.noun.replace("_", "-")
        return {"TagSpecifications": [{"ResourceType": noun, "Tags": tags}]} if tags else {}

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = self.described(cloud, identifier)
        return None if found is None else self.outputs(cloud, found)

    def described(self, cloud: Cloud, identifier: str) -> Mapping[str, Any] | None:
        """The one thing with this id as AWS describes it."""
        describe = getattr(self.api(cloud), f"describe_{self.plural}")
        answer = lookup(describe, **{f"{self.id_member}s": [identifier]})
        listed = next((value for value in (answer or {}).values() if isinstance(value, list)), [])
        alive = [each for each in listed if str(each.get("State", "")).lower() not in _GONE]
        return alive[0] if alive else None

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        retag(
            inputs,
            old,
            lambda tags: api.create_tags(Resources=[identifier], Tags=tag_list(tags)),
            lambda keys: api.delete_tags(Resources=[identifier], Tags=[{"Key": key} for key in keys]),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(getattr(self.api(cloud), f"delete_{self.noun}"), **{self.id_member: identifier})


class Vpc(NetworkType):
    """``aws:ec2/vpc:Vpc``."""

    kind = "aws:ec2/vpc:Vpc"
    noun, plural, id_member = "vpc", "vpcs", "VpcId"
    created = "cidrBlock instanceTenancy"
    honours = names(f"{created} enableDnsSupport enableDnsHostnames tags")
    replaces = names("cidrBlock instanceTenancy")
    defaults: ClassVar = {"instanceTenancy": "default", "enableDnsSupport": True, "enableDnsHostnames": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        identifier = super().create(cloud, inputs)
        self._switch(cloud, identifier, inputs, names("enableDnsSupport enableDnsHostnames"))
        return identifier

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self._switch(cloud, identifier, inputs, changed)
        super().update(cloud, identifier, inputs, old, changed)

    def _switch(self, cloud: Cloud, identifier: str, inputs: Inputs, changed: frozenset[str]) -> None:
        """ModifyVpcAttribute takes one attribute a call."""
        for name in sorted(changed & names("enableDnsSupport enableDnsHostnames")):
            value = {name[0].upper() + name[1:]: {"Value": inputs[name]}}
            self.api(cloud).modify_vpc_attribute(VpcId=identifier, **value)

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        identifier = str(found["VpcId"])
        api, inside = self.api(cloud), [{"Name": "vpc-id", "Values": [identifier]}]
        groups = api.describe_security_groups(Filters=inside)["SecurityGroups"]
        tables = api.describe_route_tables(Filters=inside)["RouteTables"]
        main = [t for t in tables if any(each.get("Main") for each in t.get("Associations", []))]
        table = main[0]["RouteTableId"] if main else None
        default = [group["GroupId"] for group in groups if group["GroupName"] == "default"]
        return {
            "arn": cloud.arn("ec2", f"vpc/{identifier}"),
            "cidrBlock": found["CidrBlock"],
            "ownerId": found.get("OwnerId", cloud.account),
            "defaultSecurityGroupId": default[0] if default else None,
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
        }


class Subnet(NetworkType):
    """``aws:ec2/subnet:Subnet``."""

    kind = "aws:ec2/subnet:Subnet"
    noun, plural, id_member = "subnet", "subnets", "SubnetId"
    created = "vpcId cidrBlock availabilityZone"
    honours = names(f"{created} mapPublicIpOnLaunch tags")
    replaces = names(created)
    defaults: ClassVar = {"mapPublicIpOnLaunch": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        identifier = super().create(cloud, inputs)
        if inputs["mapPublicIpOnLaunch"]:
            self._map(cloud, identifier, inputs)
        return identifier

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        if "mapPublicIpOnLaunch" in changed:
            self._map(cloud, identifier, inputs)
        super().update(cloud, identifier, inputs, old, changed)

    def _map(self, cloud: Cloud, identifier: str, inputs: Inputs) -> None:
        wanted = {"Value": bool(inputs["mapPublicIpOnLaunch"])}
        self.api(cloud).modify_subnet_attribute(SubnetId=identifier, MapPublicIpOnLaunch=wanted)

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        return {
            "arn": cloud.arn("ec2", f"subnet/{found['SubnetId']}"),
            "availabilityZone": found.get("AvailabilityZone"),
            "availabilityZoneId": found.get("AvailabilityZoneId"),
            "ownerId": found.get("OwnerId", cloud.account),
        }


class InternetGateway(NetworkType):
    """``aws:ec2/internetGateway:InternetGateway``, attached to its VPC."""

    kind = "aws:ec2/internetGateway:InternetGateway"
    noun, plural, id_member = "internet_gateway", "internet_gateways", "InternetGatewayId"
    honours = names("vpcId tags")

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        identifier = super().create(cloud, inputs)
        if inputs.get("vpcId"):
            self.api(cloud).attach_internet_gateway(InternetGatewayId=identifier, VpcId=inputs["vpcId"])
        return identifier

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if "vpcId" in changed:
            self._detach(cloud, identifier, old)
            if inputs.get("vpcId"):
                api.attach_internet_gateway(InternetGatewayId=identifier, VpcId=inputs["vpcId"])
        super().update(cloud, identifier, inputs, old, changed)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        self._detach(cloud, identifier, state)
        super().delete(cloud, identifier, state)

    def _detach(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if state.get("vpcId"):
            lookup(self.api(cloud).detach_internet_gateway, InternetGatewayId=identifier, VpcId=state["vpcId"])

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        return {"arn": cloud.arn("ec2", f"internet-gateway/{found['InternetGatewayId']}"), "ownerId": cloud.account}


class Eip(NetworkType):
    """``aws:ec2/eip:Eip``; its id is the allocation id."""

    kind = "aws:ec2/eip:Eip"
    noun, plural, id_member, tag_noun = "address", "addresses", "AllocationId", "elastic-ip"
    honours = names("domain tags")
    replaces = names("domain")
    defaults: ClassVar = {"domain": "vpc"}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        return str(self.api(cloud).allocate_address(Domain=inputs["domain"], **self.tags(inputs))["AllocationId"])

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).release_address, AllocationId=identifier)

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        identifier = found["AllocationId"]
        arn = cloud.arn("ec2", f"elastic-ip/{identifier}")
        return {"arn": arn, "allocationId": identifier, "publicIp": found["PublicIp"]}


class NatGateway(NetworkType):
    """``aws:ec2/natGateway:NatGateway``."""

    kind = "aws:ec2/natGateway:NatGateway"
    noun, plural, id_member, tag_noun = "nat_gateway", "nat_gateways", "NatGatewayId", "natgateway"
    created = "allocationId connectivityType privateIp subnetId"
    renames: ClassVar = {"privateIp": "PrivateIpAddress"}
    honours = names(f"{created} tags")
    replaces = names(created)
    defaults: ClassVar = {"connectivityType": "public"}

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        addresses = found.get("NatGatewayAddresses") or [{}]
        return {
            "publicIp": addresses[0].get("PublicIp"),
            "privateIp": addresses[0].get("PrivateIp"),
            "networkInterfaceId": addresses[0].get("NetworkInterfaceId"),
        }
