"""Where notices of a rollout go, as a value; what a notice says belongs to `canary.core.notices`."""

from dataclasses import dataclass
from enum import StrEnum

from canary.core.errors import ConfigError


class Medium(StrEnum):
    """How a notice travels."""

    SNS = "sns"
    EVENTS = "events"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where notices go: a topic's ARN, an event bus, or the SSM parameter that holds a webhook's URL.

    The URL of a webhook is a secret and never stands here.
    """

    medium: Medium
    name: str

    @classmethod
    def parse(cls, text: str) -> "Destination":
        """``sns:TOPIC_ARN``, ``events:BUS`` or ``webhook:SSM_PARAMETER``.

        Raises:
            ConfigError: anything else, also a webhook's URL.
        """
        medium, _, name = text.strip().partition(":")
        if medium not in list(Medium) or not name:
            raise ConfigError(
                f"{text!r} is no destination; write sns:TOPIC_ARN, events:BUS (default) or webhook:SSM_PARAMETER"
            )
        if medium == Medium.WEBHOOK and "://" in name:
            raise ConfigError(
                "a webhook's URL is a secret and may not stand here; keep it in an SSM SecureString parameter "
                "and write webhook:PARAMETER"
            )
        return cls(medium=Medium(medium), name=name)
