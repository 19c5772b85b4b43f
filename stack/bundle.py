"""Deterministic code bundles: the same files give the same bytes, on every machine. Writes below ``build/`` only."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Final

from stack.errors import SettingsError

PACKAGE: Final = "handlers"
"""The package that a bundle holds, whatever the folder is called that it is made of."""

LARGEST_DIRECT_UPLOAD: Final = 50 * 1024 * 1024
"""Lambda takes no larger zip without S3 (Lambda quotas, 'Deployment package size')."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT: Final = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")


def code_bundle(source: Path, build: Path) -> Path:
    """The zip file to upload for `source`: made of a folder, or `source` itself when it is a zip file already.

    Named by its content below `build`, so that two bundles never overwrite each other.

    Raises:
        SettingsError: the folder holds no Python module, or the bundle is too large for a direct upload.
    """
    if source.is_file():
        return source
    files = {f"{PACKAGE}/{path.relative_to(source).as_posix()}": path.read_bytes() for path in _files(source)}
    if not any(name.endswith(".py") for name in files):
        raise SettingsError(f"{source} holds no Python module; point the setting 'bundle' at the package's folder")
    return store(zip_of(files), build)


def zip_of(files: dict[str, bytes]) -> bytes:
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
    path = build / f"{hashlib.sha256(content).hexdigest()}.zip"
    if not path.exists():
        build.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return path


def _files(source: Path) -> list[Path]:
    found = (path for path in source.rglob("*") if path.is_file())
    return [path for path in found if not set(_LEFT_OUT) & set(path.relative_to(source).parts)]
