"""Finds the embedded cloud, by ``AWS_ENDPOINT_URL`` or the instance file of ``localcloud up``; on loopback only."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from localcloud.engine.errors import EndpointUnavailable, EngineError

HOME: Final = Path(".localcloud")
_SCHEMES: Final = ("http", "https")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the embedded cloud is, and which run of it: an empty id when only its address is known."""

    endpoint: str
    instance: str


def find_target(root: Path, environment: Mapping[str, str] | None = None) -> Target:
    """The running instance recorded under `root`, or what ``AWS_ENDPOINT_URL`` names; that wins when both are there."""
    named = (os.environ if environment is None else environment).get("AWS_ENDPOINT_URL", "")
    recorded = _recorded(root / HOME / "instance.json")
    if named and (recorded is None or recorded.endpoint.rstrip("/") != named.rstrip("/")):
        return Target(endpoint=require_loopback(named), instance="")
    if recorded is None:
        raise EndpointUnavailable("no embedded cloud is running here: start it with `localcloud up`")
    return Target(endpoint=require_loopback(recorded.endpoint), instance=recorded.instance)


def require_loopback(endpoint: str) -> str:
    """The endpoint, when its host is this machine; the local engine never talks to anything else."""
    parts = urlsplit(endpoint)
    if parts.scheme not in _SCHEMES or not _is_loopback(parts.hostname or ""):
        raise EngineError(
            f"endpoint {endpoint} is not on loopback: the local engine applies to the embedded cloud only; for AWS use "
            "`pulumi up`"
        )
    return endpoint.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _recorded(path: Path) -> Target | None:
    try:
        document = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise EngineError(f"{path} is not JSON: run `localcloud down`, then `localcloud up`") from error
    return Target(endpoint=str(document["endpoint"]), instance=str(document["instance_id"]))
