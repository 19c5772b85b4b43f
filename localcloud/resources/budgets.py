"""Budgets with their notifications. The embedded cloud keeps them; it has no bill to compare with."""

from collections.abc import Mapping
from typing import Any, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag, tag_list

_SETTINGS: Final = names("name budgetType limitAmount limitUnit timeUnit costFilters costTypes")
_KEPT: Final = names("comparisonOperator threshold thresholdType notificationType")


class Budget(ResourceType):
    """``aws:budgets/budget:Budget``; its id is ``account:name``."""

    kind = "aws:budgets/budget:Budget"
    service = "budgets"
    honours = _SETTINGS | names("notifications accountId tags")
    replaces = names("name accountId")
    identity = ("accountId", "name")
    name_property = "name"
    stable = names("arn name")

    @override
    def identify(self, cloud: Cloud, inputs: Inputs) -> str:
        return f"{inputs.get('accountId') or cloud.account}:{inputs['name']}"

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        notified = [_notified(each) for each in inputs.get("notifications") or []]
        sent = {"Budget": _budget(api, inputs), "NotificationsWithSubscribers": notified}
        if tags := tag_list(inputs.get("tagsAll")):
            sent["ResourceTags"] = tags
        api.create_budget(AccountId=inputs.get("accountId") or cloud.account, **sent)
        return self.identify(cloud, inputs)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        account, name = identifier.split(":", 1)
        found = lookup(self.api(cloud).describe_budget, AccountId=account, BudgetName=name)
        arn = f"arn:{cloud.partition}:budgets::{account}:budget/{name}"
        return found and {"arn": arn, "name": name, "accountId": account}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)
        account, name = identifier.split(":", 1)
        if changed & _SETTINGS:
            api.update_budget(AccountId=account, NewBudget=_budget(api, inputs))
        key = {"AccountId": account, "BudgetName": name}
        if "notifications" in changed:
            for each in old.get("notifications") or []:
                lookup(api.delete_notification, Notification=_notified(each)["Notification"], **key)
            for each in inputs.get("notifications") or []:
                api.create_notification(**_notified(each), **key)
        arn = f"arn:{cloud.partition}:budgets::{account}:budget/{name}"
        retag(
            inputs,
            old,
            lambda tags: api.tag_resource(ResourceARN=arn, ResourceTags=tag_list(tags)),
            lambda keys: api.untag_resource(ResourceARN=arn, ResourceTagKeys=keys),
        )

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        account, name = identifier.split(":", 1)
        lookup(self.api(cloud).delete_budget, AccountId=account, BudgetName=name)


def _budget(api: Any, inputs: Inputs) -> dict[str, Any]:  # noqa: ANN401 - boto3
    filters = {each["name"]: each["values"] for each in inputs.get("costFilters") or []}
    limit = {"amount": inputs["limitAmount"], "unit": inputs["limitUnit"]}
    kept = {name: inputs.get(name) for name in ("budgetType", "timeUnit", "costTypes")}
    wrapped = {"budgetName": inputs["name"], "budgetLimit": limit, "costFilters": filters or None} | kept
    budget: dict[str, Any] = shaped(api, "create_budget", {"budget": wrapped}, "budget")["Budget"]
    return budget


def _notified(notification: Mapping[str, Any]) -> dict[str, Any]:
    addresses = [("EMAIL", each) for each in notification.get("subscriberEmailAddresses") or []]
    addresses += [("SNS", each) for each in notification.get("subscriberSnsTopicArns") or []]
    kept = {name[0].upper() + name[1:]: notification[name] for name in sorted(_KEPT) if name in notification}
    kept["Threshold"] = float(kept["Threshold"])
    return {
        "Notification": kept,
        "Subscribers": [{"SubscriptionType": kind, "Address": address} for kind, address in addresses],
    }
