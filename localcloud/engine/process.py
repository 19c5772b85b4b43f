"""The subprocess that runs one Pulumi program: the SDK keeps its state in module globals, so each run gets its own.

Reads a `Job` as JSON on stdin; writes events and then the stack's outputs, one JSON object a line, on the stdout that
it was given. What the program prints goes to stderr.
"""

import asyncio
import json
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TextIO

from pulumi import RunError
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings
from pulumi.runtime.stack import run_in_stack

from localcloud.engine.clouds import Clouds, default_settings
from localcloud.engine.deployment import Deployment
from localcloud.engine.errors import EngineError, Interrupted
from localcloud.engine.events import Emit, Event, MessageEvent, Severity, event_to_json
from localcloud.engine.jobs import Job, job_from_json
from localcloud.engine.lock import locked
from localcloud.engine.monitor import EngineLog, Monitor
from localcloud.engine.state import load_state
from localcloud.engine.values import UNKNOWN, has_secret, mapped, revealed
from localcloud.engine.workspace import Workspace, explained
from localcloud.resources.cloud import read_account

_PARALLEL: Final = 8
_INTERRUPTED: Final = "interrupted: what was applied is in the state; apply again to go on"
_OTHER_INSTANCE: Final = (
    "the state was applied to an earlier run of the embedded cloud, whose memory is gone: what is missing is made again"
)


def main() -> int:
    """Runs the job on stdin; the exit code is that of the first error."""
    say = _line_writer(_private_stdout())

    def emit(event: Event) -> None:
        say(event_to_json(event))

    job = job_from_json(sys.stdin.read())
    try:
        with locked(job.home, job.stack):
            outputs = _deployed(job, emit).outputs
    except EngineError as error:
        emit(MessageEvent(severity=Severity.ERROR, text=str(error)))
        return error.exit_code
    except KeyboardInterrupt:  # while it deletes, when the program's loop is over
        emit(MessageEvent(severity=Severity.ERROR, text=_INTERRUPTED))
        return Interrupted.exit_code
    secret = sorted(name for name, value in outputs.items() if has_secret(value))
    plain = mapped(revealed(outputs), lambda leaf: "[unknown]" if leaf is UNKNOWN else leaf)
    say(json.dumps({"event": "Outputs", "outputs": plain, "secret_outputs": secret}))
    return 0


def _deployed(job: Job, emit: Emit) -> Deployment:
    with explained("embedded cloud", job.endpoint, {}):
        account = read_account(job.endpoint, job.config.get("aws:region", "us-east-1"))
    state = load_state(job.home, job.stack)
    clouds = Clouds(job.endpoint, account, default_settings(job.config, account))
    deployment = Deployment(Workspace(clouds=clouds, state=state, emit=emit, preview=job.preview))
    if state.resources and job.instance and state.instance not in ("", job.instance):
        emit(MessageEvent(severity=Severity.WARNING, text=_OTHER_INSTANCE))
    if not job.preview:
        state.settle(instance=job.instance or state.instance, project=job.project)
    _run_program(job, deployment, emit)
    deployment.finish()
    return deployment


def _run_program(job: Job, deployment: Deployment, emit: Emit) -> None:
    pulumi_config.set_all_config(dict(job.config), [])
    settings.configure(
        settings.Settings(
            project=job.project,
            stack=job.stack,
            monitor=Monitor(job.project, job.stack, deployment),
            engine=EngineLog(emit),
            dry_run=job.preview,
            organization="organization",
            root_directory=str(job.root),
        )
    )
    os.chdir(job.program)
    try:
        asyncio.run(_registered(job.program, deployment))
    except (Exception, asyncio.CancelledError) as error:
        raise deployment.failure or _program_error(error, job.program) from error


async def _registered(program: Path, deployment: Deployment) -> None:
    loop, running = asyncio.get_running_loop(), asyncio.current_task()
    loop.set_default_executor(ThreadPoolExecutor(_PARALLEL, thread_name_prefix="register"))
    # After a failure the SDK abandons its other tasks; asyncio would print each as never retrieved.
    loop.set_exception_handler(lambda _loop, _context: None)

    def interrupt() -> None:
        deployment.stop(Interrupted(_INTERRUPTED))
        if running is not None:
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    await run_in_stack(lambda: _run_main(program))


def _run_main(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _program_error(error: BaseException, program: Path) -> EngineError:
    """The program's own exception as one line with the place where it came from; a `RunError` is the line itself."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, RunError):
        return EngineError(" ".join(str(error).split()))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(program))]
    place = f" ({Path(frames[-1].filename).relative_to(program)}:{frames[-1].lineno})" if frames else ""
    return EngineError(f"the program failed: {type(error).__name__}: {' '.join(str(error).split())}{place}")


def _private_stdout() -> TextIO:
    """The stdout that we were given; what the program prints goes to stderr from here on."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return channel


def _line_writer(channel: TextIO) -> Callable[[str], None]:
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            channel.write(line + "\n")
            channel.flush()

    return say


if __name__ == "__main__":
    sys.exit(main())
