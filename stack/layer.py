"""``python -m stack.layer``: the layer with what the functions import and Lambda's runtime lacks, as it is pinned.

Downloads wheels for the functions' own processor by pip, and packs them so that the same wheels give the same bytes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from stack.bundle import zip_of
from stack.errors import SettingsError
from stack.settings import CHECKOUT, DEFAULTS, Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES: Final = ("aws-xray-sdk", "wrapt")
"""Imported at the first traced invocation; botocore, which they need too, is part of Lambda's runtime."""

PLATFORMS: Final = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
PIPS_OWN: Final = ("INSTALLER", "REQUESTED", "RECORD")
EMBEDDED_CLOUD: Final = "000000000000"
"""An account that AWS gives nobody: there the functions run in this project's own Python, which has all they import."""

BAD_INPUT: Final = 2
UNAVAILABLE: Final = 75


def layer_path(build: Path, architecture: str) -> Path:
    """Where the layer for that processor is built."""
    return build / "layers" / f"dependencies-{architecture}.zip"


def require_layer(build: Path, architecture: str, account: str) -> None:
    """Refuses to go on without the layer where functions need it.

    Raises:
        SettingsError: it is not built, and the account is one of AWS.
    """
    path = layer_path(build, architecture)
    if account != EMBEDDED_CLOUD and not path.exists():
        raise SettingsError(
            f"{path} is not there, and no function can do without its layer on AWS; "
            f"type python -m stack.layer --architecture {architecture}"
        )


def pinned(requirements: str, packages: Sequence[str]) -> tuple[str, ...]:
    """The pins of these packages in the text of a requirements file.

    Raises:
        SettingsError: a package has no pin there.
    """
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", requirements, flags=re.MULTILINE))
    if missing := [each for each in packages if each not in pins]:
        raise SettingsError(f"requirements.txt has no pin of {missing[0]}; type make lock")
    return tuple(f"{each}=={pins[each]}" for each in packages)


def pip_command(pins: Sequence[str], architecture: str, python: str, folder: Path) -> list[str]:
    """The command that puts the pinned wheels for that processor and Python into the folder."""
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-compile", "--only-binary", ":all:", "--target", str(folder)),
        *("--platform", PLATFORMS[architecture], "--python-version", python, *pins),
    ]


def layer_of(folder: Path) -> bytes:
    """The layer's zip: the folder's packages where Lambda looks for them, without what pip notes about itself."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in PIPS_OWN)
    return zip_of({f"python/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in files})


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes ``build/layers/dependencies-<architecture>.zip``, prints its path and size; 75 when pip cannot get it."""
    defaults = DEFAULTS[Environment.PROD]
    parser = argparse.ArgumentParser(prog="python -m stack.layer", description=__doc__)
    parser.add_argument("--architecture", choices=PLATFORMS, default=defaults["architecture"])
    parser.add_argument("--python", default=defaults["runtime"].removeprefix("python"))
    parser.add_argument("--build", type=Path, default=CHECKOUT / defaults["build"])
    given = parser.parse_args(arguments)
    try:
        pins = pinned((CHECKOUT / "requirements.txt").read_text(encoding="utf-8"), PACKAGES)
    except SettingsError as refused:
        sys.stderr.write(f"{refused}\n")
        return BAD_INPUT
    with TemporaryDirectory() as wheels:
        installed = Path(wheels)
        command = pip_command(pins, given.architecture, given.python, installed)
        if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own words
            sys.stderr.write(f"pip could not get {', '.join(pins)} for {given.architecture}; try again\n")
            return UNAVAILABLE
        content = layer_of(installed)
    path = layer_path(given.build, given.architecture)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sys.stdout.write(f"{path} {len(content):,} bytes: {', '.join(pins)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
