"""`canary prune` on the embedded cloud: shows first, deletes only when told (issue 4, coexistence)."""

import pytest

from localcloud.running import RunningCloud
from tests.cli.conftest import Canary
from tests.localcloud.functions_under_test import ECHO, Deployed, behind_alias


@pytest.fixture
def function(cloud: RunningCloud) -> Deployed:
    """A function with versions 1 to 5, of which the first serves."""
    function = behind_alias(cloud)
    for number in range(3, 6):
        function.publish(f"{ECHO}# {number}\n")
    return function


def versions(cloud: RunningCloud, function: Deployed) -> list[str]:
    found = cloud.client("lambda").list_versions_by_function(FunctionName=function.name)["Versions"]
    return [each["Version"] for each in found]


def test_nothing_is_deleted_before_somebody_says_so(canary: Canary, cloud: RunningCloud, function: Deployed) -> None:
    shown = canary("prune", "-f", function.name, "--keep", "2", "--min-age", "0s")

    assert (shown.code, "2 may go: --yes deletes them" in shown.stdout) == (0, True)
    assert versions(cloud, function) == ["$LATEST", "1", "2", "3", "4", "5"]


def test_with_yes_old_versions_go_and_the_rest_stays(canary: Canary, cloud: RunningCloud, function: Deployed) -> None:
    done = canary("prune", "-f", function.name, "--keep", "2", "--min-age", "0s", "--yes")

    assert (done.code, "2 versions were deleted" in done.stdout) == (0, True)
    assert versions(cloud, function) == ["$LATEST", "1", "4", "5"]
    assert function.invoke(qualifier="live").payload["version"] == "1"
    assert "versions 2, 3 were deleted" in canary("audit").stdout


def test_young_versions_stay_by_default(canary: Canary, function: Deployed) -> None:
    (told,) = canary("prune", "-f", function.name, "--keep", "1", "--json").data

    assert (told["function"], told["deleted"]) == (function.name, None)
    assert [each["kept_because"] for each in told["versions"]] == [
        "alias live refers to it",
        *["younger than 24 h"] * 3,
        "one of the newest 1",
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "whose versions? name a function"),
        (("-f", "nobody"), "listing the aliases of nobody"),
        (("-f", "any", "--keep", "0"), "--keep is 0; keep at least 1 version"),
        (("-f", "any", "--min-age", "yesterday"), "'yesterday' is no duration"),
    ],
)
def test_bad_input_is_one_line_and_code_2(canary: Canary, arguments: tuple[str, ...], why: str) -> None:
    answer = canary("prune", *arguments)

    assert (answer.code, why in answer.stderr, answer.stderr.count("\n")) == (2, True, 1)
