"""What a server tells of itself."""

import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from localcloud import seams
from localcloud.functions.pool import EnvironmentPool
from localcloud.settings import ServerSettings
from localcloud.starting import Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The facts of one server, told anew each time."""

    said: Announcement
    settings: ServerSettings
    pool: EnvironmentPool
    started: float = field(default_factory=time.time)

    def document(self) -> dict[str, Any]:
        """The facts as JSON: stable keys, times in epoch seconds."""
        return {
            "endpoint": self.said.endpoint,
            "environments": self.pool.counts(),
            "functions": len(seams.functions.value.all_items()),
            "instance_id": self.said.instance_id,
            "ministack": version("ministack"),
            "pid": self.said.pid,
            "port": self.said.port,
            "seed": self.settings.seed,
            "speed": self.settings.speed,
            "started": self.started,
            "version": version("lambda-bluegreen"),
        }
