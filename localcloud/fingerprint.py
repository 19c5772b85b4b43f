"""Refuses a ministack that is not the one localcloud was written against.

localcloud wraps private functions of ministack. For each of them `fingerprint.json` holds the parameters and a digest
of the source; a difference would otherwise show as wrong behaviour, far from its cause. To move to another ministack:
run the behaviour tests in ``tests/localcloud`` against it, then ``python -m localcloud.fingerprint --write``.
"""

import argparse
import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from localcloud.seams import Seam, all_seams

EXPECTED_FILE: Final = Path(__file__).with_name("fingerprint.json")
_NAMED: Final = 5
_GONE: Final = "missing"


class UnexpectedMinistack(Exception):
    """One line: what differs, and what to type next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """ministack as localcloud sees it.

    Attributes:
        version: Its version.
        parts: ``module.name`` -> ``(parameters) digest`` of a function or class, the name of its type of data.
    """

    version: str
    parts: Mapping[str, str]

    def json(self) -> str:
        """As kept in `EXPECTED_FILE`."""
        return json.dumps({"version": self.version, "parts": dict(sorted(self.parts.items()))}, indent=2) + "\n"


def installed() -> Fingerprint:
    """The fingerprint of the ministack that is installed; to be taken before anything is replaced."""
    return Fingerprint(
        version=version("ministack"),
        parts={f"{seam.module}.{seam.name}": _part(seam) for seam in all_seams()},
    )


def expected(path: Path = EXPECTED_FILE) -> Fingerprint:
    """The fingerprint that localcloud was written against."""
    kept = json.loads(path.read_text())
    return Fingerprint(version=kept["version"], parts=kept["parts"])


def require_expected(path: Path = EXPECTED_FILE) -> None:
    """Returns when the installed ministack is the expected one.

    Raises:
        UnexpectedMinistack: It is not.
    """
    wanted, found = expected(path), installed()
    changed = sorted(
        name for name in wanted.parts.keys() | found.parts if wanted.parts.get(name) != found.parts.get(name)
    )
    if not changed and wanted.version == found.version:
        return
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    raise UnexpectedMinistack(
        f"ministack {found.version} is not the expected {wanted.version}; {len(changed)} parts that localcloud wraps "
        f"differ: {', '.join(changed[:_NAMED]) or 'none'}{more}. Type `pip install ministack=={wanted.version}`, "
        "or run `pytest tests/localcloud` and, if that passes, `python -m localcloud.fingerprint --write`"
    )


def _part(seam: Seam) -> str:
    try:
        value = seam.value
    except (AttributeError, ImportError):
        return _GONE
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return type(value).__name__
    digest = hashlib.sha256(inspect.getsource(value).encode()).hexdigest()[:16]
    return f"({', '.join(inspect.signature(value).parameters)}) {digest}"


def main() -> None:
    """Checks the installed ministack, or takes it as the expected one."""
    parser = argparse.ArgumentParser(prog="localcloud.fingerprint", description=__doc__)
    parser.add_argument("--write", action="store_true", help="take the installed ministack as the expected one")
    if parser.parse_args().write:
        EXPECTED_FILE.write_text(installed().json())
        return
    try:
        require_expected()
    except UnexpectedMinistack as unexpected:
        raise SystemExit(str(unexpected)) from unexpected


if __name__ == "__main__":
    main()
