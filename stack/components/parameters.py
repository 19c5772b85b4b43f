"""`Parameters`: the addresses and secrets of other systems, in SSM, never in a function's environment (B6)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stack.grants import fraud_secret, merchant_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.naming import Place

SECRET_BYTES: Final = 32


class Parameters(pulumi.ComponentResource):
    """The fraud service's secret, and each merchant's webhook URL and secret.

    A secret is drawn at random when it is first made and never touched by a later apply: it is rotated in SSM itself,
    where the new and the old one may stand side by side.
    """

    def __init__(
        self,
        place: Place,
        merchants: Mapping[str, str],
        key_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bluegreen:stack:Parameters", "parameters", None, opts)
        self._place, self._key_arn = place, key_arn
        self.fraud_secret = fraud_secret(place)
        self.merchants = merchant_parameters(place)
        self._secret("fraud-secret", self.fraud_secret)
        for merchant, url in merchants.items():
            self._text(f"{merchant}-webhook-url", f"{self.merchants}/{merchant}/webhook-url", url)
            self._secret(f"{merchant}-webhook-secret", f"{self.merchants}/{merchant}/webhook-secret")
        self.register_outputs({"fraudSecret": self.fraud_secret, "merchants": self.merchants})

    def _text(self, purpose: str, path: str, value: str) -> None:
        aws.ssm.Parameter(
            self._place.name("parameter", purpose),
            name=path,
            type="String",
            value=value,
            tags=self._place.tags("parameters"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _secret(self, purpose: str, path: str) -> None:
        aws.ssm.Parameter(
            self._place.name("parameter", purpose),
            name=path,
            type="SecureString",
            key_id=self._key_arn,
            value=pulumi.Output.secret(secrets.token_urlsafe(SECRET_BYTES)),
            tags=self._place.tags("parameters"),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["value"]),
        )
