"""Deterministic zip archives and assets: the same files give the same bytes and the same digest, on any machine."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from localcloud.resources.errors import ResourceError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold
_SKIPPED: Final = frozenset({"__pycache__", ".DS_Store", ".git"})
_EXECUTABLE: Final = 0o111


@dataclass(frozen=True, slots=True)
class Asset:
    """One file's bytes, as an S3 object or as an entry of an archive."""

    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip file's bytes, ready to be sent."""

    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


Entry: TypeAlias = Asset | Archive | Path
"""What an archive may be built of: bytes, another zip, or a folder or file on disk."""


def asset_from_file(path: Path) -> Asset:
    """The file's bytes; refused with its path when it cannot be read."""
    try:
        return Asset(path.read_bytes())
    except OSError as error:
        raise ResourceError(f"asset {path}: {error.strerror}") from error


def archive_from_path(path: Path) -> Archive:
    """A folder zipped deterministically, or a zip file as it is."""
    if path.is_file():
        return Archive(asset_from_file(path).content)
    if not path.is_dir():
        raise ResourceError(f"archive {path}: no such file or folder")
    return _zipped(dict(_walked("", path)))


def archive_from_entries(entries: Mapping[str, Entry]) -> Archive:
    """Entries under their names in one zip; folders and nested archives are unfolded under their name."""
    files: dict[str, tuple[bytes, int]] = {}
    for name, entry in entries.items():
        files.update(_files(name.strip("/"), entry))
    return _zipped(files)


def _files(name: str, entry: Entry) -> Iterator[tuple[str, tuple[bytes, int]]]:
    if isinstance(entry, Asset):
        yield name, (entry.content, 0)
    elif isinstance(entry, Archive):
        with zipfile.ZipFile(io.BytesIO(entry.content)) as nested:
            for info in nested.infolist():
                if not info.is_dir():
                    yield _joined(name, info.filename), (nested.read(info), info.external_attr >> 16 & _EXECUTABLE)
    elif entry.is_dir():
        yield from _walked(name, entry)
    else:
        yield name, (asset_from_file(entry).content, entry.stat().st_mode & _EXECUTABLE)


def _walked(prefix: str, folder: Path) -> Iterator[tuple[str, tuple[bytes, int]]]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not _SKIPPED & set(relative.parts):
            yield _joined(prefix, relative.as_posix()), (path.read_bytes(), path.stat().st_mode & _EXECUTABLE)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name


def _zipped(files: Mapping[str, tuple[bytes, int]]) -> Archive:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle:
        for name in sorted(files):
            content, executable = files[name]
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, whatever the machine: the attributes below are read as a Unix mode
            info.external_attr = (0o755 if executable else 0o644) << 16
            bundle.writestr(info, content)
    return Archive(buffer.getvalue())
