"""What is known of the request that API Gateway is serving; each part of localcloud adds what it learns."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    Attributes:
        request: ministack's view: the stage, the matched resource, headers.
        integration: The integration that serves the method; empty before it is reached.
        integration_ms: What the integration took; None when it was not reached.
        integration_status: What the integration answered with; None when it was not reached.
        problem: Why the gateway answers itself, for the access log; None when the function's answer went out.
        hidden_status: The status to hide a function's failure behind; None when there is none to hide.
    """

    request: dict[str, Any]
    integration: dict[str, Any] = field(default_factory=dict)
    integration_ms: float | None = None
    integration_status: int | None = None
    problem: str | None = None
    hidden_status: int | None = None

    @property
    def request_id(self) -> str:
        """The id that the function, the access log and the client get."""
        return str(self.request["request_id"])

    @property
    def stage(self) -> dict[str, Any]:
        """The stage as the control plane stores it; empty for an unknown one."""
        return self.request.get("stage") or {}


current: Final[ContextVar[Exchange | None]] = ContextVar("gateway_exchange", default=None)
