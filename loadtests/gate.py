"""``python -m loadtests.gate``: may this candidate be released? Locust drives it, the figures decide.

Exit codes: 0 pass; 1 fail, or inconclusive because of too few requests; 2 bad input, or an address that is no stage of
the payments API; 75 the target cannot be reached. One line on stdout says which and why; ``--json`` leaves the figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn, TypeAlias
from urllib.parse import urlsplit

from loadtests.document import VERSION_HEADER
from loadtests.run import Load, load_options, parse_count, parse_load, parse_number, parse_positive
from loadtests.verdict import Evidence, GateVerdict, Judgement, Limits, judge

PASSED: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
UNREACHABLE: Final = 75
PROBE_SECONDS: Final = 10
END_SECONDS: Final = 15
WARM_UP_SECONDS: Final = 3.0
NOT_A_STAGE: Final = frozenset({http.client.FORBIDDEN, http.client.NOT_FOUND})

Summary: TypeAlias = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class NoVerdict(Exception):
    """Why nothing could be decided, and the exit code that says so."""

    exit_code: int
    reason: str


def main(arguments: list[str] | None = None) -> int:
    """The exit code of the command."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="gate-") as folder:
            load = parse_load(options, summary=Path(folder) / "summary.json")
            probe(load.host)
            summary = drive(load)
    except NoVerdict as stopped:
        sys.stderr.write(f"{stopped.reason}\n")
        return stopped.exit_code
    limits = Limits(p99_ms=options.p99_ms, error_share=options.errors / 100, min_requests=options.min_requests)
    judgement = judge(evidence_in(summary), limits)
    if options.json is not None:
        options.json.write_text(json.dumps(report(load, limits, judgement, summary), indent=2) + "\n")
    sys.stdout.write(f"{judgement.verdict}: {judgement.reason} ({load.warm_up_seconds:g} s warm-up left out)\n")
    return PASSED if judgement.verdict is GateVerdict.PASS else FAILED


def probe(host: str) -> None:
    """Asks the stage once, so that a wrong address is not mistaken for a bad candidate.

    Raises:
        NoVerdict: nothing answers there, or what answers has no such stage.
    """
    parts = urlsplit(host)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", f"{parts.path}/payments/none")
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        reason = f"{host} cannot be reached ({error}); is the stack deployed and --host its preview_url?"
        raise NoVerdict(UNREACHABLE, reason) from error
    finally:
        connection.close()
    if answer.status in NOT_A_STAGE and VERSION_HEADER not in answer.headers:
        reason = f"{host} answers {answer.status} to GET /payments/none; give --host the preview_url of the stack"
        raise NoVerdict(BAD_INPUT, reason)


def drive(load: Load) -> Summary:
    """The figures of the whole run; Locust never outlives this call.

    Raises:
        NoVerdict: Locust ended without figures.
    """
    with subprocess.Popen(load.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as locust:  # noqa: S603 - built from checked options
        try:
            _, said = locust.communicate()
        finally:
            _end(locust)
    if load.summary is None or not load.summary.is_file():
        last = said.strip().splitlines()[-1:] or ["without a word"]
        raise NoVerdict(BAD_INPUT, f"Locust ended with code {locust.returncode}: {last[0]}")
    summary: Summary = json.loads(load.summary.read_text())
    return summary


def evidence_in(summary: Summary) -> Evidence:
    """What the verdict is made of."""
    total = summary["total"]
    return Evidence(requests=total["requests"], failed=total["failed"], p99_ms=total["p99_ms"])


def report(load: Load, limits: Limits, judgement: Judgement, summary: Summary) -> dict[str, object]:
    """Everything about the run, for JSON."""
    return {
        "schema": "gate/1",
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "host": load.host,
        "users": load.users,
        "rate": load.rate,
        "duration_seconds": load.duration_seconds,
        "warm_up_seconds": load.warm_up_seconds,
        "shape": load.shape.value,
        "apis": [api.value for api in load.apis],
        "limits": asdict(limits),
        **summary,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.gate", description="p99 and errors of a stage under load.", parents=[load_options()]
    )
    parser.add_argument("--p99-ms", type=parse_positive, default=Limits().p99_ms, help="(default: %(default)g)")
    parser.add_argument(
        "--errors",
        type=parse_number,
        default=Limits().error_share * 100,
        metavar="PERCENT",
        help="(default: %(default)g)",
    )
    parser.add_argument(
        "--min-requests", type=parse_count, default=Limits().min_requests, help="for a pass (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="verdict and figures")
    parser.set_defaults(warm_up=WARM_UP_SECONDS)
    return parser


def _end(locust: subprocess.Popen[str]) -> None:
    locust.terminate()
    try:
        locust.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        locust.kill()


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise NoVerdict(128 + number, "stopped before a verdict; nothing was decided")


if __name__ == "__main__":
    sys.exit(main())
