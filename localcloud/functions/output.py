"""What a process writes, as lines: stdout and stderr in one pipe, read without waiting."""

import os
from collections import deque
from typing import Final

_CHUNK: Final = 1 << 16
_LINES: Final = 10_000
"""Lines kept between two takes; the oldest go first."""


class Output:
    """Collects lines from the read end of a pipe.

    Whoever reads after the process has answered gets every line of that invocation and none of another: the process
    wrote them before it answered, so they are in the pipe already.

    Attributes:
        pipe: The file descriptor; `close` closes it.
    """

    def __init__(self, pipe: int) -> None:
        os.set_blocking(pipe, False)
        self.pipe = pipe
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._tail = b""

    def read(self) -> bool:
        """Takes in what the pipe holds now; False once the other end is closed."""
        while True:
            try:
                chunk = os.read(self.pipe, _CHUNK)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *whole, self._tail = (self._tail + chunk).split(b"\n")
            self._lines.extend(_text(line) for line in whole)

    def take(self) -> tuple[str, ...]:
        """The lines since the last take; an unfinished one counts as a line."""
        if self._tail:
            self._lines.append(_text(self._tail))
            self._tail = b""
        taken = tuple(self._lines)
        self._lines.clear()
        return taken

    def close(self) -> None:
        """Closes the pipe."""
        os.close(self.pipe)


def _text(line: bytes) -> str:
    """One log event; awslambdaric joins the lines of a traceback by carriage returns to keep them together."""
    return line.decode("utf-8", "replace").rstrip("\r").replace("\r", "\n")
