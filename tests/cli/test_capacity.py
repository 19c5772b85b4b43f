"""What `canary plan` and `canary release` say of the room that a function has (issue 4, capacity)."""

from pathlib import Path

import pytest

from localcloud.running import RunningCloud
from tests.cli.conftest import Canary
from tests.localcloud.functions_under_test import Deployed, behind_alias


@pytest.fixture
def function(cloud: RunningCloud) -> Deployed:
    """A function with two versions whose alias serves the first."""
    return behind_alias(cloud)


def test_a_function_that_is_switched_off_is_not_released(
    canary: Canary, cloud: RunningCloud, function: Deployed
) -> None:
    cloud.client("lambda").put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)

    refused = canary("release", "-f", function.name)

    assert refused.code == 2
    assert refused.stderr.startswith(f"canary: {function.name} is switched off: its reserved concurrency is 0")
    assert canary("status").stdout == "no rollout is open\n"


def test_more_than_fits_is_refused_before_the_start(
    canary: Canary, cloud: RunningCloud, function: Deployed, tmp_path: Path
) -> None:
    cloud.client("lambda").put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=4)
    config = tmp_path / "rollout.toml"
    config.write_text("[capacity]\nprovisioned = 5\n")

    refused = canary("plan", "-f", function.name, "--config", str(config))

    assert (refused.code, "do not fit into its reserved concurrency of 4" in refused.stderr) == (2, True)


def test_what_is_doubtful_is_said_and_the_plan_is_shown(canary: Canary, function: Deployed) -> None:
    planned = canary("plan", "-f", function.name)

    assert planned.code == 0
    assert f"{function.name}:live may answer " in planned.stderr
    assert " requests at once; how many it has answered is not known" in planned.stderr


def test_an_alias_with_provisioned_concurrency_is_not_released(
    canary: Canary, cloud: RunningCloud, function: Deployed
) -> None:
    cloud.client("lambda").put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )

    refused = canary("release", "-f", function.name)

    assert (refused.code, "beside which Lambda refuses weights" in refused.stderr) == (2, True)
