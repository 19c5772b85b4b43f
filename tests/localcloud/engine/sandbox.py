"""A stack of one's own on the shared embedded cloud: by goals in this process, or by a program in a subprocess."""

import json
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3

from localcloud.engine import deploy as engine
from localcloud.engine.clouds import Clouds, default_settings
from localcloud.engine.deployment import Deployment
from localcloud.engine.endpoint import Target
from localcloud.engine.events import Event, MessageEvent, ResourceEvent, Status
from localcloud.engine.goals import Goal, Registered
from localcloud.engine.jobs import Result
from localcloud.engine.refreshing import refresh_all
from localcloud.engine.removal import delete_all
from localcloud.engine.state import StackState, load_state
from localcloud.engine.workspace import Workspace
from localcloud.running import RunningCloud

STACK = "test"
ACCOUNT = "000000000000"


_SESSION = boto3.Session("test", "test")

Make = Callable[..., Registered]
Declare = Callable[[Make, "Sandbox", str], None]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one in-process deployment did."""

    events: list[Event]
    made: Mapping[str, Registered]

    @property
    def operations(self) -> dict[str, str]:
        done = [e for e in self.events if isinstance(e, ResourceEvent) and e.status is Status.DONE]
        return {event.name: str(event.operation) for event in done}

    @property
    def order(self) -> list[tuple[str, str]]:
        done = [e for e in self.events if isinstance(e, ResourceEvent) and e.status is Status.DONE]
        return [(str(event.operation), event.name) for event in done]

    @property
    def changed(self) -> dict[str, tuple[str, ...]]:
        done = [e for e in self.events if isinstance(e, ResourceEvent) and e.status is Status.DONE]
        return {event.name: event.changed for event in done}


@dataclass(kw_only=True)
class Sandbox:
    """A project in a folder of its own, named so that its resources are nobody else's."""

    root: Path
    cloud: RunningCloud
    project: str
    config: dict[str, str] = field(default_factory=lambda: {"aws:region": "us-east-1"})

    @property
    def home(self) -> Path:
        return self.root / ".localcloud" / "state"

    @property
    def target(self) -> Target:
        return Target(endpoint=self.cloud.endpoint, instance="one")

    def client(self, service: str, region: str = "us-east-1") -> Any:  # noqa: ANN401 - boto3 makes them at run time
        return _SESSION.client(service, region, endpoint_url=self.cloud.endpoint)  # type: ignore[call-overload]

    def name(self, text: str) -> str:
        return f"{self.project}-{text}"

    def goal(self, kind: str, logical: str, inputs: Mapping[str, Any], **options: Any) -> Goal:  # noqa: ANN401 - of Goal
        urn = f"urn:pulumi:{STACK}::{self.project}::{kind}::{logical}"
        custom = options.pop("custom", True)
        return Goal(urn=urn, kind=kind, name=logical, inputs=dict(inputs), custom=custom, **options)

    def state(self) -> StackState:
        return load_state(self.home, STACK)

    def state_text(self) -> str:
        return (self.home / f"{STACK}.json").read_text()

    def apply_goals(self, *goals: Goal, preview: bool = False, finish: bool = True) -> Run:
        """Registers the goals one after the other; what they raise is raised here."""
        events: list[Event] = []
        deployment = Deployment(self.workspace(events, preview=preview))
        made = {goal.name: deployment.register(goal) for goal in goals}
        if finish:
            deployment.finish()
        return Run(events=events, made=made)

    def apply_family(self, declare: "Declare", variant: str, *, preview: bool = False) -> Run:
        """Registers what `declare` makes, one resource from the outputs of another, as a program does."""
        events: list[Event] = []
        deployment = Deployment(self.workspace(events, preview=preview))
        made: dict[str, Registered] = {}

        def make(kind: str, logical: str, **inputs: object) -> Registered:
            given = {name: value for name, value in inputs.items() if value is not None}
            made[logical] = deployment.register(
                self.goal(kind, logical, given, dependencies=tuple(m.urn for m in made.values()))
            )
            return made[logical]

        declare(make, self, variant)
        deployment.finish()
        return Run(events=events, made=made)

    def refresh_goals(self) -> Run:
        events: list[Event] = []
        refresh_all(self.workspace(events, preview=False))
        return Run(events=events, made={})

    def destroy_goals(self) -> Run:
        events: list[Event] = []
        space = self.workspace(events, preview=False)
        delete_all(space, [*space.state.resources.values()], replaced=space.state.condemned)
        return Run(events=events, made={})

    def workspace(self, events: list[Event], *, preview: bool) -> Workspace:
        clouds = Clouds(self.cloud.endpoint, ACCOUNT, default_settings(self.config, ACCOUNT))
        return Workspace(clouds=clouds, state=self.state(), emit=events.append, preview=preview)

    def write(self, program: str, **config: str) -> None:
        """The project's files; config keys without a namespace are the project's."""
        (self.root / "app").mkdir(exist_ok=True)
        document = {"name": self.project, "main": "app", "runtime": "python"}
        (self.root / "Pulumi.yaml").write_text(json.dumps(document))  # JSON is YAML
        settings = {"config": {**self.config, **config}}
        (self.root / f"Pulumi.{STACK}.yaml").write_text(json.dumps(settings))
        (self.root / "app" / "__main__.py").write_text(textwrap.dedent(program))

    def apply(self, **options: Any) -> Result:  # noqa: ANN401 - of deploy
        return engine.deploy(self.root, STACK, self.cloud.endpoint, instance="one", **options)

    def preview(self) -> Result:
        return self.apply(preview=True)

    def destroy(self) -> Result:
        return engine.destroy(self.root, STACK, self.target)


def operations(result: Result) -> dict[str, str]:
    """Logical name -> operation."""
    return {change.name: str(change.operation) for change in result.changes}


def changes(result: Result) -> set[tuple[str, str, tuple[str, ...]]]:
    """What a preview and its apply must agree on."""
    return {(change.urn, str(change.operation), change.changed) for change in result.changes}


def messages(events: Iterable[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, MessageEvent)]


def with_inputs(goal: Goal, **inputs: object) -> Goal:
    return replace(goal, inputs={**goal.inputs, **inputs})
