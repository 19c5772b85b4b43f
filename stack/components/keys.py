"""`EncryptionKey`: the customer-managed key that data at rest is encrypted with (C1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack import policies

if TYPE_CHECKING:
    from stack.naming import Place

DELETION_DAYS: Final = 7
"""How long a deleted key can still be brought back; KMS's shortest window."""


class EncryptionKey(pulumi.ComponentResource):
    """A key that rotates every year, and its alias. Without it no encrypted data can be read again: protected."""

    def __init__(self, place: Place, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:EncryptionKey", "data-key", None, opts)
        name = place.name("key", "data")
        self.key = aws.kms.Key(
            name,
            description=f"Encrypts the data of {place.environment} at rest.",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=policies.key_policy(place),
            tags=place.tags("keys"),
            opts=pulumi.ResourceOptions(parent=self, protect=place.protects(name)),
        )
        alias = aws.kms.Alias(
            place.name("alias", "data"),
            name=f"alias/{name}",
            target_key_id=self.key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn, "alias": alias.name})
