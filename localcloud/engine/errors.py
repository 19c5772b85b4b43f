"""What can go wrong in a deployment, each as one line and an exit code."""

from typing import ClassVar


class EngineError(Exception):
    """The deployment cannot go on; the message says what was wrong, on which object, and what to do next."""

    exit_code: ClassVar[int] = 2


class DeploymentFailed(EngineError):
    """A resource could not be made, changed or removed; what was applied before it stays in the state."""

    exit_code = 1


class Interrupted(EngineError):
    """Stopped by a signal; what was applied is in the state, and another run goes on from there."""

    exit_code = 130


class EndpointUnavailable(EngineError):
    """The embedded cloud does not answer."""

    exit_code = 75
