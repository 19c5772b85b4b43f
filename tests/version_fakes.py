"""A strict fake of the VersionKeeper over the fake router's functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import AliasName, AliasRouting, FunctionName, Version
from canary.core.prune import PublishedVersion
from tests.fakes import START, FakeRouter


@dataclass
class FakeVersions:
    """Versions of the router's functions, published long ago unless a test says otherwise."""

    router: FakeRouter
    published_at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def list_versions(self, function: FunctionName) -> tuple[PublishedVersion, ...]:
        long_ago = START - timedelta(days=30)
        return tuple(
            PublishedVersion(version=Version(version), published_at=self.published_at.get((name, version), long_ago))
            for name, version in self.router.versions
            if name == function
        )

    def list_aliases(self, function: FunctionName) -> Mapping[AliasName, AliasRouting]:
        return {AliasName(alias): routing for (name, alias), routing in self.router.aliases.items() if name == function}

    def delete_version(self, function: FunctionName, version: Version) -> None:
        if not version.isdigit():
            raise ConfigError(f"{version!r} is no published version of {function}")
        if any(version in (routing.stable, routing.canary) for routing in self.list_aliases(function).values()):
            raise RolloutConflict(f"version {version} of {function} is in use")
        self.router.versions.pop((function, version), None)
