"""One thing that a check-up found wrong, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from canary.core.codec import Plain


class Severity(StrEnum):
    """How bad: an error defeats a release or its rollback, a warning may; a note only says what is not known."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: on which object, why it matters and what mends it."""

    rule: str
    severity: Severity
    object: str
    what: str
    why: str
    command: str

    def as_plain(self) -> dict[str, Plain]:
        """The finding as JSON data with stable keys."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "object": self.object,
            "what": self.what,
            "why": self.why,
            "command": self.command,
        }
