"""The embedded cloud of a folder: its facts in ``.localcloud/instance.json``, and whether it still lives."""

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

from localcloud.settings import LOOPBACK, STATUS_PATH

HOME: Final = Path(".localcloud")
END_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One server that `localcloud up` started.

    Attributes:
        endpoint: Its URL.
        instance_id: Different for every start; what it holds in memory goes with it.
        pid: Its process.
        port: The port of the URL.
        started: Epoch seconds.
        version: localcloud's version.
    """

    endpoint: str
    instance_id: str
    pid: int
    port: int
    started: float
    version: str


def instance_file(folder: Path) -> Path:
    """Where the facts of the embedded cloud of `folder` are."""
    return folder / HOME / "instance.json"


def record(folder: Path, instance: Instance) -> None:
    """Writes the facts; whoever reads meanwhile sees the old ones or the new ones whole."""
    path = instance_file(folder)
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(instance), indent=2) + "\n")
    fresh.replace(path)


def recorded(folder: Path) -> Instance | None:
    """The facts on file; None when there are none, or none that can be read."""
    try:
        return Instance(**json.loads(instance_file(folder).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running(folder: Path) -> Instance | None:
    """The instance on file, if it is the one that answers."""
    instance = recorded(folder)
    if instance is None or told_by(instance).get("instance_id") != instance.instance_id:
        return None
    return instance


def told_by(instance: Instance) -> dict[str, Any]:
    """What the server at the instance's port tells of itself; nothing when nobody answers."""
    connection = HTTPConnection(LOOPBACK, instance.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", STATUS_PATH)
        told = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return told if isinstance(told, dict) else {}


def forget(folder: Path) -> None:
    """Removes the facts and whatever the server left behind."""
    instance_file(folder).unlink(missing_ok=True)
    shutil.rmtree(folder / HOME / "run", ignore_errors=True)


def end(instance: Instance) -> None:
    """Ends the server and waits until its process is gone: SIGTERM, then SIGKILL for one that does not go."""
    for way in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(instance.pid, way)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            if not is_alive(instance.pid):
                return
            time.sleep(_POLL_SECONDS)


def is_our_server(pid: int) -> bool:
    """Whether the process is a localcloud server: the number may be another's by now."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return b"localcloud.server" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not sys.platform.startswith("linux"):
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
