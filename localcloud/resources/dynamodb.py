"""DynamoDB tables with their indexes, time-to-live, point-in-time recovery, streams and encryption."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_PROVISIONED: Final = "PROVISIONED"
_ACTIVE_WITHIN: Final = 60.0
_POLL: Final = 0.02


class Table(ResourceType):
    """``aws:dynamodb/table:Table``; a switch of billing mode or of capacity is an update in place."""

    kind = "aws:dynamodb/table:Table"
    service = "dynamodb"
    honours = names(
        "name hashKey rangeKey attributes billingMode readCapacity writeCapacity globalSecondaryIndexes "
        "localSecondaryIndexes ttl pointInTimeRecovery serverSideEncryption streamEnabled streamViewType tableClass "
        "deletionProtectionEnabled onDemandThroughput tags"
    )
    replaces = names("name hashKey rangeKey localSecondaryIndexes")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"billingMode": _PROVISIONED, "streamEnabled": False, "deletionProtectionEnabled": False}

    @override
    def volatile(self, changed: frozenset[str]) -> frozenset[str]:
        return names("streamArn streamLabel") if changed & names("streamEnabled streamViewType") else frozenset()

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, name = self.api(cloud), str(inputs["name"])
        plain = "billingMode tableClass deletionProtectionEnabled onDemandThroughput"
        sent = shaped(api, "create_table", inputs, plain) | _throughput(inputs, inputs)
        if indexes := inputs.get("globalSecondaryIndexes"):
            sent["GlobalSecondaryIndexes"] = [_index(index, inputs) for index in indexes]
        if indexes := inputs.get("localSecondaryIndexes"):
            local = [{"hashKey": inputs["hashKey"]} | index for index in indexes]
            sent["LocalSecondaryIndexes"] = [_index(index, None) for index in local]
        if inputs["streamEnabled"]:
            sent["StreamSpecification"] = _stream(inputs)
        if inputs.get("serverSideEncryption"):
            sent["SSESpecification"] = _encryption(inputs)
        if tags := tag_list(inputs.get("tagsAll")):
            sent["Tags"] = tags
        api.create_table(TableName=name, KeySchema=_keys(inputs), AttributeDefinitions=_attributes(inputs), **sent)
        _settle(api, name)
        given = frozenset(key for key in ("ttl", "pointInTimeRecovery") if inputs.get(key))
        _switch_features(api, name, inputs, given)
        return name

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        api = self.api(cloud)
        found = lookup(api.describe_table, TableName=identifier)
        if found is None:
            return None
        table = found["Table"]
        mode = (table.get("BillingModeSummary") or {}).get("BillingMode", _PROVISIONED)
        stream = {"streamArn": table.get("LatestStreamArn"), "streamLabel": table.get("LatestStreamLabel")}
        outputs = {"name": identifier, "arn": table["TableArn"], "billingMode": mode} | stream
        if mode == _PROVISIONED and state.get("readCapacity"):
            throughput = table["ProvisionedThroughput"]
            outputs["readCapacity"] = throughput["ReadCapacityUnits"]
            outputs["writeCapacity"] = throughput["WriteCapacityUnits"]
        return outputs

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        for call in _table_updates(api, inputs, old, changed):
            api.update_table(TableName=identifier, **call)
            _settle(api, identifier)
        _switch_features(api, identifier, inputs, changed)
        arn = cloud.arn("dynamodb", f"table/{identifier}")
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(ResourceArn=arn, Tags=tag_list(tags)),
            lambda keys: api.untag_resource(ResourceArn=arn, TagKeys=keys),
        )

    @override
    def unprotect(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if state.get("deletionProtectionEnabled"):
            lookup(self.api(cloud).update_table, TableName=identifier, DeletionProtectionEnabled=False)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_table, TableName=identifier)


def _table_updates(api: Any, new: Inputs, old: Inputs, changed: frozenset[str]) -> list[dict[str, Any]]:  # noqa: ANN401
    """UpdateTable takes one kind of change at a time, and one index at a time."""
    calls: list[dict[str, Any]] = []
    if changed & names("billingMode readCapacity writeCapacity") or _capacities(new) != _capacities(old):
        calls.extend(_billing(new, old))
    if "streamEnabled" in changed or ("streamViewType" in changed and new["streamEnabled"]):
        calls.append({"StreamSpecification": _stream(new)})
    if "serverSideEncryption" in changed:
        calls.append({"SSESpecification": _encryption(new)})
    alone = sorted(changed & names("tableClass deletionProtectionEnabled onDemandThroughput"))
    calls.extend(shaped(api, "update_table", new, name) for name in alone)
    return calls + _index_changes(new, old)


def _billing(new: Inputs, old: Inputs) -> list[dict[str, Any]]:
    """One call for mode and throughput of the table and of every index that stays: a mode change wants them all."""
    call: dict[str, Any] = {"BillingMode": new["billingMode"]} | _throughput(new, new)
    if new["billingMode"] == _PROVISIONED:
        kept = {index["name"] for index in old.get("globalSecondaryIndexes") or []}
        changes = [
            {"Update": {"IndexName": index["name"]} | _throughput(new, index)}
            for index in new.get("globalSecondaryIndexes") or []
            if index["name"] in kept
        ]
        if changes:
            call["GlobalSecondaryIndexUpdates"] = changes
    return [call]


def _index_changes(new: Inputs, old: Inputs) -> list[dict[str, Any]]:
    before = {index["name"]: _definition(index) for index in old.get("globalSecondaryIndexes") or []}
    after = {index["name"]: index for index in new.get("globalSecondaryIndexes") or []}
    gone = [name for name in before if name not in after or before[name] != _definition(after[name])]
    made = [index for name, index in after.items() if name not in before or name in gone]
    deletes = [{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]} for name in gone]
    creates = [
        {
            "AttributeDefinitions": _attributes(new),
            "GlobalSecondaryIndexUpdates": [{"Create": _index(index, new)}],
        }
        for index in made
    ]
    return deletes + creates


def _definition(index: Inputs) -> dict[str, Any]:
    """What cannot change in an index without making it anew."""
    return {name: value for name, value in index.items() if name not in ("readCapacity", "writeCapacity")}


def _capacities(inputs: Inputs) -> list[tuple[Any, ...]]:
    indexes = inputs.get("globalSecondaryIndexes") or []
    return [(index["name"], index.get("readCapacity"), index.get("writeCapacity")) for index in indexes]


def _keys(owner: Mapping[str, Any]) -> list[dict[str, str]]:
    """The key schema of a table or of an index."""
    if owner.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in owner["keySchemas"]]
    keys = [{"AttributeName": owner["hashKey"], "KeyType": "HASH"}]
    return keys + ([{"AttributeName": owner["rangeKey"], "KeyType": "RANGE"}] if owner.get("rangeKey") else [])


def _attributes(inputs: Inputs) -> list[dict[str, str]]:
    return [{"AttributeName": each["name"], "AttributeType": each["type"]} for each in inputs.get("attributes") or []]


def _index(index: Mapping[str, Any], table: Inputs | None) -> dict[str, Any]:
    """An index as CreateTable wants it; `table` is None for a local index, which has no throughput of its own."""
    known = names("name hashKey rangeKey keySchemas projectionType nonKeyAttributes readCapacity writeCapacity")
    if unknown := sorted(index.keys() - known):
        raise ResourceError(f"index {index['name']}: the local engine does not carry {', '.join(unknown)}")
    projection: dict[str, Any] = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    made: dict[str, Any] = {"IndexName": index["name"], "KeySchema": _keys(index), "Projection": projection}
    return made if table is None else made | _throughput(table, index)


def _throughput(table: Inputs, owner: Mapping[str, Any]) -> dict[str, Any]:
    if table["billingMode"] != _PROVISIONED or not owner.get("readCapacity") or not owner.get("writeCapacity"):
        return {}
    units = {"ReadCapacityUnits": owner["readCapacity"], "WriteCapacityUnits": owner["writeCapacity"]}
    return {"ProvisionedThroughput": units}


def _stream(inputs: Inputs) -> dict[str, Any]:
    if not inputs["streamEnabled"]:
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


def _encryption(inputs: Inputs) -> dict[str, Any]:
    settings = inputs.get("serverSideEncryption") or {"enabled": False}
    if not settings.get("enabled"):
        return {"Enabled": False}
    key = {"KMSMasterKeyId": settings["kmsKeyArn"]} if settings.get("kmsKeyArn") else {}
    return {"Enabled": True, "SSEType": "KMS"} | key


def _switch_features(api: Any, name: str, inputs: Inputs, changed: frozenset[str]) -> None:  # noqa: ANN401 - boto3
    """Time-to-live and point-in-time recovery, which have calls of their own."""
    if "ttl" in changed:
        _expire(api, name, inputs.get("ttl") or {})
    if "pointInTimeRecovery" in changed:
        recovery = inputs.get("pointInTimeRecovery") or {"enabled": False}
        wanted: dict[str, Any] = {"PointInTimeRecoveryEnabled": bool(recovery.get("enabled"))}
        if recovery.get("recoveryPeriodInDays"):
            wanted["RecoveryPeriodInDays"] = recovery["recoveryPeriodInDays"]
        api.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)


def _expire(api: Any, name: str, ttl: Mapping[str, Any]) -> None:  # noqa: ANN401 - boto3
    """Sets time-to-live only where it differs: AWS refuses a second change within the hour, and a needless one."""
    live = api.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    attribute, enabled = ttl.get("attributeName"), bool(ttl) and bool(ttl.get("enabled", True))
    if (live.get("TimeToLiveStatus") == "ENABLED") == enabled:
        return
    specification = {"Enabled": enabled, "AttributeName": attribute or live.get("AttributeName")}
    api.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)


def _settle(api: Any, name: str) -> None:  # noqa: ANN401 - boto3
    deadline = time.monotonic() + _ACTIVE_WITHIN
    while time.monotonic() < deadline:
        table = api.describe_table(TableName=name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes") or []
        if table["TableStatus"] == "ACTIVE" and all(index.get("IndexStatus") == "ACTIVE" for index in indexes):
            return
        time.sleep(_POLL)
    raise ResourceError(f"table {name}: not ACTIVE after {_ACTIVE_WITHIN:.0f} s")
