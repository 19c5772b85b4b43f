"""What Lambda tells a handler about its own invocation."""

from __future__ import annotations

from typing import Protocol


class LambdaContext(Protocol):
    """The part of Lambda's context object that this service reads (Lambda guide, 'Python context object')."""

    @property
    def function_name(self) -> str:
        """The function's name, without version or alias."""

    @property
    def function_version(self) -> str:
        """The version that runs: digits, or ``$LATEST``."""

    @property
    def invoked_function_arn(self) -> str:
        """The ARN that the caller used; keeps the alias."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation, the same for each retry of an asynchronous one."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation; never negative."""


def invoked_resource(context: LambdaContext) -> str:
    """CloudWatch's ``Resource`` dimension: ``name:alias``, or the name alone for an unqualified call."""
    qualifier = context.invoked_function_arn.split(":")[7:]
    return ":".join([context.function_name, *qualifier])
