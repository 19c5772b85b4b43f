"""What differs between environments, as typed settings. Pulumi config is parsed here alone, before any resource."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from canary.schema import LONG_FORMS
from stack.errors import SettingsError
from stack.naming import PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT: Final = Path(__file__).resolve().parent.parent
"""The project's root; relative paths in the config start here."""

LOG_RETENTIONS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The retentions in days that CloudWatch Logs accepts (PutRetentionPolicy)."""

CACHE_SIZES: Final = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")
"""The cache sizes in GB that an API Gateway stage can have."""


class Environment(StrEnum):
    """The environments that exist; there is no default among them."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"

    @classmethod
    def parse(cls, stack: str) -> Self:
        """The environment of a Pulumi stack's name, long forms included.

        Raises:
            SettingsError: the name is none of them. It is never mapped to another environment.
        """
        try:
            return cls(short_name(stack))
        except ValueError:
            known = ", ".join([*cls, *LONG_FORMS])
            raise SettingsError(f"unknown environment {stack!r}; known are {known}") from None


def short_name(environment: str) -> str:
    """The name under which an environment's stack and resources go, by that name or by its long form (D1)."""
    return LONG_FORMS.get(environment, environment)


class CapacityMode(StrEnum):
    """How a table's capacity is bought."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the program may decide by environment; see `DEFAULTS` for the values without any config."""

    environment: Environment
    region: str
    account: str | None
    """The only account to deploy to; None deploys to the caller's."""
    bundle: Path
    """The folder that becomes the package ``handlers`` of every function, or a zip file that is taken as it is."""
    controller: Path
    """The folder that becomes the package ``canary`` of the release controller."""
    build: Path
    """The folder for bundles and manifests."""
    runtime: str
    architecture: str
    memory_mb: int
    async_memory_mb: int
    reserved_concurrency: int
    capacity_mode: CapacityMode
    minimum_capacity: int
    maximum_capacity: int
    point_in_time_recovery: bool
    log_retention_days: int
    audit_retention_days: int
    error_threshold: int
    throttle_threshold: int
    throttle_rate: int
    throttle_burst: int
    cost_centre: str
    data_classification: str
    vpc_cidr: IPv4Network
    nat_gateway: bool
    cache_size_gb: str | None
    budget_usd: int
    alert_email: str | None
    merchants: Mapping[str, str]
    """Merchant -> the URL of its webhook."""
    deletion_protection: bool
    """Whether AWS itself refuses to delete tables."""
    unprotected: tuple[str, ...]
    """The names of the resources whose data may be deleted or replaced by an apply; ``all`` before a destroy."""
    inventory: Path | None
    """A file with another environment's resources that are stood up in this one."""
    starting_capacity: int | None
    """Units for the one apply that makes tables provisioned; None leaves their units to auto-scaling."""


_EVERYWHERE: Final = {
    "bundle": "handlers",
    "controller": "canary",
    "build": "build",
    "runtime": "python3.13",
    "architecture": "arm64",
    "asyncMemoryMb": "3072",
    "reservedConcurrency": "100",
    "maximumCapacity": "50",
    "logRetentionDays": "7",
    "throttleRate": "1000",
    "throttleBurst": "2000",
    "natGateway": "false",
    "cacheSizeGb": "",
    "budgetUsd": "500",
    "alertEmail": "",
    "account": "",
    "merchants": "{}",
    "inventory": "",
    "deletionProtection": "true",
    "unprotected": "",
    "startingCapacity": "",
}

DEFAULTS: Final[Mapping[Environment, Mapping[str, str]]] = {
    Environment.DEV: _EVERYWHERE
    | {
        "memoryMb": "512",
        "capacityMode": "on-demand",
        "minimumCapacity": "5",
        "pointInTimeRecovery": "false",
        "auditRetentionDays": "30",
        "errorThreshold": "5",
        "throttleThreshold": "10",
        "costCentre": "payments-development",
        "dataClassification": "internal",
        "vpcCidr": "10.10.0.0/16",
        "deletionProtection": "false",
    },
    Environment.STAGING: _EVERYWHERE
    | {
        "memoryMb": "1024",
        "capacityMode": "provisioned",
        "minimumCapacity": "5",
        "pointInTimeRecovery": "false",
        "auditRetentionDays": "90",
        "errorThreshold": "3",
        "throttleThreshold": "5",
        "costCentre": "payments-quality",
        "dataClassification": "confidential",
        "vpcCidr": "10.20.0.0/16",
    },
    Environment.PROD: _EVERYWHERE
    | {
        "memoryMb": "2048",
        "capacityMode": "provisioned",
        "minimumCapacity": "20",
        "pointInTimeRecovery": "true",
        "auditRetentionDays": "365",
        "errorThreshold": "1",
        "throttleThreshold": "2",
        "costCentre": "payments-production",
        "dataClassification": "restricted",
        "vpcCidr": "10.30.0.0/16",
        "cacheSizeGb": "0.5",
    },
}
"""The value of each key of the config, as text, where an environment's config says nothing."""


def parse_settings(stack: str, region: str, config: Mapping[str, str]) -> Settings:
    """The settings of the stack's environment: `config` (keys without the project's prefix) over `DEFAULTS`.

    Raises:
        SettingsError: an unknown environment or key, or a value that AWS or this program cannot work with.
    """
    environment = Environment.parse(stack)
    defaults = DEFAULTS[environment]
    if unknown := sorted(set(config) - set(defaults)):
        raise SettingsError(f"unknown setting {PROJECT}:{unknown[0]}; known are {', '.join(sorted(defaults))}")
    texts = _Texts(stack=stack, values={**defaults, **config})
    minimum = texts.whole("minimumCapacity", 1, 40_000)
    maximum = texts.whole("maximumCapacity", minimum, 40_000)
    return Settings(
        environment=environment,
        region=_region(region),
        account=texts.matching("account", r"\d{12}", "an account id of 12 digits") or None,
        bundle=texts.path("bundle"),
        controller=texts.path("controller"),
        build=CHECKOUT / texts.values["build"],
        runtime=texts.matching("runtime", r"python3\.1[1-9]", "a Python runtime from python3.11"),
        architecture=texts.choice("architecture", ("arm64", "x86_64")),
        memory_mb=texts.whole("memoryMb", 128, 10_240),
        async_memory_mb=texts.whole("asyncMemoryMb", 128, 10_240),
        reserved_concurrency=texts.whole("reservedConcurrency", 1, 1000),
        capacity_mode=CapacityMode(texts.choice("capacityMode", tuple(CapacityMode))),
        minimum_capacity=minimum,
        maximum_capacity=maximum,
        point_in_time_recovery=texts.flag("pointInTimeRecovery"),
        log_retention_days=int(texts.choice("logRetentionDays", tuple(map(str, LOG_RETENTIONS)))),
        audit_retention_days=int(texts.choice("auditRetentionDays", tuple(map(str, LOG_RETENTIONS)))),
        error_threshold=texts.whole("errorThreshold", 1, 1_000_000),
        throttle_threshold=texts.whole("throttleThreshold", 1, 1_000_000),
        throttle_rate=texts.whole("throttleRate", 1, 10_000),
        throttle_burst=texts.whole("throttleBurst", 1, 5_000),
        cost_centre=texts.matching("costCentre", r"[\w .:/=+@-]{1,256}", "a tag value"),
        data_classification=texts.choice("dataClassification", ("public", "internal", "confidential", "restricted")),
        vpc_cidr=texts.network("vpcCidr", apart_from=_networks_but(environment)),
        nat_gateway=texts.flag("natGateway"),
        cache_size_gb=texts.choice("cacheSizeGb", ("", *CACHE_SIZES)) or None,
        budget_usd=texts.whole("budgetUsd", 1, 1_000_000),
        alert_email=texts.matching("alertEmail", r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address") or None,
        merchants=texts.urls("merchants"),
        deletion_protection=texts.flag("deletionProtection"),
        unprotected=tuple(filter(None, map(str.strip, texts.values["unprotected"].split(",")))),
        inventory=texts.path("inventory") if texts.values["inventory"] else None,
        starting_capacity=texts.whole_or_none("startingCapacity", minimum, maximum),
    )


def _region(region: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        raise SettingsError(f"aws:region is {region!r}; type pulumi config set aws:region us-east-1")
    return region


_LONGEST_MERCHANT: Final = 31
"""A parameter's name holds it, beside 33 characters more in staging (`stack.naming.LONGEST_NAME`)."""

_MERCHANT_FORM: Final = f"its keys of at most {_LONGEST_MERCHANT} characters in lower-case words joined by '-'"


def _is_merchant(name: str) -> bool:
    return len(name) <= _LONGEST_MERCHANT and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) is not None


def _networks_but(environment: Environment) -> dict[Environment, IPv4Network]:
    """The other environments' own networks: what might one day be connected must not share addresses (D2)."""
    return {each: IPv4Network(DEFAULTS[each]["vpcCidr"]) for each in Environment if each is not environment}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """Config values as text, each taken out as the type that it must be."""

    stack: str
    values: Mapping[str, str]

    def refusal(self, key: str, wanted: str) -> SettingsError:
        """The error of a value that is not what was wanted."""
        return SettingsError(
            f"{PROJECT}:{key} of stack {self.stack} is {self.values[key]!r}, wanted {wanted}; "
            f"type pulumi config set {key} VALUE --stack {self.stack}"
        )

    def matching(self, key: str, pattern: str, wanted: str) -> str:
        """A text of that pattern; an empty one passes where the default is empty."""
        value = self.values[key]
        if re.fullmatch(pattern, value) or value == _EVERYWHERE.get(key) == "":
            return value
        raise self.refusal(key, wanted)

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """One of the known texts."""
        if self.values[key] in known:
            return self.values[key]
        raise self.refusal(key, "one of " + ", ".join(text or "''" for text in known))

    def flag(self, key: str) -> bool:
        """``true`` or ``false``."""
        return self.choice(key, ("true", "false")) == "true"

    def whole(self, key: str, lowest: int, highest: int) -> int:
        """A whole number in that range, its ends included."""
        value = self.values[key]
        if re.fullmatch(r"\d{1,9}", value) and lowest <= int(value) <= highest:
            return int(value)
        raise self.refusal(key, f"a whole number from {lowest} to {highest}")

    def whole_or_none(self, key: str, lowest: int, highest: int) -> int | None:
        """The same, or None for an empty text."""
        return self.whole(key, lowest, highest) if self.values[key] else None

    def network(self, key: str, apart_from: Mapping[Environment, IPv4Network]) -> IPv4Network:
        """A private network that leaves room for four subnets, and overlaps none of the others."""
        try:
            network = IPv4Network(self.values[key])
        except ValueError as error:
            raise self.refusal(key, f"a network such as 10.10.0.0/16 ({error})") from None
        if not network.is_private or not 16 <= network.prefixlen <= 26:  # noqa: PLR2004 - what a VPC with four subnets allows
            raise self.refusal(key, "a private network between /16 and /26")
        if shared := [f"{each} ({other})" for each, other in apart_from.items() if network.overlaps(other)]:
            raise self.refusal(key, f"a network that does not overlap the one of {shared[0]}")
        return network

    def urls(self, key: str) -> dict[str, str]:
        """A JSON object of names and ``https://`` URLs; Pulumi renders a map in its config file so."""
        try:
            urls = json.loads(self.values[key])
        except ValueError:
            urls = None
        if isinstance(urls, dict) and all(_is_merchant(each) for each in urls):
            texts = {name: str(url) for name, url in urls.items()}
            if all(re.match(r"https://[^\s/]+|http://127\.0\.0\.1\b", url) for url in texts.values()):
                return texts
        raise self.refusal(key, f'a map such as {{"acme": "https://acme.example/hooks"}}, {_MERCHANT_FORM}')

    def path(self, key: str) -> Path:
        """A folder or file that exists; relative to the project's root."""
        path = CHECKOUT / self.values[key]
        if not path.exists():
            raise self.refusal(key, f"a folder or zip file that exists ({path} does not)")
        return path
