"""What is typed wrong is one line that says what to type, exit code 2, and nothing is changed."""

import sys
from importlib import metadata

import pytest

from canary.cli import main
from localcloud.running import RunningCloud
from tests.cli.conftest import Canary, Keep
from tests.localcloud.functions_under_test import behind_alias
from tests.rollouts import a_rollout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("releese",), "No such command 'releese'"),
        (("release", "--stratgy", "AllAtOnce"), "No such option: --stratgy"),
        (("adopt", "pay"), "Missing option '--to'"),
        (("adopt", "pay", "--to", "latest"), "Invalid value for '--to'"),
        (("plan", "--min-requests", "many"), "Invalid value for '--min-requests'"),
        (("undo",), "Missing argument"),
    ],
)
def test_a_word_that_no_command_knows_is_one_line_with_where_to_look(
    canary: Canary, words: tuple[str, ...], why: str
) -> None:
    """Three lines and a usage picture were printed, and the command to type was among them."""
    refused = canary(*words)

    assert (refused.code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert refused.stderr.startswith(f"canary: {why}"), refused.stderr
    assert refused.stderr.endswith(" --help\n")
    assert ".; " not in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "-f", ""),
        ("release", "--strategy", " "),
        ("abort", "--why", ""),
        ("status", "--env=", "r-1"),
        ("watch", ""),
    ],
)
def test_an_empty_word_is_not_taken_for_one_left_out(canary: Canary, words: tuple[str, ...]) -> None:
    """`--env "$ENVIRONMENT"` with the variable unset released whatever the defaults named."""
    refused = canary(*words)

    assert (refused.code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "has no value: give it one, or leave it out" in refused.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--strategy", "10%:99999999999999h"), "is longer than 365 days"),
        (("--strategy", f"{'9' * 400}%:1m"), "is outside 0..100 %"),
        (("--strategy", "linear:0.01%:1s"), "10000 steps are more than 100"),
        (("--hold-limit", "99999999999999h"), "is longer than 365 days"),
        (("--region", "us east!"), "mend --region"),
    ],
)
def test_numbers_without_bounds_and_settings_of_no_use_are_refused(
    canary: Canary, words: tuple[str, ...], why: str
) -> None:
    refused = canary("plan", "-f", "pay", *words)

    assert (refused.code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert why in refused.stderr


def test_the_alias_may_stand_behind_the_function(canary: Canary, cloud: RunningCloud) -> None:
    function = behind_alias(cloud)
    planned = canary("plan", "-f", f"{function.name}:live", "--candidate", "2", "--json")

    (target,) = planned.data["targets"]
    assert (target["resource"], target["judged_by"]) == (f"{function.name}:live", ["lambda"])
    assert "an HTTP 500 that the code catches is seen by nothing; to have it judged, emit Requests" in planned.stderr


def test_a_second_release_of_an_alias_is_one_line_with_the_first_one_s_id(
    canary: Canary, cloud: RunningCloud, keep: Keep
) -> None:
    function = behind_alias(cloud)
    kept = keep(a_rollout(function.name))

    refused = canary("release", "-f", function.name)

    assert (refused.code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert f"alias {function.name}:live is taken by rollout {kept.id}; watch it (canary watch" in refused.stderr


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["canary", "--version"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert (ended.value.code, capsys.readouterr().out) == (0, f"canary {metadata.version('lambda-bluegreen')}\n")
