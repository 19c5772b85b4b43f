"""One run of a program against one stack: each goal is planned, then applied or previewed; at the end the rest goes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from localcloud.engine.applying import apply_step, preview_step, recorded, shown_outputs, with_outputs
from localcloud.engine.diff import Operation
from localcloud.engine.errors import DeploymentFailed, EngineError
from localcloud.engine.goals import Goal, Registered
from localcloud.engine.paths import rendered
from localcloud.engine.planning import Step, plan_step
from localcloud.engine.removal import delete_all
from localcloud.engine.state import Recorded
from localcloud.engine.values import Properties, has_unknown, revealed
from localcloud.engine.workspace import Workspace, catalogued, explained

PROVIDER: Final = "pulumi:providers:aws"
STACK: Final = "pulumi:pulumi:Stack"


@dataclass(slots=True)
class Deployment:
    """Registers goals from many threads; the first failure stops every later one."""

    space: Workspace
    outputs: Properties = field(default_factory=dict)
    failure: EngineError | None = None
    _seen: set[str] = field(default_factory=set)
    _to_replace: list[Recorded] = field(default_factory=list)  # in a preview; an apply has them in the state
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self, goal: Goal) -> Registered:
        """Brings one resource to what the program wants and returns its outputs."""
        with self._entered(goal):
            if goal.kind.startswith("pulumi:providers:"):
                return self._provider(goal)
            return self._custom(goal) if goal.custom else self._component(goal)

    def stop(self, reason: EngineError) -> None:
        """Lets what runs come to its end, and refuses everything after it with the reason."""
        self.failure = self.failure or reason

    def complete(self, urn: str, outputs: Properties) -> None:
        """Keeps what a component, or the stack itself, registers as its outputs."""
        found = self.space.state.resources.get(urn)
        if f"::{STACK}::" in urn:
            self.outputs = outputs
        if found is not None and not self.space.preview:
            self.space.state.record(with_outputs(found, outputs))

    def read(self, goal: Goal) -> Registered:
        """An existing resource, looked up for the program by its id; never changed, never deleted."""
        with self._entered(goal):
            kind, known = catalogued(goal.urn, goal.kind), revealed(goal.inputs)
            live = kind.read(self.space.clouds.of(goal.provider, known), goal.import_id, known)
            if live is None:
                raise DeploymentFailed(f"{goal.kind} '{goal.name}': there is no resource with id {goal.import_id}")
        outputs = shown_outputs(goal.inputs, live, goal.secret_outputs)
        if not self.space.preview:
            step = Step(operation=Operation.READ, inputs=goal.inputs)
            self.space.state.record(recorded(goal, step, goal.import_id, outputs))
        return Registered(urn=goal.urn, identifier=goal.import_id, outputs=outputs)

    def finish(self) -> None:
        """Deletes what was replaced and what the program no longer names, and keeps the stack's outputs."""
        state = self.space.state
        left = [resource for urn, resource in state.resources.items() if urn not in self._seen]
        delete_all(self.space, left, replaced=[*state.condemned, *self._to_replace])
        if not self.space.preview:
            state.settle(outputs=self.outputs)

    @contextmanager
    def _entered(self, goal: Goal) -> Iterator[None]:
        """Admits a goal once, and none after a failure; what fails inside becomes the deployment's failure."""
        try:
            self._enter(goal.urn)
            with explained(goal.kind, goal.name, goal.inputs):
                yield
        except EngineError as error:
            self.stop(error)
            raise

    def _enter(self, urn: str) -> None:
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if urn in self._seen:
                raise EngineError(f"{urn} is registered twice: give one of the two another name")
            self._seen.add(urn)

    def _custom(self, goal: Goal) -> Registered:
        if goal.import_id:
            raise EngineError(
                f"{goal.urn}: the local engine cannot import {goal.import_id}: let it create the resource"
            )
        space, kind, prior = self.space, catalogued(goal.urn, goal.kind), self._prior(goal)
        exists = prior is not None and space.live(kind, prior) is not None
        tags = space.clouds.settings(goal.provider).default_tags
        step = plan_step(goal, kind, prior, tags, exists=exists)
        changed = tuple(dict.fromkeys(rendered(path) for path in step.changed))
        with space.reported(goal.urn, goal.kind, step.operation, changed):
            if space.preview:
                if prior is not None and step.operation is Operation.REPLACE and not step.delete_first:
                    self._to_replace.append(prior)
                return preview_step(goal, kind, step, prior)
            return apply_step(space, goal, kind, step, prior)

    def _component(self, goal: Goal) -> Registered:
        prior = self._prior(goal)
        if not self.space.preview:
            step = Step(operation=Operation.SAME, inputs=goal.inputs)
            self.space.state.record(recorded(goal, step, "", prior.outputs if prior else {}))
        return Registered(urn=goal.urn)

    def _provider(self, goal: Goal) -> Registered:
        if goal.kind != PROVIDER:
            raise EngineError(f"{goal.urn}: provider {goal.kind} is not supported by the local engine, only {PROVIDER}")
        if has_unknown(goal.inputs):
            raise EngineError(f"{goal.urn}: the settings of a provider must be known before the apply")
        self.space.clouds.add_provider(goal.urn, goal.inputs)
        if not self.space.preview:
            step = Step(operation=Operation.SAME, inputs=goal.inputs)
            self.space.state.record(recorded(goal, step, goal.name, goal.inputs))
        return Registered(urn=goal.urn, identifier=goal.name, outputs=goal.inputs)

    def _prior(self, goal: Goal) -> Recorded | None:
        """The recorded resource, also under a URN that the program names as an alias of this one."""
        state = self.space.state
        if goal.urn in state.resources:
            return state.resources[goal.urn]
        with self._lock:
            alias = next((urn for urn in goal.aliases if urn in state.resources and urn not in self._seen), None)
            if alias is None:
                return None
            self._seen.add(alias)
        if self.space.preview:
            return replace(state.resources[alias], urn=goal.urn)
        state.rename(alias, goal.urn)
        return state.resources[goal.urn]
