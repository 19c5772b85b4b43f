"""`localcloud up` and `down`: one server a folder, started, found again, ended."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from subprocess import Popen
from typing import IO, Final

from localcloud import instance
from localcloud.instance import HOME, Instance
from localcloud.observe.settings import FASTEST
from localcloud.settings import DEFAULT_PORT, LOOPBACK
from localcloud.starting import REFUSED, Announcement, NotStarted, end_server, start_server

BAD_INPUT: Final = 2
INTERNAL: Final = 70
UNAVAILABLE: Final = 75
_TAIL_LINES: Final = 20
_PORTS: Final = range(1, 65_536)


class CommandFailed(Exception):
    """A command's one line for the user.

    Attributes:
        exit_code: 2 bad input or conflict, 70 the server broke, 75 no cloud is up.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `up` is asked for, None where it is not: 4566 or, if that is taken, another port; real time; no seed."""

    port: int | None = None
    speed: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server that `up` has started, and what there is to say about it."""

    instance: Instance
    process: "Popen[str]"
    note: str = ""


def parse_port(text: str | None) -> int | None:
    """The port that ``--port`` names; 0 for ``auto``.

    Raises:
        CommandFailed: It names none.
    """
    if text is None:
        return None
    if text == "auto":
        return 0
    if not text.isdecimal() or int(text) not in _PORTS:
        raise CommandFailed(f"--port {text}: give a number from 1 to 65535, or auto", BAD_INPUT)
    return int(text)


def require_speed(speed: float | None) -> float | None:
    """The speed, when alarm time does not stand still or run backwards by it, nor outrun the stamps of points.

    Raises:
        CommandFailed: It is outside of 1 to `FASTEST`.
    """
    if speed is not None and not 1 <= speed <= FASTEST:
        raise CommandFailed(f"--speed {speed:g}: give a number from 1, which is real time, to {FASTEST}", BAD_INPUT)
    return speed


def require_same(found: Instance, wish: Wish) -> None:
    """Nothing, when the instance that is up already is what is wished for.

    Raises:
        CommandFailed: It is up with another port, speed or seed.
    """
    told = instance.told_by(found)
    asked = {"port": wish.port or None, "speed": wish.speed, "seed": wish.seed}
    others = [f"--{name} {told.get(name)}" for name, value in asked.items() if value not in (None, told.get(name))]
    if others:
        raise CommandFailed(
            f"up already at {found.endpoint}, with {' '.join(others)}; for another: localcloud down, then up again",
            BAD_INPUT,
        )


def log_file(folder: Path) -> Path:
    """Where a server in the background writes what it has to say."""
    return folder / HOME / "server.log"


def start(folder: Path, wish: Wish, *, foreground: bool = False) -> Started:
    """Starts a server for `folder` and records it.

    Raises:
        CommandFailed: The port that was asked for is taken, the folder cannot be made, or the server did not come up.
    """
    port = chosen_port(wish, _is_free)
    try:
        instance.forget(folder)
        (folder / HOME / "run").mkdir(parents=True)
    except OSError as refused:
        raise CommandFailed(
            f"folder {HOME} cannot be made in {folder.resolve()}: {refused.strerror}; move away what is in its place, "
            "or go to another folder",
            BAD_INPUT,
        ) from refused
    with _log(folder, foreground=foreground) as log:
        process, said = _started(folder, wish, port, log, foreground=foreground)
    if process.stdout is not None:
        process.stdout.close()
    facts = _facts(said)
    instance.record(folder, facts)
    moved = wish.port is None and port == 0
    note = f"port {DEFAULT_PORT} is in use, so this is port {said.port}" if moved else ""
    return Started(instance=facts, process=process, note=note)


def chosen_port(wish: Wish, is_free: Callable[[int], bool]) -> int:
    """The port to ask the system for; 0 for any.

    Raises:
        CommandFailed: The wanted one is taken.
    """
    if wish.port is None:
        return DEFAULT_PORT if is_free(DEFAULT_PORT) else 0
    if wish.port and not is_free(wish.port):
        raise CommandFailed(f"port {wish.port} is in use: give another one, or `--port auto`", BAD_INPUT)
    return wish.port


def stop(folder: Path) -> Instance | None:
    """Ends the server of `folder` and waits until its process is gone; None when none was up."""
    found = instance.recorded(folder)
    if found is None:
        return None
    ours = instance.running(folder) is not None or instance.is_our_server(found.pid)
    if ours:
        instance.end(found)
    instance.forget(folder)
    return found if ours else None


def wait_for_the_end(folder: Path, started: Started) -> None:
    """Waits, in the foreground, until the server ends or is ended by Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        started.process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        end_server(started.process)
        instance.forget(folder)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _started(
    folder: Path, wish: Wish, port: int, log: IO[str] | None, *, foreground: bool
) -> tuple["Popen[str]", Announcement]:
    options = ["--port", str(port)]
    if wish.speed is not None:
        options += ["--speed", str(wish.speed)]
    if wish.seed is not None:
        options += ["--seed", str(wish.seed)]
    if foreground:
        options += ["--until-parent-exits"]
    try:
        return start_server(options, folder=folder / HOME / "run", log=log, detached=not foreground)
    except NotStarted as problem:
        tail = _tail(folder) if log else []
        if problem.status == REFUSED:
            raise CommandFailed(tail[-1] if tail else str(problem), BAD_INPUT) from problem
        shown = "".join(f"\n  {line}" for line in tail)
        raise CommandFailed(f"{problem}; the end of {log_file(folder)}:{shown}", INTERNAL) from problem


@contextmanager
def _log(folder: Path, *, foreground: bool) -> Iterator[IO[str] | None]:
    if foreground:
        yield None
        return
    with log_file(folder).open("w") as log:
        yield log


def _tail(folder: Path) -> list[str]:
    return log_file(folder).read_text().splitlines()[-_TAIL_LINES:]


def _facts(said: Announcement) -> Instance:
    return Instance(
        endpoint=said.endpoint,
        instance_id=said.instance_id,
        pid=said.pid,
        port=said.port,
        started=time.time(),
        version=version("lambda-bluegreen"),
    )
