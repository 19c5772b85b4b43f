"""Provider functions that a program may call: who and where it is, and policy documents."""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from localcloud.resources.cloud import Cloud
from localcloud.resources.errors import ResourceError, UnhonouredProperty

Answer = dict[str, Any]

_DOCUMENT: Final = frozenset(
    (
        "version",
        "policyId",
        "statements",
        "sourcePolicyDocuments",
        "overridePolicyDocuments",
        "sourceJson",
        "overrideJson",
    )
)
_STATEMENT: Final = frozenset(
    ("sid", "effect", "actions", "notActions", "resources", "notResources", "principals", "notPrincipals", "conditions")
)
_DNS_SUFFIX: Final = "amazonaws.com"


def invoke(cloud: Cloud, name: str, arguments: Mapping[str, Any]) -> Answer:
    """The function's answer; refused with the list of supported ones when it is not among them."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise ResourceError(f"not supported by the local engine, which has {', '.join(sorted(_FUNCTIONS))}")
    return function(cloud, {key: value for key, value in arguments.items() if value is not None})


def _caller_identity(cloud: Cloud, arguments: Mapping[str, Any]) -> Answer:
    del arguments
    who = cloud.client("sts").get_caller_identity()
    return {"accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"], "id": who["Account"]}


def _region(cloud: Cloud, arguments: Mapping[str, Any]) -> Answer:
    region = str(arguments.get("region") or arguments.get("name") or cloud.region)
    endpoint = f"ec2.{region}.{_DNS_SUFFIX}"
    return {"id": region, "region": region, "name": region, "endpoint": endpoint, "description": region}


def _partition(cloud: Cloud, arguments: Mapping[str, Any]) -> Answer:
    del arguments
    reverse = ".".join(reversed(_DNS_SUFFIX.split(".")))
    suffixes = {"dnsSuffix": _DNS_SUFFIX, "reverseDnsPrefix": reverse}
    return {"id": cloud.partition, "partition": cloud.partition} | suffixes


def _availability_zones(cloud: Cloud, arguments: Mapping[str, Any]) -> Answer:
    if unknown := sorted(arguments.keys() - {"state", "region", "excludeNames", "excludeZoneIds"}):
        raise UnhonouredProperty(f"getAvailabilityZones: {', '.join(unknown)} is not honoured by the local engine")
    zones = cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    kept = [
        zone
        for zone in sorted(zones, key=lambda zone: str(zone["ZoneName"]))
        if zone.get("State", "available") == arguments.get("state", zone.get("State", "available"))
        and zone["ZoneName"] not in arguments.get("excludeNames", ())
        and zone.get("ZoneId") not in arguments.get("excludeZoneIds", ())
    ]
    named = {"names": [zone["ZoneName"] for zone in kept], "zoneIds": [zone.get("ZoneId", "") for zone in kept]}
    return {"id": cloud.region, "groupNames": [cloud.region], "region": cloud.region} | named


def _policy_document(cloud: Cloud, arguments: Mapping[str, Any]) -> Answer:
    """The document as the AWS provider renders it: one-element lists become texts, statements keep their order."""
    del cloud
    if unknown := sorted(arguments.keys() - _DOCUMENT):
        raise UnhonouredProperty(f"getPolicyDocument: {', '.join(unknown)} is not honoured by the local engine")
    statements = [_statement(each) for each in arguments.get("statements", ())]
    before = [*_texts(arguments, "sourceJson"), *arguments.get("sourcePolicyDocuments", ())]
    after = [*_texts(arguments, "overrideJson"), *arguments.get("overridePolicyDocuments", ())]
    merged = [*_statements(before), *statements]
    for override in _statements(after):
        same = [i for i, each in enumerate(merged) if override.get("Sid") and each.get("Sid") == override["Sid"]]
        merged = [*merged, override] if not same else [*merged[: same[0]], override, *merged[same[0] + 1 :]]
    head = {"Version": arguments.get("version", "2012-10-17")}
    named = {"Id": arguments["policyId"]} if arguments.get("policyId") else {}
    document = head | named | {"Statement": merged}
    text, short = json.dumps(document, indent=2), json.dumps(document, separators=(",", ":"))
    return {"id": str(zlib.crc32(text.encode())), "json": text, "minifiedJson": short}


def _texts(arguments: Mapping[str, Any], name: str) -> list[str]:
    return [arguments[name]] if arguments.get(name) else []


def _statements(documents: Sequence[str]) -> list[Answer]:
    found: list[Answer] = []
    for document in documents:
        statements = json.loads(document).get("Statement", [])
        found.extend(statements if isinstance(statements, list) else [statements])
    return found


def _statement(given: Mapping[str, Any]) -> Answer:
    if unknown := sorted(given.keys() - _STATEMENT):
        raise UnhonouredProperty(f"getPolicyDocument: statements.{unknown[0]} is not honoured by the local engine")
    made: Answer = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = given.get("effect", "Allow")
    for name, key in (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource")):
        if given.get(name):
            made[key] = _one_or_many(given[name])
    if given.get("notResources"):
        made["NotResource"] = _one_or_many(given["notResources"])
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            made[key] = _principals(given[name])
    if given.get("conditions"):
        made["Condition"] = _conditions(given["conditions"])
    return made


def _principals(given: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - "*" or a mapping
    if any(each["type"] == "*" for each in given):
        return "*"
    found: dict[str, list[str]] = {}
    for each in given:
        found.setdefault(each["type"], []).extend(each["identifiers"])
    return {kind: _one_or_many(identifiers) for kind, identifiers in found.items()}


def _conditions(given: Sequence[Mapping[str, Any]]) -> Answer:
    found: dict[str, dict[str, Any]] = {}
    for each in given:
        found.setdefault(each["test"], {})[each["variable"]] = _one_or_many(each["values"])
    return found


def _one_or_many(items: Sequence[str]) -> Any:  # noqa: ANN401 - a text or a list
    return items[0] if len(items) == 1 else sorted(items, reverse=True)


_FUNCTIONS: Final[Mapping[str, Callable[[Cloud, Mapping[str, Any]], Answer]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
