"""Locust's entry: customers of the payments API, the course of the load, and the record of what they saw.

Run it through ``python -m loadtests.run`` or ``python -m loadtests.gate``, which build the command line; the options of
its own are ``--shape``, ``--throughput``, ``--warm-up``, ``--snapshots``, ``--summary`` and ``--seed``.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import gevent
from locust import LoadTestShape, events

from loadtests.customers import Customer, Trader
from loadtests.figures import Record
from loadtests.recorder import Recorder
from loadtests.shapes import Shape, users_at

__all__ = ["Course", "Customer", "Trader"]

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment

SNAPSHOT_SECONDS: Final = 1.0


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # Locust's events carry no types
def add_options(parser: LocustArgumentParser) -> None:
    """Declares the options that Locust itself does not have."""
    parser.add_argument("--shape", choices=[shape.value for shape in Shape], default=Shape.CONSTANT.value)
    parser.add_argument("--throughput", type=float, default=5.0, help="requests a second of each user")
    parser.add_argument("--warm-up", type=float, default=0.0, help="seconds that are counted apart")
    parser.add_argument("--snapshots", type=Path, help="JSON lines file of the figures, one line a second")
    parser.add_argument("--summary", type=Path, help="JSON file of the figures at the end")
    parser.add_argument("--seed", type=int, default=0, help="of the orders")


@events.init.add_listener  # type: ignore[untyped-decorator]  # the same
def start_recording(environment: Environment, **_: object) -> None:
    """Counts every answer from now on, and writes the figures where the options say."""
    options = environment.parsed_options
    if options is None:
        return
    record = Record(counts_from=time.time() + options.warm_up)
    recorder = Recorder(record=record, snapshots=options.snapshots, summary=options.summary)
    writer = gevent.spawn(_append_forever, recorder)

    def finish(**_: object) -> None:
        writer.kill()
        recorder.append_snapshot()
        recorder.write_summary()
        # The verdict on failed requests belongs to the gate; this process only reports whether it ran.
        environment.process_exit_code = 0

    environment.events.request.add_listener(recorder.count)  # type: ignore[no-untyped-call]  # the same
    environment.events.quitting.add_listener(finish)  # type: ignore[no-untyped-call]  # the same
    # Locust takes SIGTERM only once the shape has ended, so a run that is told to stop would lose its figures.
    gevent.signal_handler(signal.SIGTERM, _quit, environment)


def _quit(environment: Environment) -> None:
    if environment.runner is not None:
        environment.runner.quit()


def _append_forever(recorder: Recorder) -> NoReturn:
    while True:
        recorder.append_snapshot()
        gevent.sleep(SNAPSHOT_SECONDS)


class Course(LoadTestShape):
    """The number of users over time."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Users and how many of them may start a second; None when the time is over."""
        if self.runner is None or self.runner.environment.parsed_options is None:
            return None
        options = self.runner.environment.parsed_options
        progress = self.get_run_time() / options.run_time  # type: ignore[no-untyped-call]  # Locust's own method
        if progress >= 1:
            return None
        users = users_at(Shape(options.shape), most=options.num_users, progress=progress)
        return users, float(options.num_users)
