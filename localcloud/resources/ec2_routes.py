"""EC2 routing and reachability: route tables, routes, endpoints and security groups."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.ec2 import NetworkType
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped

_TARGETS: Final = "gatewayId natGatewayId networkInterfaceId vpcEndpointId vpcPeeringConnectionId transitGatewayId"
_DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


class RouteTable(NetworkType):
    """``aws:ec2/routeTable:RouteTable``; its routes are resources of their own."""

    kind = "aws:ec2/routeTable:RouteTable"
    noun, plural, id_member = "route_table", "route_tables", "RouteTableId"
    created = "vpcId"
    honours = names("vpcId tags")
    replaces = names("vpcId")

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        return {"arn": cloud.arn("ec2", f"route-table/{found['RouteTableId']}"), "ownerId": cloud.account}


class Route(ResourceType):
    """``aws:ec2/route:Route``."""

    kind = "aws:ec2/route:Route"
    service = "ec2"
    honours = names(f"routeTableId {_TARGETS}") | frozenset(_DESTINATIONS)
    replaces = names("routeTableId") | frozenset(_DESTINATIONS)
    identity = ("routeTableId", *_DESTINATIONS)

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        (destination,) = _destination(inputs).values()
        return f"r-{inputs['routeTableId']}-{destination}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        api.create_route(**shaped(api, "create_route", inputs, " ".join(self.honours)))
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).describe_route_tables, RouteTableIds=[state["routeTableId"]])
        ((member, destination),) = _destination(state).items()
        tables = found["RouteTables"] if found else []
        routes = [route for table in tables for route in table["Routes"] if route.get(member) == destination]
        return {"state": routes[0].get("State"), "origin": routes[0].get("Origin")} if routes else None

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        api.replace_route(**shaped(api, "replace_route", inputs, " ".join(self.honours)))

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_route, RouteTableId=state["routeTableId"], **_destination(state))


class RouteTableAssociation(ResourceType):
    """``aws:ec2/routeTableAssociation:RouteTableAssociation`` of a subnet, or of a gateway."""

    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    service = "ec2"
    honours = names("routeTableId subnetId gatewayId")
    replaces = honours
    identity = ("subnetId", "gatewayId")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> None:
        """Only AWS knows the association's id."""

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = shaped(api, "associate_route_table", inputs, "routeTableId subnetId gatewayId")
        return str(api.associate_route_table(**sent)["AssociationId"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).describe_route_tables, RouteTableIds=[state["routeTableId"]])
        tables = found["RouteTables"] if found else []
        known = [each.get("RouteTableAssociationId") for table in tables for each in table.get("Associations", [])]
        return {} if identifier in known else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).disassociate_route_table, AssociationId=identifier)


class VpcEndpoint(NetworkType):
    """``aws:ec2/vpcEndpoint:VpcEndpoint``, gateway or interface."""

    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    noun, plural, id_member = "vpc_endpoint", "vpc_endpoints", "VpcEndpointId"
    created = "vpcId serviceName vpcEndpointType policy privateDnsEnabled routeTableIds subnetIds securityGroupIds"
    renames: ClassVar = {"policy": "PolicyDocument"}
    honours = names(f"{created} tags")
    replaces = names("vpcId serviceName vpcEndpointType")
    documents = names("policy")
    defaults: ClassVar = {"vpcEndpointType": "Gateway"}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        sent = shaped(api, "modify_vpc_endpoint", inputs, "policy privateDnsEnabled", self.renames)
        for name, member in (("routeTableIds", "RouteTableId"), ("subnetIds", "SubnetId")):
            before, after = set(old.get(name) or []), set(inputs.get(name) or [])
            changes = {f"Add{member}s": sorted(after - before), f"Remove{member}s": sorted(before - after)}
            sent |= {key: value for key, value in changes.items() if value}
        if changed & names("policy privateDnsEnabled routeTableIds subnetIds"):
            api.modify_vpc_endpoint(VpcEndpointId=identifier, **sent)
        super().update(cloud, identifier, inputs, old, changed)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        failed = self.api(cloud).delete_vpc_endpoints(VpcEndpointIds=[identifier]).get("Unsuccessful") or []
        codes = [each["Error"]["Code"] for each in failed]
        if codes and not any("NotFound" in code for code in codes):
            raise ResourceError(f"DeleteVpcEndpoints: {failed[0]['Error'].get('Message', codes[0])}")

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        arn = cloud.arn("ec2", f"vpc-endpoint/{found['VpcEndpointId']}")
        return {"arn": arn, "state": found.get("State"), "ownerId": cloud.account}


class SecurityGroup(NetworkType):
    """``aws:ec2/securityGroup:SecurityGroup`` with its rules in line; AWS's own allow-all egress rule is taken off."""

    kind = "aws:ec2/securityGroup:SecurityGroup"
    noun, plural, id_member = "security_group", "security_groups", "GroupId"
    honours = names("name description vpcId ingress egress tags")
    replaces = names("name description vpcId")
    identity = ("name", "vpcId")
    name_property = "name"
    defaults: ClassVar = {"description": "Managed by Pulumi"}

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str | None:
        named = [
            {"Name": "group-name", "Values": [inputs["name"]]},
            {"Name": "vpc-id", "Values": [inputs["vpcId"]]},
        ]
        found = self.api(cloud).describe_security_groups(Filters=named)["SecurityGroups"]
        return str(found[0]["GroupId"]) if found else None

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        sent = shaped(api, "create_security_group", inputs, "name description vpcId", {"name": "GroupName"})
        identifier = str(api.create_security_group(**sent, **self.tags(inputs))["GroupId"])
        if egress := (self.described(cloud, identifier) or {}).get("IpPermissionsEgress"):
            api.revoke_security_group_egress(GroupId=identifier, IpPermissions=egress)
        self._open(cloud, identifier, inputs, {})
        return identifier

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        self._open(cloud, identifier, inputs, old)
        super().update(cloud, identifier, inputs, old, changed)

    def _open(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs) -> None:
        """Authorises the rules that are new and revokes those that went."""
        api = self.api(cloud)
        for side in ("ingress", "egress"):
            before, after = _permissions(identifier, old.get(side)), _permissions(identifier, inputs.get(side))
            if gone := [rule for rule in before if rule not in after]:
                getattr(api, f"revoke_security_group_{side}")(GroupId=identifier, IpPermissions=gone)
            if new := [rule for rule in after if rule not in before]:
                getattr(api, f"authorize_security_group_{side}")(GroupId=identifier, IpPermissions=new)

    @override
    def outputs(self, cloud: Cloud, found: Mapping[str, Any]) -> Outputs:
        arn = cloud.arn("ec2", f"security-group/{found['GroupId']}")
        return {"arn": arn, "name": found["GroupName"], "ownerId": found.get("OwnerId", cloud.account)}


def _destination(inputs: Inputs) -> dict[str, str]:
    found = {member: inputs[name] for name, member in _DESTINATIONS.items() if inputs.get(name)}
    if len(found) != 1:
        raise ResourceError(f"a route has {len(found)} destinations, wanted exactly 1")
    return found


def _permissions(group: str, rules: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [_permission(group, rule) for rule in rules or []]


def _permission(group: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """An in-line rule as EC2's IpPermission."""
    described = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    permission: dict[str, Any] = {"IpProtocol": str(rule["protocol"])}
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    sources = {
        "IpRanges": [{"CidrIp": each} | described for each in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": each} | described for each in rule.get("ipv6CidrBlocks") or []],
        "PrefixListIds": [{"PrefixListId": each} | described for each in rule.get("prefixListIds") or []],
        "UserIdGroupPairs": [{"GroupId": each} | described for each in groups],
    }
    return permission | {name: value for name, value in sources.items() if value}
