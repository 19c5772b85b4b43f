"""`Network`: a VPC of two public and two private subnets over two zones (D2).

The functions stay outside it: all they call are AWS's own endpoints and merchants' webhooks, and inside a VPC the
latter would cost a NAT gateway. That one is there for environments that place other work in the private subnets.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network

    from stack.naming import Place

ZONES: Final = 2
ANYWHERE: Final = "0.0.0.0/0"
GATEWAY_SERVICES: Final = ("dynamodb", "s3")
"""Services with gateway endpoints, which cost nothing and keep their traffic off the NAT gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkArgs:
    """The network's range, zones, and whether its private subnets reach the internet."""

    place: Place
    cidr: IPv4Network
    zones: Sequence[str]
    nat_gateway: bool


def subnets_of(cidr: IPv4Network) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ranges of the public and of the private subnets: quarters of the network."""
    quarters = tuple(str(each) for each in cidr.subnets(prefixlen_diff=2))
    return quarters[:ZONES], quarters[ZONES:]


class Network(pulumi.ComponentResource):
    """The VPC, its subnets, gateways and routes."""

    def __init__(self, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:Network", "network", None, opts)
        self._args = args
        self._inside = pulumi.ResourceOptions(parent=self)
        self.vpc = aws.ec2.Vpc(
            self._called("vpc", "main"),
            cidr_block=str(args.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags("vpc", "main"),
            opts=self._inside,
        )
        public, private = subnets_of(args.cidr)
        self.public = self._subnets("public", public)
        self.private = self._subnets("private", private)
        self._internet = self._internet_gateway()
        self._route_public()
        self._route_private()
        self.register_outputs(
            {
                "vpcId": self.vpc.id,
                "publicSubnetIds": [each.id for each in self.public],
                "privateSubnetIds": [each.id for each in self.private],
            }
        )

    def _called(self, kind: str, purpose: str) -> str:
        return self._args.place.name(kind, purpose)

    def _tags(self, kind: str, purpose: str) -> dict[str, str]:
        """The usual tags and the name, which network resources carry as a tag only."""
        return {**self._args.place.tags("network"), "Name": self._called(kind, purpose)}

    def _subnets(self, side: str, ranges: Sequence[str]) -> list[aws.ec2.Subnet]:
        zoned = enumerate(zip(islice(self._args.zones, ZONES), ranges, strict=True), start=1)
        return [
            aws.ec2.Subnet(
                self._called("subnet", f"{side}-{number}"),
                vpc_id=self.vpc.id,
                cidr_block=cidr,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=self._tags("subnet", f"{side}-{number}"),
                opts=self._inside,
            )
            for number, (zone, cidr) in zoned
        ]

    def _table(self, side: str, subnets: Sequence[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(
            self._called("routes", side), vpc_id=self.vpc.id, tags=self._tags("routes", side), opts=self._inside
        )
        for number, subnet in enumerate(subnets, start=1):
            aws.ec2.RouteTableAssociation(
                self._called("routes", f"{side}-{number}"),
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=self._inside,
            )
        return table

    def _internet_gateway(self) -> aws.ec2.InternetGateway:
        return aws.ec2.InternetGateway(
            self._called("gateway", "internet"),
            vpc_id=self.vpc.id,
            tags=self._tags("gateway", "internet"),
            opts=self._inside,
        )

    def _route_public(self) -> None:
        aws.ec2.Route(
            self._called("route", "internet"),
            route_table_id=self._table("public", self.public).id,
            destination_cidr_block=ANYWHERE,
            gateway_id=self._internet.id,
            opts=self._inside,
        )

    def _route_private(self) -> None:
        table = self._table("private", self.private)
        for service in GATEWAY_SERVICES:
            aws.ec2.VpcEndpoint(
                self._called("endpoint", service),
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{self._args.place.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id],
                tags=self._tags("endpoint", service),
                opts=self._inside,
            )
        if self._args.nat_gateway:
            self._route_through_nat(table)

    def _route_through_nat(self, table: aws.ec2.RouteTable) -> None:
        """The NAT gateway and its address come after the internet gateway, and go before it.

        EC2 makes no public NAT gateway in a VPC without an internet gateway, and detaches none while an address of the
        VPC is mapped (CreateNatGateway, DetachInternetGateway).
        """
        online = pulumi.ResourceOptions(parent=self, depends_on=[self._internet])
        address = aws.ec2.Eip(
            self._called("address", "nat"), domain="vpc", tags=self._tags("address", "nat"), opts=online
        )
        gateway = aws.ec2.NatGateway(
            self._called("gateway", "nat"),
            allocation_id=address.allocation_id,
            subnet_id=self.public[0].id,
            tags=self._tags("gateway", "nat"),
            opts=online,
        )
        aws.ec2.Route(
            self._called("route", "nat"),
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=gateway.id,
            opts=self._inside,
        )
