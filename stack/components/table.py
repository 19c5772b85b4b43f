"""`Table`: a DynamoDB table with its indexes, capacity, auto-scaling, recovery, encryption and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack.alarms import Alarms, capacity_watches
from stack.components.autoscaling import ScalingArgs, scale_with_load
from stack.settings import CapacityMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.naming import Place

OWNED_BY_AUTO_SCALING: Final = (
    "readCapacity",
    "writeCapacity",
    "globalSecondaryIndexes[*].readCapacity",
    "globalSecondaryIndexes[*].writeCapacity",
)
"""Inputs that an apply leaves alone once auto-scaling moves them; else it would undo a scale-out under load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A global secondary index with every attribute; both keys are strings."""

    name: str
    partition_key: str
    sort_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How a table's capacity is bought, for the table and for each of its indexes."""

    mode: CapacityMode = CapacityMode.ON_DEMAND
    minimum: int = 5
    maximum: int = 50
    starting: int | None = None
    """Units that this apply sends; None leaves a provisioned table's units to auto-scaling."""

    @property
    def is_provisioned(self) -> bool:
        """Whether units are bought ahead."""
        return self.mode is CapacityMode.PROVISIONED

    @property
    def units(self) -> int | None:
        """The units to declare; an on-demand table has none."""
        return (self.starting or self.minimum) if self.is_provisioned else None

    @property
    def billing_mode(self) -> str:
        """DynamoDB's word for the mode."""
        return "PROVISIONED" if self.is_provisioned else "PAY_PER_REQUEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableArgs:
    """One table; its keys and the attributes of its indexes are strings unless named in `numbers`."""

    place: Place
    purpose: str
    partition_key: str
    sort_key: str | None = None
    numbers: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    capacity: Capacity = Capacity()
    point_in_time_recovery: bool = True
    expiry: str | None = None
    """The attribute with the epoch seconds after which DynamoDB may drop an item."""
    key_arn: pulumi.Input[str] | None = None
    """The key to encrypt with; None leaves it to DynamoDB's own."""
    alarm_actions: Sequence[pulumi.Input[str]] = ()


class Table(pulumi.ComponentResource):
    """A table that is protected: deleting or replacing it must be asked for by name (setting ``unprotected``)."""

    def __init__(self, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:Table", f"{args.purpose}-table", None, opts)
        self.name = args.place.name("table", args.purpose)
        self.purpose = args.purpose
        self.capacity = args.capacity
        self.table = self._table(args)
        self.arn = self.table.arn
        if args.capacity.is_provisioned:
            self._scale(args)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _table(self, args: TableArgs) -> aws.dynamodb.Table:
        protected = args.place.protects(self.name)
        keys = {args.partition_key, args.sort_key, *(key for each in args.indexes for key in _keys(each))} - {None}
        ignored = OWNED_BY_AUTO_SCALING if args.capacity.is_provisioned and args.capacity.starting is None else ()
        return aws.dynamodb.Table(
            self.name,
            name=self.name,
            billing_mode=args.capacity.billing_mode,
            read_capacity=args.capacity.units,
            write_capacity=args.capacity.units,
            hash_key=args.partition_key,
            range_key=args.sort_key,
            attributes=[
                aws.dynamodb.TableAttributeArgs(name=key, type="N" if key in args.numbers else "S")
                for key in sorted(filter(None, keys))
            ],
            global_secondary_indexes=[_index(each, args.capacity) for each in args.indexes] or None,
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=args.expiry, enabled=True) if args.expiry else None,
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=args.point_in_time_recovery),
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=args.key_arn),
            deletion_protection_enabled=protected and args.place.deletion_protection,
            tags=args.place.tags(args.purpose),
            opts=pulumi.ResourceOptions(parent=self, protect=protected, ignore_changes=list(ignored)),
        )

    def _scale(self, args: TableArgs) -> None:
        places = {args.purpose: f"table/{self.name}"}
        places |= {f"{args.purpose}-{each.name}": f"table/{self.name}/index/{each.name}" for each in args.indexes}
        for purpose, resource in places.items():
            scale_with_load(
                ScalingArgs(
                    place=args.place,
                    purpose=purpose,
                    resource=resource,
                    minimum=args.capacity.minimum,
                    maximum=args.capacity.maximum,
                ),
                parent=self,
                after=self.table,
            )
        alarms = Alarms(place=args.place, component=args.purpose, parent=self, actions=args.alarm_actions)
        for watch in capacity_watches(
            args.purpose, self.name, [each.name for each in args.indexes], maximum=args.capacity.maximum
        ):
            alarms.on(watch)


def _keys(index: Index) -> tuple[str, str]:
    return index.partition_key, index.sort_key


def _index(index: Index, capacity: Capacity) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index.name,
        key_schemas=[
            aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=key, key_type=key_type)
            for key, key_type in zip(_keys(index), ("HASH", "RANGE"), strict=True)
        ],
        projection_type="ALL",
        read_capacity=capacity.units,
        write_capacity=capacity.units,
    )
