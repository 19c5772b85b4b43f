"""The tables: `PaymentsTable` with its status index, and `RolloutStore` for the release controller's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from canary.schema import ROLLOUT_EXPIRY, ROLLOUT_PARTITION_KEY, ROLLOUT_SORT_KEY
from stack.settings import CapacityMode

if TYPE_CHECKING:
    from stack.naming import Place

STATUS_INDEX: Final = "status-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsTableArgs:
    """How the payments are kept."""

    place: Place
    capacity_mode: CapacityMode
    minimum_capacity: int
    point_in_time_recovery: bool
    protected: bool


class PaymentsTable(pulumi.ComponentResource):
    """Payments by id, and by status and time of creation through `STATUS_INDEX`."""

    def __init__(self, args: PaymentsTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:PaymentsTable", "payments", None, opts)
        self.name = args.place.name("table", "payments")
        units = args.minimum_capacity if args.capacity_mode is CapacityMode.PROVISIONED else None
        self.table = aws.dynamodb.Table(
            self.name,
            name=self.name,
            billing_mode=_billing_mode(args.capacity_mode),
            read_capacity=units,
            write_capacity=units,
            hash_key="payment_id",
            attributes=[
                aws.dynamodb.TableAttributeArgs(name="payment_id", type="S"),
                aws.dynamodb.TableAttributeArgs(name="status", type="S"),
                aws.dynamodb.TableAttributeArgs(name="created_at", type="S"),
            ],
            global_secondary_indexes=[
                aws.dynamodb.TableGlobalSecondaryIndexArgs(
                    name=STATUS_INDEX,
                    key_schemas=[
                        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name="status", key_type="HASH"),
                        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(
                            attribute_name="created_at", key_type="RANGE"
                        ),
                    ],
                    projection_type="ALL",
                    read_capacity=units,
                    write_capacity=units,
                )
            ],
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=args.point_in_time_recovery),
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True),
            deletion_protection_enabled=args.protected,
            tags=args.place.tags("payments"),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        self.arn = self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


class RolloutStore(pulumi.ComponentResource):
    """The on-demand table of rollouts, their ledger and locks; keys as in `canary.schema`."""

    def __init__(self, place: Place, *, protected: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:RolloutStore", "rollouts", None, opts)
        self.name = place.name("table", "rollouts")
        self.table = aws.dynamodb.Table(
            self.name,
            name=self.name,
            billing_mode=_billing_mode(CapacityMode.ON_DEMAND),
            hash_key=ROLLOUT_PARTITION_KEY,
            range_key=ROLLOUT_SORT_KEY,
            attributes=[
                aws.dynamodb.TableAttributeArgs(name=ROLLOUT_PARTITION_KEY, type="S"),
                aws.dynamodb.TableAttributeArgs(name=ROLLOUT_SORT_KEY, type="S"),
            ],
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=ROLLOUT_EXPIRY, enabled=True),
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True),
            deletion_protection_enabled=protected,
            tags=place.tags("rollouts"),
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )
        self.arn = self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def _billing_mode(mode: CapacityMode) -> str:
    return "PAY_PER_REQUEST" if mode is CapacityMode.ON_DEMAND else "PROVISIONED"
