"""`canary release --detach` and `canary retry`: what they need, and what they refuse (issue 4)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from canary import schema
from localcloud.running import RunningCloud
from tests.cli.conftest import Canary
from tests.fakes import START
from tests.localcloud.functions_under_test import behind_alias, deployed

SLEEPS = "def handler(event, context):\n    return None\n"
ENVIRONMENT = "detached"


@pytest.fixture
def controller(cloud: RunningCloud, table: str) -> Iterator[str]:
    """A stack has published a controller, which does nothing."""
    name = deployed(cloud, SLEEPS).name
    published = {
        "schema": schema.RELEASE_SCHEMA,
        "environment": ENVIRONMENT,
        "region": cloud.region,
        "store": table,
        "targets": [],
        "alarms": [],
        "live_url": "",
        "preview_url": "",
        "controller": name,
    }
    parameter = schema.release_parameter(ENVIRONMENT)
    cloud.client("ssm").put_parameter(Name=parameter, Value=json.dumps(published), Type="String", Overwrite=True)
    yield name
    cloud.client("ssm").delete_parameter(Name=parameter)


def test_without_a_controller_nothing_is_left_to_it(canary: Canary, cloud: RunningCloud) -> None:
    refused = canary("release", "-f", behind_alias(cloud).name, "--detach")

    assert (refused.code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("canary: no controller inside AWS is known; name an environment that has one")
    assert canary("status").stdout == "no rollout is open\n"


def test_a_command_of_this_machine_is_left_to_nobody(
    canary: Canary, cloud: RunningCloud, controller: str, tmp_path: Path
) -> None:
    config = tmp_path / "rollout.toml"
    config.write_text('[[hooks]]\nname = "gate"\nrun = "true"\n')

    refused = canary(
        "release", "--env", ENVIRONMENT, "-f", behind_alias(cloud).name, "--config", str(config), "--detach"
    )

    assert controller
    assert (refused.code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("canary: hook gate is a command of this machine, which nobody runs for a detached")
    assert canary("status").stdout == "no rollout is open\n"


def test_a_release_that_nobody_takes_over_is_told(
    canary: Canary, cloud: RunningCloud, controller: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.cli.release.TAKEN_OVER_WITHIN", START - START)

    told = canary("release", "--env", ENVIRONMENT, "-f", behind_alias(cloud).name, "--detach")

    assert told.code == 75
    assert f"is open at 0 %, and {controller} has not taken it over; look at its log, then carry it on" in told.stderr
    (standing,) = canary("status", "--json").data
    assert (standing["phase"], standing["weight_percent"]) == ("pending", 0)
    assert canary("abort", standing["rollout"]).code == 0


def test_what_was_rolled_back_is_released_once_more_by_the_same_plan(canary: Canary, cloud: RunningCloud) -> None:
    function = behind_alias(cloud)
    plan = ("--strategy", "5%:2m,100%:1m", "--min-requests", "7", "--tick", "1s", "--gate", "false")
    first = canary("release", "-f", function.name, *plan, "--json").data

    retried = canary("retry", first["rollout"], "--why", "the bank was down", "--json")

    assert (retried.code, retried.data["outcome"]) == (1, "rolled_back"), retried.stderr
    assert retried.data["rollout"] != first["rollout"]
    assert [retried.data[key] for key in ("strategy", "targets")] == [first[key] for key in ("strategy", "targets")]
    told = canary("history", retried.data["rollout"], "--json").data
    assert told[0]["reason"] == f"retry of {first['rollout']}: the bank was down"
    assert "hook gate failed" in told[-1]["reason"]


def test_there_is_nothing_to_retry_of_a_rollout_that_never_was(canary: Canary) -> None:
    refused = canary("retry", "r-nowhere")

    assert (refused.code, refused.stderr) == (
        2,
        "canary: there is no rollout r-nowhere; canary history lists those there were\n",
    )
