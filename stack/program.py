"""The program: reads the settings, then declares the components, in the order in which they build on each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws
from pulumi.runtime.config import CONFIG, get_config_env

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS, release_parameter
from stack.bundle import code_bundle, described
from stack.components.api import PaymentsApi, PaymentsApiArgs
from stack.components.backup import TableBackups
from stack.components.bucket import Bucket, BucketArgs
from stack.components.firewall import WebFirewall
from stack.components.keys import EncryptionKey
from stack.components.network import Network, NetworkArgs
from stack.components.notices import AlarmTopic, SpendingCap
from stack.delivery import Delivery, controller_bundle
from stack.errors import SettingsError
from stack.grants import FUNCTIONS
from stack.inventory import read_inventory, stand_up
from stack.layer import require_layer
from stack.manifest import Manifest
from stack.naming import PROJECT, Place
from stack.openapi import body_schemas
from stack.service import PaymentsService, parts_of
from stack.settings import CHECKOUT, Settings, parse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.inventory import Inventory


API_DOCUMENT: Final = CHECKOUT / "handlers" / "openapi.json"


def declare() -> None:
    """Declares every resource of the selected stack's environment, and exports its outputs."""
    settings = parse_settings(pulumi.get_stack(), pulumi.Config("aws").require("region"), project_config())
    inventory = read_inventory(settings.inventory, settings.environment) if settings.inventory else None
    require_bundles(settings, inventory)
    place = place_of(settings, aws.get_caller_identity().account_id)
    require_layer(settings.build, settings.architecture, place.account)
    manifest = Manifest()
    key = EncryptionKey(place)
    topic = AlarmTopic(place, settings.alert_email, key.arn)
    SpendingCap(place, settings.budget_usd, topic.arn)
    declare_network(settings, place)
    buckets = declare_buckets(settings, place, key)
    service = PaymentsService(settings, place, key_arn=key.arn, alarm_actions=[topic.arn])
    api = declare_api(settings, place, service)
    WebFirewall(place, {stage: each.arn for stage, each in api.stages.items()})
    delivery = Delivery(settings, place, service=service, api=api, key=key)
    delivery.declare()
    tables = [*service.tables, delivery.store]
    if inventory is not None:
        tables += stand_up(
            inventory, settings, place, key_arn=key.arn, layers=service.layers, alarm_actions=service.alarm_actions
        )
        pulumi.export("migrated", {"from": inventory.source, **inventory.counts})
    TableBackups(place, tables, key.arn)
    export(settings, service, api)
    pulumi.export("buckets", {each.purpose: each.name for each in buckets})
    pulumi.export("store", delivery.store.name)
    pulumi.export("release_parameter", release_parameter(place.environment))
    pulumi.export("manifest", manifest.write(place, settings.build / "manifests"))


def require_bundles(settings: Settings, inventory: Inventory | None) -> None:
    """Builds every bundle once, so that one that cannot be built is refused before any resource.

    Raises:
        SettingsError: a folder holds no Python module, or a bundle is too large for a direct upload.
    """
    for purpose in FUNCTIONS:
        code_bundle(settings.bundle, settings.build, parts_of(purpose))
    for function in inventory.functions if inventory else ():
        code_bundle(CHECKOUT / function.bundle, settings.build)
    controller_bundle(settings)


def declare_api(settings: Settings, place: Place, service: PaymentsService) -> PaymentsApi:
    """The API of the service's OpenAPI document."""
    document = json.loads(API_DOCUMENT.read_text(encoding="utf-8"))
    return PaymentsApi(
        PaymentsApiArgs(
            place=place,
            routes=service.routes(document),
            schemas=body_schemas(document),
            throttle_rate=settings.throttle_rate,
            throttle_burst=settings.throttle_burst,
            cache_size_gb=settings.cache_size_gb,
            log_retention_days=settings.log_retention_days,
            alarm_actions=service.alarm_actions,
        )
    )


def export(settings: Settings, service: PaymentsService, api: PaymentsApi) -> None:
    """Exports what people and tools ask a deployment for (B7)."""
    pulumi.export("environment", settings.environment.value)
    pulumi.export("functions", {each.purpose: each.name for each in service.functions})
    pulumi.export("function_arns", {each.purpose: each.arn for each in service.functions})
    pulumi.export("bundles", {each.purpose: described(each.bundle) for each in service.functions})
    pulumi.export("candidate_versions", {each.purpose: each.version for each in service.functions})
    pulumi.export("tables", {each.purpose: each.name for each in service.tables})
    pulumi.export("queues", {each.purpose: each.url for each in (service.processing, service.notifications)})
    pulumi.export("topics", {service.payment_events.purpose: service.payment_events.arn})
    pulumi.export("live_url", api.urls[LIVE_ALIAS])
    pulumi.export("preview_url", api.urls[PREVIEW_ALIAS])
    pulumi.export("api_key_id", api.key_id)


def project_config() -> dict[str, str]:
    """This project's config, its keys without the prefix."""
    given: Mapping[str, str] = {**get_config_env(), **CONFIG.get()}
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in given.items() if key.startswith(f"{PROJECT}:")}


def place_of(settings: Settings, caller_account: str) -> Place:
    """Where this environment lives.

    Raises:
        SettingsError: the caller's account is not the one that the settings name.
    """
    if settings.account not in {None, caller_account}:
        raise SettingsError(
            f"{PROJECT}:account of {settings.environment} is {settings.account}, but the credentials belong to "
            f"{caller_account}; type export AWS_PROFILE=... for the right account"
        )
    return Place(
        environment=settings.environment,
        account=caller_account,
        region=settings.region,
        cost_centre=settings.cost_centre,
        data_classification=settings.data_classification,
        deletion_protection=settings.deletion_protection,
        unprotected=settings.unprotected,
    )


def declare_network(settings: Settings, place: Place) -> None:
    """The environment's VPC, over the first two zones that the account sees (D2)."""
    zones = aws.get_availability_zones(state="available").names
    Network(NetworkArgs(place=place, cidr=settings.vpc_cidr, zones=zones, nat_gateway=settings.nat_gateway))


def declare_buckets(settings: Settings, place: Place, key: EncryptionKey) -> tuple[Bucket, Bucket]:
    """The buckets of audit logs (D3) and of documents (C2)."""
    audit = Bucket(
        BucketArgs(
            place=place,
            purpose="audit-logs",
            key_arn=key.arn,
            colder_class="STANDARD_IA",
            colder_after_days=30,
            expire_after_days=settings.audit_retention_days,
        )
    )
    documents = Bucket(
        BucketArgs(place=place, purpose="documents", key_arn=key.arn, colder_class="GLACIER", colder_after_days=90)
    )
    return audit, documents
