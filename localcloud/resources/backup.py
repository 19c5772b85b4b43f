"""AWS Backup: vaults, plans and what a plan selects."""

from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag

_PLAN_RENAMES: Final = {
    "name": "BackupPlanName",
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "deleteAfter": "DeleteAfterDays",
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "destinationVaultArn": "DestinationBackupVaultArn",
}
_START_MINUTES: Final = 60
_COMPLETION_MINUTES: Final = 180


class Vault(ResourceType):
    """``aws:backup/vault:Vault``."""

    kind = "aws:backup/vault:Vault"
    service = "backup"
    honours = names("name kmsKeyArn forceDestroy tags")
    replaces = names("name kmsKeyArn")
    identity = ("name",)
    name_property = "name"
    stable = names("arn name")
    defaults: ClassVar = {"forceDestroy": False}

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        renames = {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"}
        sent = shaped(api, "create_backup_vault", inputs, "name kmsKeyArn", renames)
        api.create_backup_vault(BackupVaultTags=dict(inputs.get("tagsAll") or {}), **sent)
        return str(inputs["name"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).describe_backup_vault, BackupVaultName=identifier)
        return found and {
            "name": identifier,
            "arn": found["BackupVaultArn"],
            "recoveryPoints": found.get("NumberOfRecoveryPoints", 0),
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        _retag(self.api(cloud), cloud.arn("backup", f"backup-vault:{identifier}"), inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        api = self.api(cloud)
        if state.get("forceDestroy") and self.read(cloud, identifier, state) is not None:
            points = api.list_recovery_points_by_backup_vault(BackupVaultName=identifier)["RecoveryPoints"]
            for point in points:
                api.delete_recovery_point(BackupVaultName=identifier, RecoveryPointArn=point["RecoveryPointArn"])
        lookup(api.delete_backup_vault, BackupVaultName=identifier)


class Plan(ResourceType):
    """``aws:backup/plan:Plan``."""

    kind = "aws:backup/plan:Plan"
    service = "backup"
    honours = names("name rules advancedBackupSettings tags")
    replaces = names("name")
    name_property = "name"

    @override
    def volatile(self, changed: frozenset[str]) -> frozenset[str]:
        return names("version") if changed & names("rules advancedBackupSettings") else frozenset()

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        tags = dict(inputs.get("tagsAll") or {})
        answer = api.create_backup_plan(BackupPlanTags=tags, **_plan(api, "create_backup_plan", inputs))
        return str(answer["BackupPlanId"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_backup_plan, BackupPlanId=identifier)
        if found is None or found.get("DeletionDate"):
            return None
        return {"arn": found["BackupPlanArn"], "version": found.get("VersionId")}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        if changed & names("rules advancedBackupSettings"):
            api.update_backup_plan(BackupPlanId=identifier, **_plan(api, "update_backup_plan", inputs))
        _retag(api, cloud.arn("backup", f"backup-plan:{identifier}"), inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_backup_plan, BackupPlanId=identifier)


class Selection(ResourceType):
    """``aws:backup/selection:Selection``; AWS cannot change one, so every change replaces it."""

    kind = "aws:backup/selection:Selection"
    service = "backup"
    honours = names("name planId iamRoleArn resources notResources selectionTags conditions")
    replaces = honours
    name_property = "name"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        selection = {name: inputs.get(name) for name in self.honours - {"planId", "selectionTags"}}
        tags = [
            {"conditionType": tag["type"], "conditionKey": tag["key"], "conditionValue": tag["value"]}
            for tag in inputs.get("selectionTags") or []
        ]
        wrapped = {"planId": inputs["planId"], "backupSelection": selection | {"listOfTags": tags or None}}
        renames = {"planId": "BackupPlanId", "name": "SelectionName", "key": "ConditionKey", "value": "ConditionValue"}
        sent = shaped(api, "create_backup_selection", wrapped, "planId backupSelection", renames)
        return str(api.create_backup_selection(**sent)["SelectionId"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        key = {"BackupPlanId": state["planId"], "SelectionId": identifier}
        return None if lookup(self.api(cloud).get_backup_selection, **key) is None else {}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_backup_selection, BackupPlanId=state["planId"], SelectionId=identifier)


def _plan(api: Any, operation: str, inputs: Inputs) -> dict[str, Any]:  # noqa: ANN401 - boto3
    windows = {"startWindow": _START_MINUTES, "completionWindow": _COMPLETION_MINUTES}
    rules = [windows | rule for rule in inputs["rules"]]
    wrapped = {"name": inputs["name"], "rules": rules, "advancedBackupSettings": inputs.get("advancedBackupSettings")}
    return shaped(api, operation, {"backupPlan": wrapped}, "backupPlan", _PLAN_RENAMES)


def _retag(api: Any, arn: str, inputs: Inputs, old: Inputs) -> None:  # noqa: ANN401 - boto3
    retag(
        inputs,
        old,
        lambda tags: api.tag_resource(ResourceArn=arn, Tags=tags),
        lambda keys: api.untag_resource(ResourceArn=arn, TagKeyList=keys),
    )
