"""What a deployment remembers: one JSON file a stack, secrets encrypted, written whole after every resource."""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final

from localcloud.engine.errors import EngineError
from localcloud.engine.secrecy import Vault, open_vault
from localcloud.engine.values import Properties, Secret, Value, revealed
from localcloud.resources.archives import Archive, Asset

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A resource as it was last applied."""

    urn: str
    kind: str
    custom: bool
    identifier: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    parent: str = ""
    provider: str = ""
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    generated_name: str = ""
    external: bool = False
    """Read by the program, not made by it: never deleted."""

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True, slots=True)
class StoredDigest:
    """What is kept of an archive or an asset."""

    digest: str


class StackState:
    """The recorded resources of one stack. Every change is on disk when its method returns. Safe between threads."""

    def __init__(self, path: Path, vault: Vault, document: Mapping[str, Any]) -> None:
        self.path = path
        self.instance: str = document.get("instance", "")
        self.project: str = document.get("project", "")
        self._vault = vault
        self._lock = threading.Lock()
        self._texts: dict[int, tuple[Recorded, str]] = {}
        self.resources = {r.urn: r for r in map(self._loaded, document.get("resources", []))}
        self.condemned = [self._loaded(entry) for entry in document.get("condemned", [])]
        self.begun: set[str] = set(document.get("begun", []))
        self.outputs: Properties = self._opened(document.get("outputs", {}))

    def record(self, resource: Recorded, replaced: Recorded | None = None) -> None:
        """Keeps the resource as applied, no longer in doubt; one that it replaced is still to be deleted."""
        with self._lock:
            if self.resources.get(resource.urn) == resource and resource.urn not in self.begun:
                return
            if replaced is not None:
                self.condemned.append(replaced)
            self.resources.pop(resource.urn, None)  # the order of the file is the order of completion
            self.resources[resource.urn] = resource
            self.begun.discard(resource.urn)
            self._save()

    def rename(self, old: str, new: str) -> None:
        """Moves a resource to a new URN, and everything that names the old one: Pulumi's ``aliases``."""
        with self._lock:
            moved = {new if urn == old else urn: _renamed(r, old, new) for urn, r in self.resources.items()}
            self.resources = moved
            self._save()

    def begin(self, urn: str) -> None:
        """Notes that a creation starts, so that a killed deployment can tell what may exist."""
        with self._lock:
            self.begun.add(urn)
            self._save()

    def ended(self, urn: str) -> None:
        """A creation failed by an answer of AWS: nothing is in doubt."""
        with self._lock:
            self.begun.discard(urn)
            self._save()

    def forget(self, resource: Recorded) -> None:
        """Drops a resource that is gone."""
        with self._lock:
            self.condemned = [kept for kept in self.condemned if kept is not resource]
            if self.resources.get(resource.urn) is resource:
                del self.resources[resource.urn]
            self._save()

    def settle(self, *, outputs: Properties | None = None, instance: str | None = None, project: str = "") -> None:
        """Keeps the stack's outputs, or the instance of the cloud that the resources are in."""
        with self._lock:
            self.outputs = self.outputs if outputs is None else outputs
            self.instance = self.instance if instance is None else instance
            self.project = project or self.project
            self._save()

    def deletion_order(self, doomed: list[Recorded]) -> list[Recorded]:
        """Dependents before what they depend on; among equals, the last made first."""
        by_urn = {resource.urn: resource for resource in doomed}
        graph: TopologicalSorter[str] = TopologicalSorter()
        for resource in reversed(doomed):
            links = (*resource.dependencies, resource.parent, resource.deleted_with, resource.provider.split("::")[0])
            graph.add(resource.urn, *(link for link in links if link in by_urn and link != resource.urn))
        try:
            return [by_urn[urn] for urn in reversed(list(graph.static_order()))]
        except CycleError:
            return list(reversed(doomed))

    def _loaded(self, entry: Mapping[str, Any]) -> Recorded:
        opened = {"inputs": self._opened(entry["inputs"]), "outputs": self._opened(entry["outputs"])}
        return Recorded(**(dict(entry) | opened | {"dependencies": tuple(entry["dependencies"])}))

    def _save(self) -> None:
        document = {
            "format": _FORMAT,
            "project": self.project,
            "instance": self.instance,
            "begun": sorted(self.begun),
            "outputs": self._sealed(self.outputs),
        }
        texts = [self._text(resource) for resource in self.resources.values()]
        condemned = [self._text(resource) for resource in self.condemned]
        self._texts = {id(r): self._texts[id(r)] for r in (*self.resources.values(), *self.condemned)}
        head = json.dumps(document, indent=1).removesuffix("\n}")
        body = f'{head},\n "resources": {_listed(texts)},\n "condemned": {_listed(condemned)}\n}}\n'
        _write_atomically(self.path, body)

    def _text(self, resource: Recorded) -> str:
        """The resource as JSON, made once: encryption is the slow part of a save."""
        kept = self._texts.get(id(resource))
        if kept is None or kept[0] is not resource:
            fields = asdict(replace(resource, inputs={}, outputs={}))
            sealed = {"inputs": self._sealed(resource.inputs), "outputs": self._sealed(resource.outputs)}
            kept = (resource, json.dumps(fields | sealed))
            self._texts[id(resource)] = kept
        return kept[1]

    def _sealed(self, value: Value) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, Secret):
            return {"$secret": self._vault.sealed(self._sealed(revealed(value.value)))}
        if isinstance(value, Archive | Asset | StoredDigest):
            return {"$digest": value.digest}
        if isinstance(value, Mapping):
            return {key: self._sealed(item) for key, item in value.items()}
        return [self._sealed(item) for item in value] if isinstance(value, list | tuple) else value

    def _opened(self, value: Value) -> Value:
        if isinstance(value, Mapping):
            if value.keys() == {"$secret"}:
                return Secret(self._opened(self._vault.opened(value["$secret"])))
            if value.keys() == {"$digest"}:
                return StoredDigest(value["$digest"])
            return {key: self._opened(item) for key, item in value.items()}
        return [self._opened(item) for item in value] if isinstance(value, list) else value


def load_state(folder: Path, stack: str) -> StackState:
    """The stack's state, empty when there is none; the folder is made, for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{stack}.json"
    document: dict[str, Any] = {}
    if path.exists():
        try:
            document = json.loads(path.read_text())
        except ValueError as error:
            raise EngineError(f"{path} is not JSON ({error}): restore it, or remove it to start anew") from error
    if document.get("format", _FORMAT) != _FORMAT:
        raise EngineError(f"{path} has format {document['format']}, wanted {_FORMAT}: remove it to start anew")
    return StackState(path, open_vault(folder), document)


def _renamed(resource: Recorded, old: str, new: str) -> Recorded:
    def swap(urn: str) -> str:
        return new if urn == old else urn

    return replace(
        resource,
        urn=swap(resource.urn),
        parent=swap(resource.parent),
        deleted_with=swap(resource.deleted_with),
        dependencies=tuple(swap(urn) for urn in resource.dependencies),
    )


def _listed(texts: list[str]) -> str:
    return "[\n  " + ",\n  ".join(texts) + "\n ]" if texts else "[]"


def _write_atomically(path: Path, text: str) -> None:
    """Readers see the old file or the new one, never half of one."""
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
