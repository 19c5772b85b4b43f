"""One deployment a stack at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.engine.errors import EngineError


@contextmanager
def locked(folder: Path, stack: str) -> Iterator[None]:
    """Holds the stack's lock; refuses at once, naming the holder, when another process has it.

    The kernel drops the lock with its process, so that a killed deployment leaves none behind.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{stack}.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise EngineError(
                f"stack {stack} is being deployed by process {holder}: wait for it, then retry"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
