"""Deterministic code bundles: the same files give the same bytes, on every machine. Writes below ``build/`` only."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stack.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACKAGE: Final = "handlers"
"""The package that a bundle holds, whatever the folder is called that it is made of."""

LARGEST_DIRECT_UPLOAD: Final = 50 * 1024 * 1024
"""Lambda takes no larger zip without S3 (Lambda quotas, 'Deployment package size')."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT: Final = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")


def code_bundle(source: Path, build: Path, parts: Sequence[str] = ()) -> Path:
    """The zip file to upload for `source`: made of a folder, or `source` itself when it is a zip file already.

    Where the folder has the sub-packages named in `parts`, the bundle holds those and the folder's own modules alone:
    a change of what a function does not use is no change of the function.

    Raises:
        SettingsError: the folder holds no Python module, or the bundle is too large for a direct upload.
    """
    if source.is_file():
        return source
    whole = not all((source / part).is_dir() for part in parts) or not parts
    return package_bundle({PACKAGE: source}, build, () if whole else parts)


def has_module(source: Path, module: str) -> bool:
    """Whether the bundle of `source` has the module of that dotted name, of which a folder's begin with `PACKAGE`."""
    path = module.replace(".", "/")
    if source.is_file():
        with zipfile.ZipFile(source) as given:
            return f"{path}.py" in given.namelist()
    package, _, inside = path.partition("/")
    return package == PACKAGE and (source / f"{inside}.py").is_file()


def package_bundle(packages: Mapping[str, Path], build: Path, parts: Sequence[str] = ()) -> Path:
    """The zip file, below `build` and named by its content, that holds each folder as the package of that name.

    With `parts`, of the sub-packages only those.

    Raises:
        SettingsError: a folder holds no Python module, or the bundle is too large for a direct upload.
    """
    files: dict[str, bytes] = {}
    for package, folder in packages.items():
        found = {
            f"{package}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in _files(folder, parts)
        }
        if not any(name.endswith(".py") for name in found):
            raise SettingsError(f"{folder} holds no Python module; point the setting 'bundle' at the package's folder")
        files |= found
    return store(zip_of(files), build)


def described(bundle: Path) -> dict[str, int | str]:
    """How large a bundle is, in bytes, and its SHA-256: equal inputs have equal ones on every machine."""
    content = bundle.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, sorted, with fixed dates and rights, stored: compressors differ between machines."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def store(content: bytes, build: Path) -> Path:
    """The file below `build` that holds `content`, named by its SHA-256.

    Raises:
        SettingsError: it is too large for a direct upload.
    """
    if len(content) > LARGEST_DIRECT_UPLOAD:
        raise SettingsError(f"a bundle of {len(content):,} bytes is over the limit of {LARGEST_DIRECT_UPLOAD:,}")
    folder = build / "bundles"
    path = folder / f"{hashlib.sha256(content).hexdigest()}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return path


def _files(source: Path, parts: Sequence[str]) -> list[Path]:
    """The files of a package: all of them, or its own modules and those of some sub-packages."""
    if parts:
        own = [path for path in source.glob("*.py") if path.is_file()]
        return own + [path for part in parts for path in _files(source / part, ())]
    found = (path for path in source.rglob("*") if path.is_file())
    return [path for path in found if not set(_LEFT_OUT) & set(path.relative_to(source).parts)]
