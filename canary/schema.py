"""Names on which infrastructure and controller must agree; decides nothing, touches nothing."""

from typing import Final

LIVE_ALIAS: Final = "live"
"""The alias that production calls. Created by the stack, written by the controller alone afterwards."""

PREVIEW_ALIAS: Final = "preview"
"""The alias that serves the candidate at 0 % production traffic, for hooks and the load gate."""

METRIC_NAMESPACE: Final = "BlueGreen"
"""Namespace of the metrics that a released function emits itself (embedded metric format, one-second resolution)."""

REQUESTS: Final = "Requests"
FAULTS: Final = "Faults"
"""Answers with a status of 500 or more, and unhandled exceptions. A handled HTTP 500 is not in Lambda's ``Errors``."""
SLOW_REQUESTS: Final = "SlowRequests"
"""Requests that took longer than `SLOW_AFTER_MS`."""
SLOW_AFTER_MS: Final = 500

METRIC_DIMENSIONS: Final = ("FunctionName", "Resource", "ExecutedVersion")
"""One dimension set, the one that Lambda itself uses for an alias with two versions; ``Resource`` is ``name:alias``."""

GUARD_ALARM_PREFIX: Final = "bg-guard-"
"""Alarms on one version of one alias, made by the controller for a rollout and removed after it."""

ROLLOUT_PARTITION_KEY: Final = "pk"
ROLLOUT_SORT_KEY: Final = "sk"
"""Keys (both strings) of the on-demand table that holds rollouts, their ledger and the one-rollout-an-alias locks."""
ROLLOUT_EXPIRY: Final = "expires_at"
"""Epoch seconds; the table's time-to-live attribute."""

RELEASE_SCHEMA: Final = "release/1"

LONG_FORMS: Final = {"development": "dev", "stg": "staging", "production": "prod"}
"""Other names of the environments, wherever one is typed (D1)."""


def release_parameter(environment: str) -> str:
    """The SSM parameter in which a stack publishes what a release of this environment needs.

    Its value is a JSON object, in which ``min_requests`` may be left out; 0 is for a function that may stay without
    traffic during a release::

        {"schema": "release/1", "environment": "dev", "region": "us-east-1",
         "store": "<DynamoDB table of rollouts>",
         "targets": [{"function": "...", "alias": "live", "preview_alias": "preview", "min_requests": 0}],
         "alarms": ["<name of an alarm that guards every release>"],
         "live_url": "https://...", "preview_url": "https://...",
         "controller": "<function that carries open rollouts on>",
         "notify": ["sns:<topic ARN>"], "freeze": ["Fri 16:00-Mon 08:00 Europe/Berlin"]}

    The last three may be left out: the controller inside AWS, where notices of releases go
    (`canary.core.destination.Destination`), and when no release opens and no weight rises (`canary.core.freeze`).
    """
    return f"/bluegreen/{LONG_FORMS.get(environment, environment)}/release"
