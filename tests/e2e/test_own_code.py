"""T3, T5: `canary release` of any code of one's own, judged by what Lambda and the function itself report.

The releases run side by side: each waits most of its time for metrics.
"""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import Canary, Publish, Published, Traffic

HEALTHY = {"app.py": "def handler(event, context):\n    return {'statusCode': 200}\n"}
THROWS = {
    "app.py": """
import random
def handler(event, context):
    if random.random() < 0.3:
        raise ValueError("no")
"""
}
SLOW = {
    "app.py": """
import random, time
def handler(event, context):
    time.sleep(0.6 if random.random() < 0.03 else 0)
"""
}
DIES = {"app.py": "import a_module_that_nobody_installed\ndef handler(event, context):\n    return 1\n"}
HANGS = {
    "app.py": """
import random, time
def handler(event, context):
    time.sleep(9 if random.random() < 0.2 else 0)
"""
}

HANDLERS = Path(__file__).parents[2] / "handlers"
JUDGING = Path(__file__).parents[2] / "docs" / "judging.md"
CATCHES = """
import random

@{decorator}
def handler(event, context):
    try:
        if random.random() < {share}:
            raise KeyError("amount")
        return {{"statusCode": 200}}
    except KeyError:
        return {{"statusCode": 500}}
"""


def reporting(share: float) -> dict[str, str]:
    """Code that reports by the payments service's decorator, and answers 500 from a caught exception for a share."""
    files = {f"handlers/{path.relative_to(HANDLERS)}": path.read_text() for path in HANDLERS.rglob("*.py")}
    imported = "from handlers.shared.release_metrics import measured\n"
    return files | {"app.py": imported + CATCHES.format(decorator="measured", share=share)}


def reporting_as_documented(share: float) -> dict[str, str]:
    """The same by the lines that docs/judging.md gives to anybody's code."""
    (lines,) = re.findall(r"```python\n(.*?)```", JUDGING.read_text(), flags=re.DOTALL)
    return {"app.py": lines + CATCHES.format(decorator="reports_itself", share=share)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A candidate, and how its release must end."""

    name: str
    stable: dict[str, str]
    candidate: dict[str, str]
    ends: str
    because: str = ""
    strategy: str = "50%:10s,100%:5s"
    rate: float = 12


CASES = (
    Case(name="an unchanged copy", stable=reporting(0), candidate=reporting(0) | {"note.txt": "2"}, ends="promoted"),
    Case(
        name="caught 500",
        stable=reporting_as_documented(0),
        candidate=reporting_as_documented(0.05),
        ends="rolled_back",
        rate=20,
    ),
    Case(name="throws", stable=HEALTHY, candidate=THROWS, ends="rolled_back", because="errors"),
    Case(name="dies on import", stable=HEALTHY, candidate=DIES, ends="rolled_back", because="errors"),
    Case(name="times out", stable=HEALTHY, candidate=HANGS, ends="rolled_back", because="errors", rate=6),
)
"""Judged by the function's own metrics, or by a guard alarm on Lambda's."""

STANDARD_METRICS_ONLY = (
    Case(name="a plain copy", stable=HEALTHY, candidate=HEALTHY | {"n.txt": "2"}, ends="promoted", strategy="100%:5s"),
    Case(name="slow for 3 % of calls", stable=HEALTHY, candidate=SLOW, ends="rolled_back", because="slow", rate=20),
)
"""Judged by what Lambda reports of any code, a minute at a time."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a release ended, and what its callers saw."""

    code: int
    result: str
    told: str
    live: object
    lost: list[str]
    answered: set[str]


def release(canary: Canary, function: Published, case: Case) -> Ended:
    with Traffic(cloud=canary.cloud, function=function.name, rate=case.rate) as traffic:
        told = canary.run(
            "release", "--function", function.name, "--strategy", case.strategy, "--tick", "3s",
            "--min-requests", "60", "--hold-limit", "4m",
        )  # fmt: skip
    return Ended(
        code=told.returncode,
        result=told.stdout,
        told=told.stdout + told.stderr,
        live=function.live(),
        lost=traffic.lost,
        answered=set(traffic.answered),
    )


@pytest.fixture
def release_all(canary: Canary, publish: Publish) -> Callable[[Sequence[Case]], dict[str, Ended]]:
    """Releases many candidates side by side."""

    def together(cases: Sequence[Case]) -> dict[str, Ended]:
        functions = [
            publish(case.stable, case.candidate, timeout=1 if case.name == "times out" else 3) for case in cases
        ]
        with ThreadPoolExecutor(len(cases)) as pool:
            waiting = [pool.submit(release, canary, *pair) for pair in zip(functions, cases, strict=True)]
            return {case.name: future.result() for case, future in zip(cases, waiting, strict=True)}

    return together


def check(case: Case, ending: Ended) -> None:
    is_good = case.ends == "promoted"
    expected: dict[str, object] = {"version": "2" if is_good else "1", "weights": {}}
    assert (ending.code, ending.live) == (0 if is_good else 1, expected), f"{case.name}: {ending.told}"
    assert case.because in ending.result, f"{case.name}: {ending.told}"
    assert ending.lost == [], case.name
    assert "2" in ending.answered, case.name


@pytest.mark.e2e
def test_bad_versions_go_back_by_themselves_and_good_ones_are_promoted(
    release_all: Callable[[Sequence[Case]], dict[str, Ended]],
) -> None:
    cases = (*CASES, *STANDARD_METRICS_ONLY)

    endings = release_all(cases)

    for case in cases:
        check(case, endings[case.name])
    for case in STANDARD_METRICS_ONLY:
        assert "an HTTP 500 that the code catches is seen by nothing" in endings[case.name].told
