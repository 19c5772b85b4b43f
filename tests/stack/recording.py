"""The program's graph, as the engine is asked for it: every registration with its inputs and options, recorded."""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from operator import attrgetter
from pathlib import Path
from runpy import run_path
from tempfile import TemporaryDirectory
from typing import Any

import pulumi
import pulumi_aws
from pulumi.runtime import mocks, rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack
from pulumi.runtime.sync_await import _ensure_event_loop

from stack.bundle import zip_of
from stack.layer import layer_path
from stack.naming import PROJECT
from stack.settings import CHECKOUT

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One resource as the program registered it."""

    kind: str
    name: str
    takes_tags: bool
    inputs: dict[str, Any]
    ignored: tuple[str, ...]
    protected: bool
    depends_on: frozenset[str]
    parent: str
    urn: str


@dataclass(slots=True)
class Graph:
    """Everything that a run of the program registered, and what it exported."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    manifest: str = ""
    refusal: str = ""
    """What the program ended with, in place of declaring everything."""
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Registered]:
        return [each for each in self.resources if each.kind == kind]

    def one(self, kind: str, name: str) -> Registered:
        found = [each for each in self.of(kind) if each.name == name]
        assert len(found) == 1, f"{kind} {name}: {[each.name for each in self.of(kind)]}"
        return found[0]


_ARN_PREFIXES = {"aws:kms/key:Key": "key/"}


class Recorder(mocks.MockMonitor):
    """A monitor that answers as if every resource had been created, with ids and ARNs made of the names."""

    def __init__(self) -> None:
        super().__init__(_Answers())
        self.graph = Graph()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802, ANN401 - the monitor interface's
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.graph.resources.append(
                Registered(
                    kind=request.type,
                    name=request.name,
                    takes_tags=request.type.startswith("aws:") and _takes_tags(request.type),
                    inputs=_open(rpc.deserialize_properties(request.object)),
                    ignored=tuple(request.ignoreChanges),
                    protected=request.protect,
                    depends_on=frozenset(request.dependencies),
                    parent=request.parent,
                    urn=answer.urn,
                )
            )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802, ANN401 - the monitor interface's
        _ensure_event_loop()  # type: ignore[no-untyped-call]
        outputs = rpc.deserialize_properties(request.outputs)
        if "pulumi:pulumi:Stack" in request.urn.split("::")[2].split("$")[-1]:
            self.graph.outputs = outputs
        else:
            self.graph.component_outputs[request.urn] = outputs
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Answers(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT},
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{zone}" for zone in "abcdef"]},
        }
        return answers[args.token], []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return None, {}
        name = args.inputs.get("name", args.name)
        service = args.typ.split(":")[1].split("/")[0]
        computed = {
            "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{_ARN_PREFIXES.get(args.typ, '')}{name}",
            "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{name}",
            "rootResourceId": "root",
            "invokeUrl": f"https://{name}.example",
            "url": f"https://sqs.example/{name}",
            "version": "1",
        }
        return f"{name}-id", computed | args.inputs


def _takes_tags(kind: str) -> bool:
    """Whether the provider's resource has tags."""
    _, module, name = kind.split(":")
    package = {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0])
    resource = attrgetter(f"{package}.{name}")(pulumi_aws)
    return "tags" in signature(resource._internal_init).parameters  # noqa: SLF001 - where the SDK keeps the arguments


def _open(value: Any) -> Any:  # noqa: ANN401 - any value of the wire format
    """The value without the marks of secrets: the tests look inside."""
    if rpc.is_rpc_secret(value):
        return _open(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _open(each) for key, each in value.items()}
    return [_open(each) for each in value] if isinstance(value, list) else value


def record(stack: str, config: dict[str, str] | None = None, region: str = REGION) -> Graph:
    """The graph of one run of the program, in a process of its own: the SDK keeps its state in globals."""
    with (
        TemporaryDirectory() as build,
        ProcessPoolExecutor(max_workers=1, mp_context=_processes()) as pool,
    ):
        layer = layer_path(Path(build), "arm64")
        layer.parent.mkdir()
        layer.write_bytes(zip_of({"python/module.py": b""}))
        graph = pool.submit(_record_here, stack, {"build": build, **(config or {})}, region).result()
        for manifest in Path(build).glob("manifests/*"):
            graph.manifest = manifest.read_text(encoding="utf-8")
        return graph


@cache
def _processes() -> ForkServerContext:
    """Processes that have imported the SDK already."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["stack.program", __name__])
    return context


def _record_here(stack: str, config: dict[str, str], region: str) -> Graph:
    recorder = Recorder()
    engine = mocks.MockEngine(None)
    configure(Settings(PROJECT, stack, monitor=recorder, engine=engine, dry_run=False, organization="tests"))
    set_all_config({"aws:region": region, **{f"{PROJECT}:{key}": value for key, value in config.items()}}, [])
    try:
        asyncio.run(run_in_stack(_run_program))
    except pulumi.RunError as refused:
        recorder.graph.refusal = str(refused)
    return recorder.graph


def _run_program() -> None:
    """As the Pulumi CLI runs it: by path."""
    run_path(str(CHECKOUT / "stack"), run_name="__main__")


@cache
def recorded(stack: str, *config: tuple[str, str]) -> Graph:
    """The graph of an environment with some settings that differ; recorded once a session."""
    return record(stack, dict(config))
