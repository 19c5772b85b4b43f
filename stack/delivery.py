"""What a release needs of an environment: its state, its guards, its controller, and where all that is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from canary.schema import LIVE_ALIAS, PREVIEW_ALIAS, ROLLOUT_EXPIRY, ROLLOUT_PARTITION_KEY, ROLLOUT_SORT_KEY
from stack.bundle import package_bundle
from stack.components.api_routes import STAGES
from stack.components.controller import RolloutController, RolloutControllerArgs
from stack.components.health import ReleaseHealth
from stack.components.release import ReleaseParameter, ReleaseParameterArgs
from stack.components.table import Table, TableArgs
from stack.errors import SettingsError

if TYPE_CHECKING:
    import pulumi

    from stack.components.api import PaymentsApi
    from stack.components.keys import EncryptionKey
    from stack.naming import Place
    from stack.service import PaymentsService
    from stack.settings import Settings


@dataclass(frozen=True)
class Delivery:
    """The parts around the service that releases work with."""

    settings: Settings
    place: Place
    service: PaymentsService
    api: PaymentsApi
    key: EncryptionKey

    def declare(self) -> None:
        """Declares all of them."""
        self._watch()
        self._publish(self._control())

    @cached_property
    def store(self) -> Table:
        """The on-demand table of rollouts, their ledger and locks; keys as in `canary.schema`."""
        return Table(
            TableArgs(
                place=self.place,
                purpose="rollouts",
                partition_key=ROLLOUT_PARTITION_KEY,
                sort_key=ROLLOUT_SORT_KEY,
                expiry=ROLLOUT_EXPIRY,
                key_arn=self.key.arn,
                alarm_actions=self.service.alarm_actions,
            )
        )

    @cached_property
    def guards(self) -> list[pulumi.Output[str]]:
        """The alarms that guard every release: errors of the released function, failures and p99 of production."""
        slo = (each.name for each in self.api.slo_alarms(LIVE_ALIAS))
        return [self.service.payment_processor.error_rate_alarm.name, *slo]

    def _watch(self) -> None:
        health = ReleaseHealth(self.place, self.guards, self.service.alarm_actions)
        health.show(
            functions=[each.name for each in self.service.functions],
            tables=[each.name for each in self.service.tables],
            api=self.api.name,
            stages=STAGES,
        )

    def _publish(self, controller: RolloutController) -> None:
        ReleaseParameter(
            ReleaseParameterArgs(
                place=self.place,
                store=self.store.name,
                functions=[self.service.payment_processor.name],
                quiet_functions=[
                    each.name for each in self.service.functions if each is not self.service.payment_processor
                ],
                alarms=self.guards,
                live_url=self.api.urls[LIVE_ALIAS],
                preview_url=self.api.urls[PREVIEW_ALIAS],
                controller=controller.function.name,
                topics=self.service.alarm_actions,
            )
        )

    def _control(self) -> RolloutController:
        return RolloutController(
            RolloutControllerArgs(
                place=self.place,
                bundle=controller_bundle(self.settings),
                runtime=self.settings.runtime,
                architecture=self.settings.architecture,
                log_retention_days=self.settings.log_retention_days,
                store=self.store.name,
                alarms=self.guards,
                key_arn=self.key.arn,
                alarm_actions=self.service.alarm_actions,
            )
        )


def controller_bundle(settings: Settings) -> Path:
    """The controller and what it imports that Lambda's runtime does not have, or may not: freeze windows need zones."""
    beside = {name: _installed(name) for name in ("tenacity", "tzdata")}
    return package_bundle({"canary": settings.controller, **beside}, settings.build)


def _installed(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise SettingsError(f"{package} is not installed; type make setup")
    return Path(found.origin).parent
