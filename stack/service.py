"""The payments service: its tables, queues, functions and routes, declared from the environment's settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from stack.bundle import code_bundle
from stack.components.api_routes import Route
from stack.components.bluegreen import BlueGreenFunction, BlueGreenFunctionArgs
from stack.components.notices import EventTopic
from stack.components.parameters import Parameters
from stack.components.queues import FifoQueue, FifoQueueArgs
from stack.components.table import Capacity, Index, Table, TableArgs
from stack.errors import SettingsError
from stack.grants import PAYMENT_EVENTS, STATUS_INDEX
from stack.layer import layer_path
from stack.openapi import operations
from stack.settings import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stack.naming import Place
    from stack.settings import Settings

PAYMENT_TIMEOUT: Final = 30
TRANSACTION_TIMEOUT: Final = 300
"""Seconds (A1, B2)."""

TRANSACTION_CONCURRENCY: Final = 50

BATCHES_AT_ONCE: Final = 40
"""What a backlog may use of the processor's `TRANSACTION_CONCURRENCY`, so that callers of the API still find ten; and
of the account's, for the sender, which reserves none."""

SHARED: Final = "shared"
TRANSACTIONS: Final = "transactions"
"""Sub-packages that functions use beside their own."""


def parts_of(purpose: str) -> tuple[str, ...]:
    """The sub-packages of ``handlers`` that a function's bundle holds."""
    package = purpose.replace("-", "_")
    return (package, SHARED) if purpose == "payment-processor" else (package, SHARED, TRANSACTIONS)


@dataclass(frozen=True)
class PaymentsService:
    """Everything of the service; each member is declared when it is first asked for, and once."""

    settings: Settings
    place: Place
    key_arn: pulumi.Input[str] | None = None
    alarm_actions: Sequence[pulumi.Input[str]] = ()

    @cached_property
    def payments(self) -> Table:
        """Payments by id, and by status and time of creation through `STATUS_INDEX` (A5)."""
        settings = self.settings
        return self._table(
            "payments",
            "payment_id",
            indexes=(Index(name=STATUS_INDEX, partition_key="status", sort_key="created_at"),),
            capacity=Capacity(
                mode=settings.capacity_mode,
                minimum=settings.minimum_capacity,
                maximum=settings.maximum_capacity,
                starting=settings.starting_capacity,
            ),
        )

    @cached_property
    def transactions(self) -> Table:
        """Transactions by id (B3)."""
        return self._table("transactions", "transaction_id")

    @cached_property
    def fraud_alerts(self) -> Table:
        """Fraud alerts by id and time (B3)."""
        return self._table("fraud-alerts", "alert_id", "timestamp")

    @cached_property
    def processing(self) -> FifoQueue:
        """Transactions that wait to be processed (B4)."""
        return self._queue("transaction-processing")

    @cached_property
    def notifications(self) -> FifoQueue:
        """Outcomes that wait to be told to merchants (B4)."""
        return self._queue("notifications")

    @cached_property
    def payment_events(self) -> EventTopic:
        """Where every payment is announced to whoever subscribes (A1)."""
        return EventTopic(self.place, PAYMENT_EVENTS, self.key_arn)

    @cached_property
    def parameters(self) -> Parameters:
        """Addresses and secrets of the fraud service and the merchants (B6)."""
        return Parameters(self.place, self.settings.merchants, self.key_arn)

    @cached_property
    def payment_processor(self) -> BlueGreenFunction:
        """The one function of the synchronous API: validation, processing and notification (A1)."""
        table = self.payments.name
        return self._function(
            "payment-processor",
            timeout_seconds=PAYMENT_TIMEOUT,
            memory_mb=self.settings.memory_mb,
            reserved_concurrency=self.settings.reserved_concurrency,
            answers_people=True,
            environment={
                "PAYMENTS_TABLE": table,
                "PAYMENTS_STATUS_INDEX": STATUS_INDEX,
                "PAYMENT_EVENTS_TOPIC_ARN": self.payment_events.arn,
            },
            after=[self.payments],
        )

    @cached_property
    def transaction_processor(self) -> BlueGreenFunction:
        """Takes transactions over the API, and settles them from the queue (B2, B5)."""
        function = self._function(
            "transaction-processor",
            timeout_seconds=TRANSACTION_TIMEOUT,
            memory_mb=self.settings.async_memory_mb,
            reserved_concurrency=TRANSACTION_CONCURRENCY,
            environment={
                "TRANSACTIONS_TABLE": self.transactions.name,
                "TRANSACTION_QUEUE_URL": self.processing.url,
                "NOTIFICATION_QUEUE_URL": self.notifications.url,
            },
            after=[self.transactions],
        )
        function.consume(self.processing, at_once=BATCHES_AT_ONCE)
        return function

    @cached_property
    def fraud_handler(self) -> BlueGreenFunction:
        """Takes the fraud service's verdicts (B5)."""
        return self._function(
            "fraud-handler",
            timeout_seconds=TRANSACTION_TIMEOUT,
            memory_mb=self.settings.async_memory_mb,
            environment={
                "TRANSACTIONS_TABLE": self.transactions.name,
                "FRAUD_ALERTS_TABLE": self.fraud_alerts.name,
                "NOTIFICATION_QUEUE_URL": self.notifications.url,
                "FRAUD_SECRET_PARAMETER": self.parameters.fraud_secret,
            },
            after=[self.transactions, self.fraud_alerts],
        )

    @cached_property
    def notification_sender(self) -> BlueGreenFunction:
        """Tells merchants the outcomes (B5). Plain HTTP to loopback is for development alone."""
        loopback = {"LOOPBACK_WEBHOOKS": "allow"} if self.settings.environment is Environment.DEV else {}
        function = self._function(
            "notification-sender",
            timeout_seconds=TRANSACTION_TIMEOUT,
            memory_mb=self.settings.async_memory_mb,
            environment={
                "NOTIFICATION_QUEUE_URL": self.notifications.url,
                "MERCHANT_PARAMETERS": self.parameters.merchants,
                **loopback,
            },
        )
        function.consume(self.notifications, at_once=BATCHES_AT_ONCE)
        return function

    @cached_property
    def layers(self) -> tuple[pulumi.Input[str], ...]:
        """What the functions import and Lambda's runtime lacks; none on the embedded cloud, which needs none."""
        settings = self.settings
        path = layer_path(settings.build, settings.architecture)
        if not path.exists():
            return ()
        name = self.place.name("layer", "dependencies")
        layer = aws.lambda_.LayerVersion(
            name,
            layer_name=name,
            code=pulumi.FileArchive(str(path)),
            compatible_runtimes=[settings.runtime],
            compatible_architectures=[settings.architecture],
        )
        return (layer.arn,)

    @property
    def functions(self) -> tuple[BlueGreenFunction, ...]:
        """All four, in the order of the flow."""
        return self.payment_processor, self.transaction_processor, self.fraud_handler, self.notification_sender

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that hold the business's data."""
        return self.payments, self.transactions, self.fraud_alerts

    def routes(self, document: Mapping[str, Any]) -> tuple[Route, ...]:
        """What the API serves by its OpenAPI document, and by which function.

        Raises:
            SettingsError: the document names a function that does not exist.
        """
        functions = {each.purpose: each for each in self.functions}
        found = operations(document)
        if strangers := sorted({each.function for each in found} - functions.keys()):
            raise SettingsError(
                f"the OpenAPI document names the function {strangers[0]}; known are {', '.join(functions)}"
            )
        return tuple(Route(operation=each, function=functions[each.function]) for each in found)

    def _table(
        self,
        purpose: str,
        partition_key: str,
        sort_key: str | None = None,
        *,
        indexes: tuple[Index, ...] = (),
        capacity: Capacity | None = None,
    ) -> Table:
        return Table(
            TableArgs(
                place=self.place,
                purpose=purpose,
                partition_key=partition_key,
                sort_key=sort_key,
                indexes=indexes,
                capacity=capacity or Capacity(),
                point_in_time_recovery=self.settings.point_in_time_recovery,
                key_arn=self.key_arn,
                alarm_actions=self.alarm_actions,
            )
        )

    def _queue(self, purpose: str) -> FifoQueue:
        return FifoQueue(
            FifoQueueArgs(
                place=self.place,
                purpose=purpose,
                consumer_timeout_seconds=TRANSACTION_TIMEOUT,
                key_arn=self.key_arn,
                alarm_actions=self.alarm_actions,
            )
        )

    def _function(
        self,
        purpose: str,
        *,
        timeout_seconds: int,
        memory_mb: int,
        environment: Mapping[str, pulumi.Input[str]],
        reserved_concurrency: int | None = None,
        answers_people: bool = False,
        after: Sequence[pulumi.Resource] = (),
    ) -> BlueGreenFunction:
        settings, package = self.settings, purpose.replace("-", "_")
        return BlueGreenFunction(
            BlueGreenFunctionArgs(
                place=self.place,
                purpose=purpose,
                handler=f"handlers.{package}.app.handler",
                bundle=code_bundle(settings.bundle, settings.build, parts_of(purpose)),
                runtime=settings.runtime,
                architecture=settings.architecture,
                memory_mb=memory_mb,
                timeout_seconds=timeout_seconds,
                reserved_concurrency=reserved_concurrency,
                log_retention_days=settings.log_retention_days,
                environment={"ENVIRONMENT": settings.environment, **environment},
                key_arn=self.key_arn,
                layers=self.layers,
                errors=settings.error_threshold,
                throttles=settings.throttle_threshold,
                answers_people=answers_people,
                alarm_actions=self.alarm_actions,
            ),
            opts=pulumi.ResourceOptions(depends_on=list(after)),
        )
