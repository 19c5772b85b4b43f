"""What the embedded cloud can be told at its start; decides nothing else."""

from dataclasses import dataclass
from typing import Final

LOOPBACK: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4566
DEFAULT_REGION: Final = "us-east-1"
STATUS_PATH: Final = "/_localcloud/status"
"""Where a server tells who it is, as JSON."""
ACCESS_KEY: Final = "test"
SECRET_KEY: Final = "test"  # noqa: S105 - not a secret: every client of the embedded cloud uses it, and it opens nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Settings of one server process.

    Attributes:
        port: The loopback port to serve on; 0 takes a free one.
        speed: How many seconds of alarm time pass in one second, at least 1.
        seed: Makes the choice of the version behind a weighted alias repeat itself; None draws afresh each time.
        xray_port: The loopback UDP port of the X-Ray daemon; a free one if it is taken, or 0.
        folder: Where the server makes the folder for its temporary files; the system's own place by default.
        until_parent_exits: Whether the server ends with the process that started it, even when that is killed (Linux).
    """

    port: int = DEFAULT_PORT
    speed: float = 1.0
    seed: int | None = None
    xray_port: int = 2000
    folder: str | None = None
    until_parent_exits: bool = False
