"""Builds the code of a release: the service with a few of its files replaced by those of an example.

``python -m examples.releases faulty_release build/releases/3`` leaves a folder with the content of `handlers`; give it
to the stack as the setting ``bundle``. The fault is in the *code* of the release; the service has no switch for faults.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

EXAMPLES: Final = Path(__file__).parent
SERVICE: Final = EXAMPLES.parent / "handlers"
CACHES: Final = shutil.ignore_patterns("__pycache__", "*.pyc")
BAD_INPUT: Final = 2


def build_release(overlay: Path, destination: Path) -> Path:
    """The folder `destination`, made anew: the service with the files of `overlay` in the place of its own.

    Raises:
        FileNotFoundError: the overlay holds a file that the service does not have; then it replaces nothing.
        FileExistsError: `destination` exists and holds something other than a built release.
    """
    if destination.exists() and not (destination / "payment_processor" / "app.py").is_file():
        raise FileExistsError(f"{destination} holds no release that could be replaced; name an empty folder")
    for file in overlay.rglob("*.py"):
        if not (SERVICE / file.relative_to(overlay)).is_file():
            raise FileNotFoundError(f"{file} replaces nothing: handlers has no {file.relative_to(overlay)}")
    shutil.rmtree(destination, ignore_errors=True)
    shutil.copytree(SERVICE, destination, ignore=CACHES)
    shutil.copytree(overlay, destination, ignore=CACHES, dirs_exist_ok=True)
    return destination


def main(arguments: list[str]) -> int:
    """The exit code of the command."""
    known = sorted(path.name for path in EXAMPLES.glob("*_release"))
    match arguments:
        case [name, destination] if name in known:
            print(build_release(EXAMPLES / name, Path(destination)))
            return 0
        case _:
            sys.stderr.write(f"usage: python -m examples.releases {{{','.join(known)}}} FOLDER\n")
            return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
