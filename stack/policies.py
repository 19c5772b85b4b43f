"""Every IAM policy document as a pure function of names and ARNs. Decides who may do what; touches nothing.

Actions and the resources they apply to follow the Service Authorization Reference. ``*`` stands only where AWS has no
resource-level permission for the action (X-Ray's data plane) or where a statement denies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stack.naming import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of an identity policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str = "Allow"
    condition: Mapping[str, Mapping[str, str]] | None = None

    def as_json(self) -> dict[str, object]:
        """The statement in IAM's grammar; lists keep their order, so that equal policies are equal texts."""
        statement: dict[str, object] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return statement if self.condition is None else {**statement, "Condition": self.condition}


def document(statements: Iterable[Statement]) -> str:
    """The policy document of these statements, as JSON text."""
    return json.dumps({"Version": "2012-10-17", "Statement": [each.as_json() for each in statements]})


def trust(service: str, account: str) -> str:
    """The trust policy that lets one AWS service, acting for this account alone, assume a role."""
    statement = {
        "Sid": "AssumedByService",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def function_trust() -> str:
    """The trust policy of an execution role. Lambda documents no source condition for it."""
    statement = {
        "Sid": "AssumedByLambda",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def one_region(place: Place) -> Statement:
    """Denies every region but the environment's (C5)."""
    return Statement(
        sid="OneRegion",
        effect="Deny",
        actions=("*",),
        resources=("*",),
        condition={"StringNotEquals": {"aws:RequestedRegion": place.region}},
    )


def function_base(place: Place, *, log_group: str, dead_letter_queue: str) -> tuple[Statement, ...]:
    """What every function may do: write its own log, send its traces, leave its failed events in its own queue."""
    return (
        Statement(
            sid="WriteOwnLog",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(place.log_group_arn(log_group),),
        ),
        Statement(
            sid="SendTraces",
            actions=("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
            resources=("*",),
        ),
        Statement(
            sid="KeepFailedEvents",
            actions=("sqs:SendMessage",),
            resources=(place.arn("sqs", dead_letter_queue),),
        ),
        one_region(place),
    )


def table_items(place: Place, table: str, *, actions: Sequence[str], indexes: bool = False) -> Statement:
    """The named item actions on one table, and on its indexes where those are read."""
    arn = place.arn("dynamodb", f"table/{table}")
    return Statement(
        sid="Items" + "".join(word.capitalize() for word in table.split("-")),
        actions=tuple(f"dynamodb:{action}" for action in actions),
        resources=(arn, f"{arn}/index/*") if indexes else (arn,),
    )
