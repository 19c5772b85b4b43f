"""``python -m loadtests.run``: drives load at a stage until its time is over, and records what the callers saw.

Becomes the Locust process, so a signal to this command is a signal to Locust: on SIGINT or SIGTERM it stops and still
writes its figures.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from loadtests.document import Api
from loadtests.shapes import Shape

CALLERS: Final = {Api.PAYMENTS: "Customer", Api.TRANSACTIONS: "Trader"}
"""The Locust user that calls each part of the service."""
LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
FINISH_SECONDS: Final = 10
"""How long a request that is under way at the end may still take: aborting it would look like a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to drive at which target."""

    host: str
    """The base URL of a stage, without a slash at its end."""
    users: int
    rate: float
    """Requests a second of all users together."""
    duration_seconds: float
    """Includes the warm-up."""
    warm_up_seconds: float
    shape: Shape
    apis: tuple[Api, ...]
    """The parts of the service that are loaded; the users are shared out among them."""
    seed: int
    snapshots: Path | None
    summary: Path | None

    def command(self) -> list[str]:
        """The Locust command line."""
        files = {"--snapshots": self.snapshots, "--summary": self.summary}
        return [
            *(sys.executable, "-m", "locust", "--headless", "--only-summary", "--loglevel", "WARNING"),
            *("--locustfile", str(LOCUSTFILE), "--host", self.host),
            *("--users", str(self.users), "--run-time", f"{max(1, round(self.duration_seconds))}s"),
            *("--stop-timeout", str(FINISH_SECONDS), "--throughput", str(self.rate / self.users)),
            *("--warm-up", str(self.warm_up_seconds), "--shape", self.shape.value, "--seed", str(self.seed)),
            *(CALLERS[api] for api in self.apis),
            *(part for option, path in files.items() if path is not None for part in (option, str(path))),
        ]


def load_options() -> argparse.ArgumentParser:
    """The options that describe a load, to be the parent of a command's parser."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--host", required=True, type=parse_host, metavar="URL", help="base URL of the stage")
    parser.add_argument("--users", type=parse_count, default=10, help="at the most (default: %(default)s)")
    parser.add_argument("--rate", type=parse_positive, default=50.0, help="requests/s together (default: %(default)g)")
    parser.add_argument(
        "--duration", type=parse_positive, default=20.0, metavar="SECONDS", help="(default: %(default)g)"
    )
    parser.add_argument(
        "--warm-up", type=parse_number, default=0.0, metavar="SECONDS", help="first part, counted apart"
    )
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.CONSTANT)
    parser.add_argument(
        "--api", type=Api, choices=list(Api), nargs="+", default=[Api.PAYMENTS], help="(default: payments)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the orders (default: %(default)s)")
    parser.add_argument("--snapshots", type=Path, metavar="FILE", help="figures as JSON lines, one a second")
    return parser


def parse_load(options: argparse.Namespace, *, summary: Path | None) -> Load:
    """The load that the options describe."""
    return Load(
        host=options.host,
        users=options.users,
        rate=options.rate,
        duration_seconds=options.duration,
        warm_up_seconds=options.warm_up,
        shape=options.shape,
        apis=tuple(options.api),
        seed=options.seed,
        snapshots=options.snapshots,
        summary=summary,
    )


def parse_host(text: str) -> str:
    """An http or https URL without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text!r} is no base URL such as https://host/stage")
    return text.rstrip("/")


def parse_count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def parse_positive(text: str) -> float:
    """A finite number greater than 0."""
    value = parse_number(text)
    if not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not greater than 0")
    return value


def parse_number(text: str) -> float:
    """A finite number from 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return value


def main() -> None:
    """Becomes Locust."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.run", description=__doc__, parents=[load_options()])
    parser.add_argument("--summary", type=Path, metavar="FILE", help="figures of the whole run, JSON")
    options = parser.parse_args()
    command = parse_load(options, summary=options.summary).command()
    os.execv(command[0], command)  # noqa: S606 - the command is built here, from checked options


if __name__ == "__main__":
    main()
