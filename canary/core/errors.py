"""What can go wrong, by who must act on it. A failed verdict is a value (`Verdict.FAIL`), never an exception."""


class CanaryError(Exception):
    """An expected failure: its text is one line that says what was wrong, on which object, and what to do next."""


class ConfigError(CanaryError):
    """The person who asked gave something that cannot be done; nothing was changed."""


class RolloutConflict(CanaryError):
    """Another rollout, or its state, stands in the way; nothing was changed."""


class StaleWrite(CanaryError):
    """The object changed since it was observed; observe again and decide anew."""


class Unavailable(CanaryError):
    """AWS throttled, timed out or answered 5xx: nothing is known about the effect."""


class AccessDenied(CanaryError):
    """The caller lacks a permission; the text names the missing action."""
