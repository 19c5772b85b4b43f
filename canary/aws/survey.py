"""The Surveyor: reads settings, alarms and rights for a check-up. The ways into a function are read in `ways.py`."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from canary.aws.alarms import CloudWatchAlarms
from canary.aws.clients import Clients, aws_errors, error_code
from canary.aws.ways import WayFinder
from canary.core.errors import AccessDenied
from canary.core.facts import AlarmFacts, Right, VersionSnapshot, Way, WayKind
from canary.core.model import FunctionName, Version
from canary.core.request import ReleaseRequest
from canary.core.rights import Account, needed_rights

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

SETTINGS: Final = (
    "Runtime",
    "Handler",
    "MemorySize",
    "Timeout",
    "Role",
    "Layers",
    "Environment",
    "Architectures",
    "EphemeralStorage",
    "TracingConfig",
    "VpcConfig",
    "DeadLetterConfig",
    "KMSKeyArn",
    "FileSystemConfigs",
    "LoggingConfig",
    "ImageConfigResponse",
)
"""The settings that a publication freezes and that change what a version does."""
ACTIONS_A_CALL: Final = 40
"""Actions asked of IAM at once; it answers for every pair of action and resource, a thousand at most."""


class AwsSurvey:
    """Reads with the ordinary clients; those for API Gateway, IAM and STS are made when they are first needed."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._alarms = CloudWatchAlarms(clients.cloudwatch)
        self._ways = WayFinder(clients)

    def read_snapshot(self, function: FunctionName, version: Version | None) -> VersionSnapshot | None:
        """One `GetFunctionConfiguration`."""
        name = function if version is None else f"{function}:{version}"
        with aws_errors(f"reading the settings of {name}"):
            try:
                found = self._clients.functions.get_function_configuration(FunctionName=name)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return None
                raise
        return VersionSnapshot(version=found["Version"], code=found["CodeSha256"], settings=tuple(_digests(found)))

    def find_ways(
        self, kind: WayKind, functions: Mapping[FunctionName, Sequence[Version]]
    ) -> Mapping[FunctionName, tuple[Way, ...]]:
        """See `WayFinder`."""
        return self._ways.find(kind, functions)

    def read_alarms(self, names: Sequence[str]) -> tuple[AlarmFacts, ...]:
        """One `DescribeAlarms` for each 100 names."""
        return self._alarms.read_facts(names)

    def list_guards(self) -> tuple[AlarmFacts, ...]:
        """One `DescribeAlarms` a page."""
        return self._alarms.list_guards()

    def find_missing_rights(self, request: ReleaseRequest, store_table: str) -> tuple[Right, ...]:
        """One `SimulatePrincipalPolicy` a resource; the account's root user may do everything.

        What service control policies and permission boundaries forbid is part of the answer only where IAM knows them.
        """
        with aws_errors("asking who calls"):
            arn: str = self._clients.tokens().get_caller_identity()["Arn"]
        partition, account = arn.split(":")[1], arn.split(":")[4]
        here = Account(partition=partition, account=account, region=self._clients.functions.meta.region_name)
        principal = self._principal(arn)
        if principal is None:
            return ()
        needed = needed_rights(here, request, store_table)
        return tuple(right for group in _by_resource(needed) for right in self._denied(principal, group))

    def _principal(self, arn: str) -> str | None:
        """The user or role behind the caller, None for the root user."""
        kind, _, name = arn.split(":", 5)[5].partition("/")
        match kind:
            case "root":
                return None
            case "user":
                return arn
            case "assumed-role":
                with aws_errors("looking up the caller's role"):
                    role: str = self._clients.identities().get_role(RoleName=name.split("/")[0])["Role"]["Arn"]
                return role
        raise AccessDenied(f"the caller {arn} is neither a user nor a role, and IAM can simulate no other")

    def _denied(self, principal: str, rights: Sequence[Right]) -> Iterator[Right]:
        client = self._clients.identities()
        for chunk in (rights[start : start + ACTIONS_A_CALL] for start in range(0, len(rights), ACTIONS_A_CALL)):
            with aws_errors("simulating the caller's rights"):
                answer = client.simulate_principal_policy(
                    PolicySourceArn=principal,
                    ActionNames=[right.action for right in chunk],
                    ResourceArns=[chunk[0].resource],
                )
            allowed = {each["EvalActionName"] for each in answer["EvaluationResults"] if _is_allowed(each)}
            yield from (right for right in chunk if right.action not in allowed)


def _is_allowed(evaluation: Mapping[str, Any]) -> bool:
    return bool(evaluation["EvalDecision"] == "allowed")


def _by_resource(rights: Sequence[Right]) -> Iterator[list[Right]]:
    return (list(group) for _, group in groupby(rights, key=lambda right: right.resource))


def _digests(found: "FunctionConfigurationResponseTypeDef") -> Iterator[tuple[str, str]]:
    for name in SETTINGS:
        value = found.get(name)
        text = json.dumps(value, sort_keys=True, default=str)
        yield name, hashlib.sha256(text.encode()).hexdigest()[:16]
    snap_start = found.get("SnapStart", {}).get("ApplyOn", "None")
    yield "SnapStart", snap_start
