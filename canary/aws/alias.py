"""The TrafficRouter on Lambda aliases. The one place where a weight is a float."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from canary.aws.clients import aws_errors, error_code
from canary.core.model import (
    FULL_BASIS_POINTS,
    NO_TRAFFIC,
    AliasName,
    AliasRouting,
    FunctionName,
    RevisionId,
    Version,
    Weight,
)
from canary.ports import VersionFacts

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_lambda.type_defs import AliasConfigurationResponseTypeDef, AliasConfigurationTypeDef


class LambdaRouter:
    """Reads and writes aliases with `GetAlias` and `UpdateAlias`, one call each; every write carries a RevisionId."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def read_routing(self, function: FunctionName, alias: AliasName) -> AliasRouting | None:
        """One `GetAlias`."""
        with aws_errors(f"reading alias {function}:{alias}"):
            try:
                return routing_of(self._client.get_alias(FunctionName=function, Name=alias))
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return None
                raise

    def write_routing(self, function: FunctionName, alias: AliasName, routing: AliasRouting) -> AliasRouting:
        """One `UpdateAlias`, which always names version and weights: an omitted weight would be kept by Lambda."""
        with aws_errors(f"setting alias {function}:{alias} to {routing}"):
            answer = self._client.update_alias(
                FunctionName=function,
                Name=alias,
                FunctionVersion=routing.stable,
                RoutingConfig={"AdditionalVersionWeights": _weights(routing)},
                RevisionId=routing.revision,
            )
        return routing_of(answer)

    def find_version(self, function: FunctionName, version: Version) -> VersionFacts | None:
        """One `GetFunctionConfiguration`."""
        with aws_errors(f"looking up version {version} of {function}"):
            try:
                found = self._client.get_function_configuration(FunctionName=function, Qualifier=version)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return None
                raise
        return VersionFacts(
            version=version,
            state=found.get("State", "Active"),
            role=found["Role"],
            dead_letter=found.get("DeadLetterConfig", {}).get("TargetArn"),
            code_sha256=found["CodeSha256"],
        )

    def newest_version(self, function: FunctionName) -> Version | None:
        """As many `ListVersionsByFunction` as there are pages of 50."""
        with aws_errors(f"listing the versions of {function}"):
            try:
                pages = self._client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
                versions = [found["Version"] for page in pages for found in page["Versions"]]
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return None
                raise
        return Version(max((version for version in versions if version.isdigit()), key=int, default="")) or None


def _weights(routing: AliasRouting) -> dict[str, float]:
    if routing.canary is None or routing.weight == NO_TRAFFIC:
        return {}
    return {routing.canary: routing.weight.basis_points / FULL_BASIS_POINTS}


def routing_of(answer: "AliasConfigurationResponseTypeDef | AliasConfigurationTypeDef") -> AliasRouting:
    """What an alias serves, as `GetAlias`, `UpdateAlias` and `ListAliases` tell it."""
    weights = answer.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    canary, weight = next(iter(weights.items()), (None, 0.0))
    return AliasRouting(
        stable=Version(answer["FunctionVersion"]),
        canary=Version(canary) if canary is not None else None,
        weight=Weight(round(weight * FULL_BASIS_POINTS)),
        revision=RevisionId(answer["RevisionId"]),
    )
