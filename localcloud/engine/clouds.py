"""Which region and which default tags a resource gets: its own, its provider's, or the stack's."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from localcloud.engine.errors import EngineError
from localcloud.engine.values import Properties, revealed
from localcloud.resources.cloud import Cloud

DEFAULT_REGION: Final = "us-east-1"
_HONOURED: Final = frozenset(("region", "defaultTags", "allowedAccountIds", "forbiddenAccountIds", "version"))
_MEANINGLESS: Final = frozenset(
    # how a real account is reached; the embedded cloud is reached by its endpoint alone
    (
        "accessKey",
        "secretKey",
        "token",
        "profile",
        "maxRetries",
        "retryMode",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "s3UsePathStyle",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What the engine takes from an AWS provider."""

    region: str
    default_tags: Mapping[str, str]


@dataclass(slots=True)
class Clouds:
    """One `Cloud` a region, made when first needed."""

    endpoint: str
    account: str
    default: ProviderSettings
    _providers: dict[str, ProviderSettings] = field(default_factory=dict)
    _regions: dict[str, Cloud] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_provider(self, urn: str, inputs: Properties) -> None:
        """Takes an explicit provider's settings."""
        self._providers[urn] = _settings(urn, revealed(inputs), self.account, self.default.region)

    def settings(self, provider: str) -> ProviderSettings:
        """Of a provider reference (``urn::id``); the default provider's when it is empty."""
        return self._providers.get(provider.rpartition("::")[0], self.default)

    def region(self, name: str) -> Cloud:
        """The region's clients."""
        with self._lock:
            if name not in self._regions:
                self._regions[name] = Cloud(self.endpoint, name, self.account)
            return self._regions[name]

    def of(self, provider: str, inputs: Mapping[str, Any]) -> Cloud:
        """The clients for a resource: its own ``region`` wins over its provider's."""
        return self.region(str(inputs.get("region") or self.settings(provider).region))


def default_settings(config: Mapping[str, str], account: str) -> ProviderSettings:
    """Of the default provider, from the ``aws:`` keys of the stack's configuration."""
    inputs = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    return _settings("the aws: configuration", inputs, account, DEFAULT_REGION)


def _settings(owner: str, inputs: Mapping[str, Any], account: str, region: str) -> ProviderSettings:
    if unknown := sorted(inputs.keys() - _HONOURED - _MEANINGLESS):
        raise EngineError(f"{owner}: the local engine does not honour {', '.join(unknown)}: remove it for this stack")
    allowed, forbidden = _parsed(inputs.get("allowedAccountIds")), _parsed(inputs.get("forbiddenAccountIds"))
    if (allowed and account not in allowed) or (forbidden and account in forbidden):
        raise EngineError(f"{owner}: account {account} of the embedded cloud is not allowed here")
    tags = (_parsed(inputs.get("defaultTags")) or {}).get("tags") or {}
    return ProviderSettings(region=str(inputs.get("region") or region), default_tags=tags)


def _parsed(value: object) -> Any:  # noqa: ANN401 - JSON; Pulumi passes a provider's objects as text
    return json.loads(value) if isinstance(value, str) else value
