"""Settings that a function is deployed with."""

from __future__ import annotations

import os


class MissingSetting(Exception):
    """An environment variable that the deployment must set and did not."""


def required(name: str) -> str:
    """The environment variable `name`.

    Raises:
        MissingSetting: it is not set, or empty.
    """
    value = os.environ.get(name, "")
    if not value:
        raise MissingSetting(
            f"environment variable {name} is not set; set it on the function and publish a new version"
        )
    return value
