"""T4, T5, T7: `make demo` tells a true story: a good release that loses nothing, and a bad one that goes back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]


def start_demo(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "examples.demo", "--folder", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def left_behind(folder: Path) -> list[str]:
    """Processes that still know of the demo's folder."""
    lines = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(folder) in line]


@pytest.mark.e2e
def test_the_good_release_loses_nothing_and_the_bad_one_goes_back(tmp_path: Path) -> None:
    demo = start_demo(tmp_path)
    told, _ = demo.communicate()

    assert demo.returncode == 0, told
    good, bad = json.loads((tmp_path / "summary.json").read_text())["releases"]
    assert (good["outcome"], good["failed_requests"]) == ("promoted", 0), told
    assert (bad["outcome"], bad["from_version"], bad["to_version"]) == ("rolled_back", "2", "3")
    assert bad["by_version"]["3"]["bad"] > 0
    assert_shares(good)
    assert "As the callers saw it" in (tmp_path / "report.html").read_text()
    assert left_behind(tmp_path) == []


def assert_shares(release: dict[str, Any]) -> None:
    """The first step's share is that of its weight, within four standard deviations."""
    step = release["steps"][0]
    weight, answered = step["weight_percent"] / 100, sum(step["requests_by_version"].values())
    assert abs(step["observed_share"] - weight) < 4 * (weight * (1 - weight) / answered) ** 0.5 + 0.05
