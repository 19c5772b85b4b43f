"""`canary judge` as a person runs it: table, JSON, picture, exit codes (issue 3, 5). No cloud is needed for a file."""

import json
import sys
from pathlib import Path

import pytest

from canary.cli import main
from tests.cli.conftest import Answer, Canary

EXAMPLES = Path(__file__).parents[2] / "examples" / "recordings"


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Canary:
    """Runs `canary judge ARGUMENTS`."""

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["canary", "judge", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Answer(code=int(ended.value.code or 0), stdout=told.out, stderr=told.err)

    return run


def example(name: str) -> str:
    return str(EXAMPLES / f"{name}.json")


def test_a_faulty_release_fails_with_code_1_and_its_reason(judge: Canary) -> None:
    answer = judge(example("faulty"))
    assert answer.code == 1
    assert "errors: fail: of the canary's requests 5 of 103 (4.85 %) failed" in answer.stdout
    assert "failed at 12:00:10 UTC" in answer.stdout


def test_a_healthy_release_passes_with_code_0(judge: Canary) -> None:
    answer = judge(example("healthy"))
    assert (answer.code, answer.stderr) == (0, "")
    assert "errors: pass:" in answer.stdout


def test_json_holds_every_period(judge: Canary) -> None:
    (backtest,) = judge(example("late-fault"), "--json").data
    assert (backtest["verdict"], backtest["failed_at"]) == ("fail", "2026-03-01T12:04:20+00:00")
    assert len(backtest["readings"]) == len(json.loads(Path(example("late-fault")).read_text())["periods"])


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_picture_is_written(judge: Canary, tmp_path: Path, ending: str, begins: bytes) -> None:
    picture = tmp_path / f"story.{ending}"
    assert judge(example("late-fault"), "--plot", str(picture)).code == 1
    assert picture.read_bytes().startswith(begins)


def test_without_matplotlib_the_message_names_the_extra(judge: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    answer = judge(example("healthy"), "--plot", "story.png")
    assert (answer.code, answer.stderr) == (
        2,
        "canary: a picture needs matplotlib; pip install 'lambda-bluegreen[plots]'\n",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "judge what?"),
        ((example("healthy"), "--from-history", "r-1"), "judge what?"),
        (("nothing.json",), "nothing.json cannot be read"),
        ((example("healthy"), "--plot", "story.pdf"), "a picture ends in .png or .svg"),
        ((example("healthy"), "--plot", "no/such/folder/story.png"), "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_code_2(judge: Canary, arguments: tuple[str, ...], told: str) -> None:
    answer = judge(*arguments)
    assert (answer.code, answer.stdout) == (2, "")
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1
