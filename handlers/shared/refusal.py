"""How a handler says no: a value with a status, a stable code and a sentence for the person who called."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is not carried out; becomes a 4xx answer, never a fault.

    Args:
        status: the HTTP status, 400..499.
        code: stable and machine readable: ``invalid_request``, ``not_found``, ...
        message: what is wrong and what would be right; shown to the caller, so it never quotes what was sent.
        field: the member of the body or the parameter that is meant.
    """

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


def invalid(field: str, message: str) -> Refusal:
    """400 for one member of the body or one parameter."""
    return Refusal(400, "invalid_request", message, field=field)
