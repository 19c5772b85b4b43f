"""What a Pulumi project says in its files: name, program folder, and one stack's configuration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from localcloud.engine.errors import EngineError
from stack.settings import short_name

_LANGUAGE: Final = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Pulumi project and the configuration of one of its stacks."""

    name: str
    root: Path
    program: Path
    """The folder with ``__main__.py``."""
    stack: str
    config: Mapping[str, str]
    """Namespaced key -> text; objects as JSON, as Pulumi passes them."""


def load_project(folder: Path, stack: str, extra: Mapping[str, str] | None = None) -> Project:
    """The project at or above `folder`, with the stack's configuration; `extra` wins over the files."""
    root = _root(folder.resolve())
    document = _mapping(root / "Pulumi.yaml")
    name, runtime = document.get("name"), document.get("runtime")
    language = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if not isinstance(name, str) or language != _LANGUAGE:
        raise EngineError(f"{root / 'Pulumi.yaml'}: wanted a name and runtime python, got {name!r} and {language!r}")
    program = (root / str(document.get("main", "."))).resolve()
    if not (program / "__main__.py").is_file():
        raise EngineError(f"{program / '__main__.py'}: no such file; `main` in Pulumi.yaml names the program's folder")
    config = _defaults(document, name) | _stack_config(_of_stack(root, stack), name)
    qualified = {_qualified(key, name): value for key, value in (extra or {}).items()}
    return Project(name=name, root=root, program=program, stack=stack, config=config | qualified)


def stack_named(folder: Path, name: str) -> str:
    """The stack of the project at or above `folder` that `name` means, of which it may be another name (D1)."""
    root = _root(folder.resolve())
    short = short_name(name)
    return short if not _of_stack(root, name).is_file() and _of_stack(root, short).is_file() else name


def _of_stack(root: Path, stack: str) -> Path:
    return root / f"Pulumi.{stack}.yaml"


def _root(folder: Path) -> Path:
    for candidate in (folder, *folder.parents):
        if (candidate / "Pulumi.yaml").is_file():
            return candidate
    raise EngineError(f"{folder}: no Pulumi.yaml here or above; name the program's folder with --program")


def _defaults(document: Mapping[str, Any], project: str) -> dict[str, str]:
    """Values of the project file's own ``config`` block, short form or with ``value`` or ``default``."""
    found: dict[str, str] = {}
    for key, entry in (document.get("config") or {}).items():
        value = entry.get("value", entry.get("default")) if isinstance(entry, Mapping) else entry
        if value is not None:
            found[_qualified(key, project)] = _text(value)
    return found


def _stack_config(path: Path, project: str) -> dict[str, str]:
    if not path.is_file():
        return {}
    document = _mapping(path)
    if "encryptionsalt" in document or "secretsprovider" in document:
        _refuse_secure(path, document.get("config") or {})
    config = document.get("config") or {}
    _refuse_secure(path, config)
    return {_qualified(key, project): _text(value) for key, value in config.items()}


def _refuse_secure(path: Path, config: Mapping[str, Any]) -> None:
    for key, value in config.items():
        if isinstance(value, Mapping) and "secure" in value:
            raise EngineError(
                f"{path}: {key} is encrypted by the Pulumi CLI, which the local engine cannot open: give it a plain "
                f"value for the embedded cloud with --config {key}=..."
            )


def _mapping(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise EngineError(f"{path}: {str(error).splitlines()[0]}") from error
    if not isinstance(document, dict):
        raise EngineError(f"{path}: wanted a mapping, got {type(document).__name__}")
    return document


def _qualified(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
