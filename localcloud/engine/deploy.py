"""The engine's Python interface: deploy, destroy, refresh and read outputs of one stack on the embedded cloud."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from localcloud.engine.clouds import Clouds, default_settings
from localcloud.engine.deployment import PROVIDER
from localcloud.engine.endpoint import HOME, Target, require_loopback
from localcloud.engine.errors import DeploymentFailed, EndpointUnavailable, EngineError, Interrupted
from localcloud.engine.events import Emit, Event, MessageEvent, ResourceEvent, Severity, Status, event_from_json
from localcloud.engine.jobs import Change, Job, Result
from localcloud.engine.lock import locked
from localcloud.engine.project import Project, load_project
from localcloud.engine.refreshing import refresh_all
from localcloud.engine.removal import delete_all
from localcloud.engine.state import StackState, load_state
from localcloud.engine.values import has_secret, revealed
from localcloud.engine.workspace import Workspace, explained
from localcloud.resources.cloud import read_account

_ERRORS: Final = {kind.exit_code: kind for kind in (DeploymentFailed, EngineError, EndpointUnavailable, Interrupted)}


def deploy(
    program_dir: Path,
    stack: str,
    endpoint: str,
    *,
    instance: str = "",
    preview: bool = False,
    extra_config: Mapping[str, str] | None = None,
    home: Path | None = None,
    emit: Emit | None = None,
) -> Result:
    """Applies, or previews, the Pulumi project at or above `program_dir` for `stack`, in a subprocess.

    `extra_config` wins over ``Pulumi.<stack>.yaml``; a key without a namespace belongs to the project. `home` holds the
    state, by default ``.localcloud/state`` in the project's root. Raises `EngineError` with the first thing that went
    wrong; what was applied before it is in the state, and another call goes on from there.
    """
    project = load_project(program_dir, stack, extra_config)
    job = Job(
        project=project.name,
        root=project.root,
        program=project.program,
        stack=stack,
        config=project.config,
        endpoint=require_loopback(endpoint),
        instance=instance,
        home=_home(project, home),
        preview=preview,
    )
    return _run(job, emit or (lambda _event: None))


def destroy(
    program_dir: Path,
    stack: str,
    target: Target,
    *,
    home: Path | None = None,
    unprotect: bool = False,
    emit: Emit | None = None,
) -> Result:
    """Deletes every resource of the stack, dependents first, without running the program.

    A protected resource makes it refuse before it deletes anything, unless `unprotect`.
    """
    with _opened(program_dir, stack, target, home, emit) as (space, changes):
        begin, state = time.monotonic(), space.state
        delete_all(space, [*state.resources.values()], replaced=[*state.condemned], unprotect=unprotect)
        state.settle(outputs={})
        return _result(tuple(changes), state, time.monotonic() - begin)


def refresh(
    program_dir: Path, stack: str, target: Target, *, home: Path | None = None, emit: Emit | None = None
) -> Result:
    """Brings the state to what the cloud really has: what is gone is dropped, what drifted is taken over."""
    with _opened(program_dir, stack, target, home, emit) as (space, changes):
        begin = time.monotonic()
        refresh_all(space)
        return _result(tuple(changes), space.state, time.monotonic() - begin)


def read_outputs(program_dir: Path, stack: str, home: Path | None = None) -> Result:
    """The outputs of the last apply; refused when there was none."""
    project = load_project(program_dir, stack)
    state = load_state(_home(project, home), stack)
    if not state.resources:
        raise EngineError(f"stack {stack} is not applied here: run `localcloud apply --env {stack}`")
    return _result((), state, 0.0)


def _home(project: Project, home: Path | None) -> Path:
    return (home or project.root / HOME / "state").resolve()


@contextmanager
def _opened(
    program_dir: Path, stack: str, target: Target, home: Path | None, emit: Emit | None
) -> Iterator[tuple[Workspace, list[Change]]]:
    """The stack's locked workspace, and the list in which its changes gather."""
    project = load_project(program_dir, stack)
    folder, changes = _home(project, home), list[Change]()
    with locked(folder, stack), explained("embedded cloud", target.endpoint, {}):
        state = load_state(folder, stack)
        account = read_account(target.endpoint, project.config.get("aws:region", "us-east-1"))
        clouds = Clouds(target.endpoint, account, default_settings(project.config, account))
        for resource in state.resources.values():
            if resource.kind == PROVIDER:
                clouds.add_provider(resource.urn, resource.inputs)
        yield Workspace(clouds=clouds, state=state, emit=_collecting(changes, emit), preview=False), changes


def _result(changes: tuple[Change, ...], state: StackState, seconds: float) -> Result:
    secret = frozenset(name for name, value in state.outputs.items() if has_secret(value))
    return Result(changes=changes, outputs=revealed(state.outputs), secret_outputs=secret, seconds=seconds)


def _collecting(changes: list[Change], emit: Emit | None) -> Emit:
    def collect(event: Event) -> None:
        if isinstance(event, ResourceEvent) and event.status is Status.DONE:
            changes.append(
                Change(
                    operation=event.operation,
                    urn=event.urn,
                    kind=event.kind,
                    name=event.name,
                    changed=event.changed,
                )
            )
        if emit is not None:
            emit(event)

    return collect


def _run(job: Job, emit: Emit) -> Result:
    changes, errors, begin = list[Change](), list[str](), time.monotonic()
    final: dict[str, Any] = {}
    collect = _collecting(changes, emit)
    with _engine_process() as child:
        relay = threading.Thread(target=_relay, args=(child.stderr, emit), daemon=True)
        relay.start()
        for document in _answers(child, job):
            if document["event"] == "Outputs":
                final = document
                continue
            event = event_from_json(document)
            if isinstance(event, MessageEvent) and event.severity is Severity.ERROR:
                errors.append(event.text)
            else:
                collect(event)
        relay.join()
    if child.returncode:
        kind = _ERRORS.get(child.returncode, DeploymentFailed)
        raise kind(errors[-1] if errors else f"the engine's process ended with {child.returncode}: apply again")
    return Result(
        changes=tuple(changes),
        outputs=final["outputs"],
        secret_outputs=frozenset(final["secret_outputs"]),
        seconds=time.monotonic() - begin,
    )


@contextmanager
def _engine_process() -> Iterator[subprocess.Popen[str]]:
    """The process that runs the program; asked to stop, and waited for, when the block is left early."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-m", "localcloud.engine.process"]
    child = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603 - our own module
    try:
        yield child
    except BaseException:
        child.terminate()
        raise
    finally:
        child.communicate()


def _answers(child: subprocess.Popen[str], job: Job) -> Iterator[dict[str, Any]]:
    if child.stdin is None or child.stdout is None:
        raise EngineError("the engine's process has no pipes: this is a defect of the local engine")
    child.stdin.write(job.to_json())
    child.stdin.close()
    child.stdin = None  # written and closed: `communicate` must not touch it again
    for line in child.stdout:
        yield json.loads(line)


def _relay(stream: TextIO | None, emit: Emit) -> None:
    """What the program prints, line by line."""
    for line in stream or ():
        emit(MessageEvent(severity=Severity.INFO, text=line.rstrip()))
