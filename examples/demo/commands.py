"""Runs the product's own commands as a person would, and ends every process that it started."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
BIN: Final = Path(sys.executable).parent
ENDS_WITHIN_S: Final = 30


class CommandFailed(Exception):
    """A command of the story ended in a way that the story does not know."""


@dataclass
class Shell:
    """A folder to work in, the variables that point AWS clients at the embedded cloud, and what is running."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *command: str, expect: Sequence[int] = (0,), on_line: Callable[[str], None] | None = None) -> str:
        """The command's stdout; each line of its stderr is told while it runs.

        Raises:
            CommandFailed: another exit code than those expected.
        """
        process = self._start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line.rstrip())
            if on_line is not None:
                on_line(line.rstrip())
        output = process.stdout.read()
        code = process.wait()
        self.running.remove(process)
        if code not in expect:
            raise CommandFailed(f"{' '.join(command)} ended with {code}: {' / '.join(told[-5:]) or output[-500:]}")
        return output

    def start(self, *command: str, log: Path) -> subprocess.Popen[str]:
        """A command that goes on in the background; its narration goes to a file."""
        with log.open("w") as narration:
            return self._start(command, stdout=narration, stderr=subprocess.STDOUT)

    def stop(self, process: subprocess.Popen[str]) -> None:
        """Ends a background command by SIGTERM, after which it may still write its figures."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=ENDS_WITHIN_S)
        self.running.remove(process)

    def stop_all(self) -> None:
        """Ends everything that was started here, the last first; a release takes its traffic back before it ends."""
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self.running.clear()

    def _start(self, command: Sequence[str], *, stdout: IO[str] | int, stderr: int) -> subprocess.Popen[str]:
        program, *arguments = command
        known = BIN / program
        process = subprocess.Popen(  # noqa: S603 - the product's own commands
            [str(known) if known.exists() else program, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the story first, which then ends its commands in order
        )
        self.running.append(process)
        return process


def read_json(path: Path) -> Any:  # noqa: ANN401 - the figures of another process
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
