"""Bad input is one line that says what to do, with its exit code, and changes nothing."""

import pytest

from tests.e2e.conftest import Canary, Publish, Published
from tests.e2e.test_own_code import HEALTHY

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def made() -> dict[str, Published]:
    return {}


@pytest.fixture
def function(publish: Publish, made: dict[str, Published]) -> Published:
    """One function for all refusals: none of them may change it."""
    if not made:
        made["it"] = publish(HEALTHY, HEALTHY | {"note.txt": "2"})
    return made["it"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--strategy", "Canary99"), "unknown strategy 'Canary99'; choose one of Canary10Percent5Minutes"),
        (("--strategy", "120%:5m"), "a weight of 120 % is outside 0..100 %"),
        (("--strategy", "50%:5m,10%:5m"), "weights must rise"),
        (("--candidate", "77"), "has no published version 77; list them: aws lambda list-versions-by-function"),
        (("--candidate", "$LATEST"), "has no published version $LATEST"),
        (("--alias", "nowhere"), "there is no alias"),
        (("--alarm", "no-such-alarm"), "alarm no-such-alarm does not exist; mend that first"),
        (("--config", "nowhere.toml"), "nowhere.toml cannot be read: No such file or directory"),
        (("--tick", "soon"), "'soon' is no duration; write it like 90s, 5m or 1h30m"),
    ],
)
def test_what_cannot_be_released_is_refused_in_one_line(
    canary: Canary, function: Published, arguments: tuple[str, ...], why: str
) -> None:
    refused = canary.run("release", "--function", function.name, *arguments)

    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.strip().splitlines()
    assert why in line
    assert function.live() == {"version": "1", "weights": {}}


def test_a_function_that_does_not_exist_is_refused(canary: Canary) -> None:
    refused = canary.run("release", "--function", "nobody")

    assert refused.returncode == 2
    assert refused.stderr == "canary: there is no alias nobody:live; check the name, or deploy the stack first\n"


def test_an_environment_that_published_nothing_is_refused(canary: Canary) -> None:
    refused = canary.run("release", "--env", "nowhere")

    assert refused.returncode == 2
    assert "environment 'nowhere' has published no release parameter (/bluegreen/nowhere/release)" in refused.stderr


def test_a_cloud_that_does_not_answer_is_exit_code_75(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = canary.variables() | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    monkeypatch.setattr(canary, "variables", lambda: variables)

    assert canary.run("status").returncode == 75


def test_nothing_to_look_at_is_said(canary: Canary) -> None:
    unknown = canary.run("status", "r-nowhere")
    nothing = canary.run("watch", "r-nowhere")

    assert (unknown.returncode, nothing.returncode) == (2, 2)
    assert "there is no rollout r-nowhere; canary history lists those there were" in unknown.stderr
