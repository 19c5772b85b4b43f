"""The HookRunner: local commands, http(s) URLs and Lambda functions, none of which is ever waited for.

A function or URL answers ``{"hookStatus": "SUCCEEDED" | "FAILED" | "IN_PROGRESS", "reason": "..."}`` and is asked
again after IN_PROGRESS; a command succeeds by exit code 0. All get the same payload (`payload`), a command on its
standard input.
"""

import json
import shlex
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol

from canary.aws.clients import aws_errors
from canary.core.codec import Plain
from canary.core.errors import CanaryError
from canary.core.hooks import Hook, HookReading, HookStatus
from canary.core.rollout import Rollout

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

ANSWER_WITHIN_S: Final = 60
"""How long one call of a URL may take; a longer hook answers IN_PROGRESS."""


class _Run(Protocol):
    """One hook on its way."""

    def poll(self) -> HookReading: ...

    def stop(self) -> None: ...


class Hooks:
    """Starts every due hook once and tells how far it is."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="hook")
        self._runs: dict[str, _Run] = {}

    def poll(self, due: Sequence[tuple[str, Hook]], rollout: Rollout) -> tuple[HookReading, ...]:
        """The answers so far, without waiting."""
        for key, hook in due:
            if key not in self._runs:
                self._runs[key] = self._start(key, hook, json.dumps(payload(key, hook, rollout)))
        return tuple(self._runs[key].poll() for key, _ in due)

    def stop(self) -> None:
        """Ends commands that still run; calls on their way are left to end by themselves."""
        for run in self._runs.values():
            run.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, key: str, hook: Hook, body: str) -> _Run:
        if hook.run.startswith(("http://", "https://")):
            return _Called(key, self._pool, lambda: _post(hook.run, body))
        if hook.run.startswith(("lambda:", "arn:")):
            name = hook.run.removeprefix("lambda:")
            return _Called(key, self._pool, lambda: self._invoke(name, body))
        return _Command(key, hook.run, body)

    def _invoke(self, function: str, body: str) -> str:
        with aws_errors(f"calling hook function {function}"):
            answer = self._client.invoke(FunctionName=function, Payload=body.encode())
        return answer["Payload"].read().decode()


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
            status = HookStatus(answer["hookStatus"])
            return HookReading(key=self._key, status=status, reason=str(answer.get("reason", "")))
        except (CanaryError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"no answer with a hookStatus: {error}"
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
