"""Who may do what: the statements of every role, by the purpose of who assumes it. Also ``python -m stack.grants``.

That command writes the documents of an environment to files, for linters and for IAM Access Analyzer; those that lie on
resources are called ``resource-*.json``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stack import policies
from stack.errors import SettingsError
from stack.naming import Place
from stack.policies import Statement, document, table_items
from stack.settings import Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

STATUS_INDEX: Final = "status-index"
PAYMENT_EVENTS: Final = "payment-events"
FUNCTIONS: Final = ("payment-processor", "transaction-processor", "fraud-handler", "notification-sender")
TABLES: Final = ("payments", "transactions", "fraud-alerts", "rollouts")
CONTROLLER: Final = "rollout-controller"
WAKERS: Final = ("tick", "alarm")
"""The purposes of the rules that call the controller."""

BAD_INPUT: Final = 2

Grants = tuple[Statement, ...]


def fifo_name(place: Place, purpose: str) -> str:
    """The name of a FIFO queue; SQS demands the suffix."""
    return place.name("queue", purpose) + ".fifo"


def fraud_secret(place: Place) -> str:
    """The parameter with the secret that the fraud service signs with."""
    return f"/bluegreen/{place.environment}/fraud/secret"


def merchant_parameters(place: Place) -> str:
    """The path of the merchants' webhook URLs and secrets."""
    return f"/bluegreen/{place.environment}/merchants"


def _payment_processor(place: Place) -> Grants:
    table = place.name("table", "payments")
    return (
        table_items(place, table, actions=("GetItem", "PutItem", "Scan")),
        policies.query_index(place, table, STATUS_INDEX),
        policies.publish_to(place, place.name("topic", PAYMENT_EVENTS)),
    )


def _transaction_processor(place: Place) -> Grants:
    processing, notifications = fifo_name(place, "transaction-processing"), fifo_name(place, "notifications")
    return (
        table_items(place, place.name("table", "transactions"), actions=("GetItem", "PutItem", "UpdateItem")),
        policies.send_to(place, processing, notifications),
        policies.consume(place, processing),
    )


def _fraud_handler(place: Place) -> Grants:
    return (
        table_items(place, place.name("table", "transactions"), actions=("GetItem", "UpdateItem")),
        table_items(place, place.name("table", "fraud-alerts"), actions=("UpdateItem",)),
        policies.send_to(place, fifo_name(place, "notifications")),
        policies.read_parameters(place, fraud_secret(place)),
    )


def _notification_sender(place: Place) -> Grants:
    return (
        policies.consume(place, fifo_name(place, "notifications")),
        policies.read_parameters(place, f"{merchant_parameters(place)}/*"),
    )


def _rollout_controller(place: Place) -> Grants:
    return policies.rollout_controller(
        place,
        functions=[place.name("function", each) for each in FUNCTIONS],
        store=place.name("table", "rollouts"),
        topic=place.name("topic", "alarms"),
    )


_BY_PURPOSE: Final[Mapping[str, Callable[[Place], Grants]]] = {
    "payment-processor": _payment_processor,
    "transaction-processor": _transaction_processor,
    "fraud-handler": _fraud_handler,
    "notification-sender": _notification_sender,
    CONTROLLER: _rollout_controller,
}


def of_function(place: Place, purpose: str) -> Grants:
    """What the function's role may do beside using the data key; of an unknown purpose, what every function may."""
    base = policies.function_base(
        place,
        log_group=f"/aws/lambda/{place.name('function', purpose)}",
        dead_letter_queue=place.name("queue", f"{purpose}-dead"),
    )
    special = _BY_PURPOSE[purpose](place) if purpose in _BY_PURPOSE else ()
    return (*base, *special)


def of_backups(place: Place, purposes: Sequence[str] = TABLES) -> Grants:
    """What AWS Backup may do with the tables of these purposes."""
    tables = [place.name("table", each) for each in purposes]
    return policies.table_backups(place, tables, vault=place.name("vault", "tables"))


def of_abort(place: Place) -> Grants:
    """What a watchdog may do: call the controller, of which it can ask to abort and to look, and nothing else.

    IAM sees no weights: a right on the aliases themselves would be one to promote as well.
    """
    return (
        policies.invoke(place.function_arn(place.name("function", CONTROLLER))),
        policies.one_region(place),
    )


def documents(place: Place, key_arn: str) -> dict[str, str]:
    """The policy document of every role, by its purpose."""
    with_data = {purpose: of_function(place, purpose) for purpose in _BY_PURPOSE}
    with_data["table-backups"] = of_backups(place)
    found = {purpose: document([*grants, policies.use_key(key_arn)]) for purpose, grants in with_data.items()}
    without = {"rollout-abort": of_abort(place), "api-logs": policies.api_logs(place)}
    return found | {purpose: document(each) for purpose, each in without.items()}


def resource_documents(place: Place) -> dict[str, str]:
    """The policies that lie on resources themselves: the key, the topic, the queue of undelivered events, a bucket."""
    rules = [place.name("rule", f"rollout-{each}") for each in WAKERS]
    return {
        "resource-key": policies.key_policy(place),
        "resource-topic": policies.topic_policy(place, place.name("topic", "alarms")),
        "resource-queue": policies.undelivered_events(
            place, queue=place.name("queue", f"{CONTROLLER}-dead"), rules=rules
        ),
        "resource-bucket": policies.bucket_policy(place.name("bucket", f"documents-{place.account}")),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes each document to ``<folder>/<purpose>.json`` and prints the paths; 2 when there is no such environment."""
    parser = argparse.ArgumentParser(prog="python -m stack.grants", description=__doc__)
    parser.add_argument("--env", required=True)
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--folder", type=Path, default=Path("build/policies"))
    given = parser.parse_args(arguments)
    try:
        environment = Environment.parse(given.env)
    except SettingsError as refused:
        sys.stderr.write(f"{refused}\n")
        return BAD_INPUT
    place = Place(
        environment=environment, account=given.account, region=given.region, cost_centre="-", data_classification="-"
    )
    given.folder.mkdir(parents=True, exist_ok=True)
    key_arn = place.arn("kms", "key/00000000-0000-0000-0000-000000000000")
    for purpose, text in {**documents(place, key_arn), **resource_documents(place)}.items():
        path = given.folder / f"{purpose}.json"
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
