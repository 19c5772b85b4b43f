"""The VersionKeeper on Lambda: lists versions and who refers to them, deletes single versions and never a function."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from canary.aws.alias import routing_of
from canary.aws.clients import aws_errors, error_code
from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import AliasName, AliasRouting, FunctionName, Version
from canary.core.prune import PublishedVersion

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient


class LambdaVersions:
    """Reads with `ListVersionsByFunction` and `ListAliases`, deletes with `DeleteFunction` and a version's number."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def list_versions(self, function: FunctionName) -> tuple[PublishedVersion, ...]:
        """One call a page of 50."""
        with aws_errors(f"listing the versions of {function}"):
            pages = self._client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
            found = [each for page in pages for each in page["Versions"] if each["Version"].isdigit()]
        return tuple(
            PublishedVersion(version=Version(each["Version"]), published_at=_instant(each["LastModified"]))
            for each in found
        )

    def list_aliases(self, function: FunctionName) -> dict[AliasName, AliasRouting]:
        """One call a page of 50."""
        with aws_errors(f"listing the aliases of {function}"):
            pages = self._client.get_paginator("list_aliases").paginate(FunctionName=function)
            return {AliasName(alias["Name"]): routing_of(alias) for page in pages for alias in page["Aliases"]}

    def delete_version(self, function: FunctionName, version: Version) -> None:
        """One `DeleteFunction`, with its Qualifier: without one Lambda would delete the whole function."""
        if not version.isdigit():
            raise ConfigError(f"{version!r} is no published version of {function}; only those are deleted")
        with aws_errors(f"deleting version {version} of {function}"):
            try:
                self._client.delete_function(FunctionName=function, Qualifier=version)
            except ClientError as error:
                if error_code(error) == "ResourceConflictException":
                    raise RolloutConflict(f"version {version} of {function} is in use: {error}") from error
                if error_code(error) != "ResourceNotFoundException":
                    raise


def _instant(text: str) -> datetime:
    """Lambda's ISO 8601 with a zone without colon."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
