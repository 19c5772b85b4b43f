"""The program: reads the settings, then declares the components, in the order in which they build on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws
from pulumi.runtime.config import CONFIG, get_config_env

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS, ROLLOUT_EXPIRY, ROLLOUT_PARTITION_KEY, ROLLOUT_SORT_KEY
from stack import policies
from stack.bundle import code_bundle
from stack.components.api import PaymentsApi, PaymentsApiArgs, Route
from stack.components.function import BlueGreenFunction, BlueGreenFunctionArgs, FunctionAlarms
from stack.components.release import ReleaseParameter, ReleaseParameterArgs
from stack.components.table import Capacity, Index, Table, TableArgs
from stack.errors import SettingsError
from stack.naming import PROJECT, Place
from stack.settings import CHECKOUT, Settings, parse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_INDEX: Final = "status-index"
BUNDLES: Final = CHECKOUT / "build" / "bundles"


def declare() -> None:
    """Declares every resource of the selected stack's environment, and exports its outputs."""
    settings = parse_settings(pulumi.get_stack(), pulumi.Config("aws").require("region"), project_config())
    place = place_of(settings, aws.get_caller_identity().account_id)
    table = payments_table(settings, place)
    processor = payment_processor(settings, place, table)
    api = PaymentsApi(
        PaymentsApiArgs(
            place=place,
            routes=[
                Route(method="POST", path="/payments", function=processor),
                Route(method="GET", path="/payments", function=processor),
                Route(method="GET", path="/payments/{id}", function=processor),
            ],
            throttle_rate=settings.throttle_rate,
            throttle_burst=settings.throttle_burst,
            log_retention_days=settings.log_retention_days,
        )
    )
    store = rollout_store(place)
    parameter = ReleaseParameter(
        ReleaseParameterArgs(
            place=place,
            store=store.name,
            functions=[processor.name],
            alarms=[processor.error_rate_alarm.name, *(alarm.name for alarm in api.alarms[LIVE_ALIAS][:2])],
            live_url=api.urls[LIVE_ALIAS],
            preview_url=api.urls[PREVIEW_ALIAS],
        )
    )
    pulumi.export("environment", settings.environment.value)
    pulumi.export("functions", {"payment-processor": processor.name})
    pulumi.export("function_arns", {"payment-processor": processor.arn})
    pulumi.export("candidate_versions", {"payment-processor": processor.version})
    pulumi.export("live_url", api.urls[LIVE_ALIAS])
    pulumi.export("preview_url", api.urls[PREVIEW_ALIAS])
    pulumi.export("tables", {"payments": table.name})
    pulumi.export("store", store.name)
    pulumi.export("release_parameter", parameter.name)


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


def payments_table(settings: Settings, place: Place) -> Table:
    """Payments by id, and by status and time of creation through `STATUS_INDEX` (A5)."""
    return Table(
        TableArgs(
            place=place,
            purpose="payments",
            partition_key="payment_id",
            indexes=(Index(name=STATUS_INDEX, partition_key="status", sort_key="created_at"),),
            capacity=Capacity(
                mode=settings.capacity_mode,
                minimum=settings.minimum_capacity,
                maximum=settings.maximum_capacity,
                starting=settings.starting_capacity,
            ),
            point_in_time_recovery=settings.point_in_time_recovery,
        )
    )


def rollout_store(place: Place) -> Table:
    """The on-demand table of rollouts, their ledger and locks; keys as in `canary.schema`."""
    return Table(
        TableArgs(
            place=place,
            purpose="rollouts",
            partition_key=ROLLOUT_PARTITION_KEY,
            sort_key=ROLLOUT_SORT_KEY,
            expiry=ROLLOUT_EXPIRY,
        )
    )


def payment_processor(settings: Settings, place: Place, table: Table) -> BlueGreenFunction:
    """The one function of the synchronous API: validation, processing and notification (A1)."""
    return BlueGreenFunction(
        BlueGreenFunctionArgs(
            place=place,
            purpose="payment-processor",
            handler="handlers.payment_processor.app.handler",
            bundle=code_bundle(settings.bundle, BUNDLES),
            runtime=settings.runtime,
            architecture=settings.architecture,
            memory_mb=settings.memory_mb,
            timeout_seconds=30,
            reserved_concurrency=settings.reserved_concurrency,
            log_retention_days=settings.log_retention_days,
            environment={
                "ENVIRONMENT": settings.environment,
                "PAYMENTS_TABLE": table.name,
                "PAYMENTS_STATUS_INDEX": STATUS_INDEX,
            },
            may=[
                policies.table_items(
                    place, table.name, actions=("GetItem", "PutItem", "Query", "Scan", "UpdateItem"), indexes=True
                )
            ],
            alarms=FunctionAlarms(
                errors=settings.error_threshold, throttles=settings.throttle_threshold, answers_people=True
            ),
        ),
        opts=pulumi.ResourceOptions(depends_on=[table]),
    )
