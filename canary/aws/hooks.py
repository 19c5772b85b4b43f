"""The HookRunner: local commands, http(s) URLs and Lambda functions, none of which is ever waited for.

A function or URL answers ``{"hookStatus": "SUCCEEDED" | "FAILED" | "IN_PROGRESS", "reason": "..."}`` and is asked
again after IN_PROGRESS; a command succeeds by exit code 0; a CodeDeploy-style hook is called once and answers through
the record that a `HookBook` keeps. All get the same payload (`payload`), a command on its standard input.
"""

import json
import secrets
import shlex
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from canary.aws.clients import aws_errors
from canary.core.codec import Plain
from canary.core.errors import CanaryError, ConfigError, Unavailable
from canary.core.hooks import Hook, HookKind, HookReading, HookRun, HookStatus
from canary.core.rollout import Rollout
from canary.ports import Clock
from canary.side_ports import HookBook

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

ORPHAN_AFTER: Final = timedelta(seconds=60)
"""How long a record may stand without its hook having been called before somebody else calls."""
ANSWER_WITHIN_S: Final = 60
"""How long one call of a URL may take; a longer hook answers IN_PROGRESS."""


class _Run(Protocol):
    """One hook on its way."""

    def poll(self) -> HookReading: ...

    def stop(self) -> None: ...


class Hooks:
    """Starts every due hook once and tells how far it is."""

    def __init__(self, client: "LambdaClient", book: HookBook, clock: Clock, *, runs_commands: bool = True) -> None:
        """Without `runs_commands` local commands are left to the process in which the release was started."""
        self._client = client
        self._book = book
        self._clock = clock
        self._runs_commands = runs_commands
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="hook")
        self._runs: dict[str, tuple[_Run, datetime]] = {}

    def poll(self, due: Sequence[tuple[str, Hook]], rollout: Rollout) -> tuple[HookReading, ...]:
        """The answers so far, without waiting."""
        for key, hook in due:
            if key not in self._runs:
                run = self._start(key, hook, json.dumps(payload(key, hook, rollout)))
                self._runs[key] = (run, self._clock.now())
        return tuple(replace(run.poll(), started_at=began) for run, began in (self._runs[key] for key, _ in due))

    def stop(self) -> None:
        """Ends commands that still run; calls on their way are left to end by themselves."""
        for run, _ in self._runs.values():
            run.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, key: str, hook: Hook, body: str) -> _Run:
        match hook.kind:
            case HookKind.URL:
                return _Called(key, self._pool, lambda: _post(hook.run, body))
            case HookKind.FUNCTION:
                return _Called(key, self._pool, lambda: self._invoke(hook.function, body))
            case HookKind.CODEDEPLOY:
                return _Called(key, self._pool, lambda: self._consult(key, hook.function, body))
            case HookKind.COMMAND:
                return _Command(key, hook.run, body) if self._runs_commands else _Elsewhere(key)

    def _invoke(self, function: str, body: str) -> str:
        with aws_errors(f"calling hook function {function}"):
            answer = self._client.invoke(FunctionName=function, Payload=body.encode())
        said = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise ConfigError(f"hook function {function} failed: {said:.300}")
        return said

    def _consult(self, key: str, function: str, body: str) -> str:
        """What the record of a hook says; the hook is called by whoever begins the record, or finds it never called.

        A hook is called again, with the same execution id, where the process that began it died before it could call.
        """
        mine = HookRun(key=key, token=secrets.token_urlsafe(24), started_at=self._clock.now())
        run = self._book.read(key) or self._book.begin(mine)
        is_orphan = self._clock.now() - run.started_at >= ORPHAN_AFTER
        if not run.is_called and (run.token == mine.token or is_orphan):
            told = json.loads(body) | {"LifecycleEventHookExecutionId": run.execution_id}
            with aws_errors(f"calling hook function {function}"):
                self._client.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(told).encode())
            self._book.mark_called(key)
        return json.dumps({"hookStatus": run.status, "reason": run.reason})


def payload(key: str, hook: Hook, rollout: Rollout) -> dict[str, Plain]:
    """What a hook is told: release, targets with both versions, step and weight.

    The first two keys are those of a CodeDeploy lifecycle hook.
    """
    return {
        "DeploymentId": rollout.id,
        "LifecycleEventHookExecutionId": key,
        "schema": "hook/1",
        "stage": hook.stage.value,
        "rollout": rollout.id,
        "step": rollout.step_index + 1,
        "weight_percent": rollout.weight.basis_points / 100,
        "targets": [
            {
                "function": leg.target.function,
                "alias": leg.target.alias,
                "preview_alias": leg.target.preview_alias,
                "stable_version": leg.target.stable,
                "canary_version": leg.target.canary,
            }
            for leg in rollout.legs
        ],
    }


class _Elsewhere:
    """A hook that is a command of another machine's."""

    def __init__(self, key: str) -> None:
        self._key = key

    def poll(self) -> HookReading:
        reason = "a local command runs only where the release was started"
        return HookReading(key=self._key, status=HookStatus.IN_PROGRESS, reason=reason)

    def stop(self) -> None:
        return


class _Called:
    """A hook that answers a call, and is called again while it says IN_PROGRESS."""

    def __init__(self, key: str, pool: ThreadPoolExecutor, call: Callable[[], str]) -> None:
        self._key = key
        self._pool = pool
        self._call = call
        self._future: Future[str] = pool.submit(call)

    def poll(self) -> HookReading:
        if not self._future.done():
            return HookReading(key=self._key, status=HookStatus.IN_PROGRESS)
        reading = self._read()
        if reading.status is HookStatus.IN_PROGRESS:
            self._future = self._pool.submit(self._call)
        return reading

    def stop(self) -> None:
        self._future.cancel()

    def _read(self) -> HookReading:
        try:
            answer = json.loads(self._future.result())
        except Unavailable as trouble:
            return HookReading(key=self._key, status=HookStatus.IN_PROGRESS, reason=f"{trouble}; asked again")
        except (CanaryError, OSError, ValueError) as error:
            return HookReading(key=self._key, status=HookStatus.FAILED, reason=f"no answer: {error}")
        try:
            status = HookStatus(answer["hookStatus"])
            return HookReading(key=self._key, status=status, reason=str(answer.get("reason", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            reason = f"answered without a hookStatus of SUCCEEDED, FAILED or IN_PROGRESS: {answer!r:.200}"
            return HookReading(key=self._key, status=HookStatus.FAILED, reason=reason)


class _Command:
    """A hook that is a local command; its output is kept, and its last line is the reason."""

    def __init__(self, key: str, command: str, body: str) -> None:
        self._key = key
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the command runs
        self._failed_start = ""
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(  # noqa: S603 - the user's own command
                shlex.split(command), stdin=subprocess.PIPE, stdout=self._output, stderr=subprocess.STDOUT
            )
        except (OSError, ValueError) as error:
            self._process = None
            self._failed_start = f"cannot run {command!r}: {error}"
            return
        self._tell(body)

    def poll(self) -> HookReading:
        if self._process is None:
            return HookReading(key=self._key, status=HookStatus.FAILED, reason=self._failed_start)
        code = self._process.poll()
        if code is None:
            return HookReading(key=self._key, status=HookStatus.IN_PROGRESS)
        status = HookStatus.SUCCEEDED if code == 0 else HookStatus.FAILED
        return HookReading(key=self._key, status=status, reason=f"{self._last_line()} (exit {code})".strip())

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)
        self._output.close()

    def _tell(self, body: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(body.encode())
            self._process.stdin.close()
        except BrokenPipeError:
            return  # the command does not read its input

    def _last_line(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def _post(url: str, body: str) -> str:
    request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": "application/json"})  # noqa: S310 - http(s) only, see Hooks._start
    with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310 - the same
        text: str = answer.read().decode()
        return text
