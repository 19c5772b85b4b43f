"""`canary stop` and `start` on the embedded cloud, and what they and a freeze forbid (issue 4)."""

from dataclasses import replace
from pathlib import Path

import pytest

from canary.aws.hook_book import DynamoHookBook
from canary.aws.store import DynamoStore
from canary.core.hooks import HookRun, HookStatus
from canary.core.ledger import EntryKind
from localcloud.running import RunningCloud
from tests.cli.conftest import Canary
from tests.fakes import START
from tests.localcloud.functions_under_test import Deployed, behind_alias
from tests.rollouts import a_rollout


@pytest.fixture
def function(cloud: RunningCloud) -> Deployed:
    """A function with two versions whose alias serves the first."""
    return behind_alias(cloud)


def test_a_stop_is_told_to_everybody_and_kept_for_the_audit(canary: Canary, function: Deployed) -> None:
    stopped = canary("stop", "--why", "outage of the bank")
    refused = canary("release", "-f", function.name)
    status = canary("status")
    lifted = canary("start", "--why", "the bank is back")

    assert (stopped.code, stopped.stdout) == (0, "all rollouts are stopped; canary start lets them go on\n")
    assert (refused.code, "outage of the bank; lift that first: canary start" in refused.stderr) == (2, True)
    assert "outage of the bank" in status.stderr
    assert lifted.stdout == "all rollouts go on\n"
    assert [note["deed"] for note in canary("audit", "--json").data] == ["started", "stopped"]


def test_starting_what_is_not_stopped_changes_nothing(canary: Canary) -> None:
    assert canary("start").stdout == "no rollout is stopped\n"
    assert canary("audit", "--json").data == []


def test_a_stop_without_a_reason_is_refused(canary: Canary) -> None:
    assert canary("stop").code == 2


def test_a_release_is_refused_in_a_freeze_and_says_until_when(
    canary: Canary, function: Deployed, tmp_path: Path
) -> None:
    config = tmp_path / "rollout.toml"
    config.write_text('freeze = ["2020-01-01 00:00-2099-01-01 08:00 Europe/Berlin"]\n')

    refused = canary("release", "-f", function.name, "--config", str(config))

    assert refused.code == 2
    assert "canary: no release opens now: frozen until Thu 2099-01-01 08:00 CET by " in refused.stderr
    assert '--fix-forward "why"' in refused.stderr
    assert canary("status").stdout == "no rollout is open\n"
    assert "frozen until Thu 2099-01-01" in canary("plan", "-f", function.name, "--config", str(config)).stderr


@pytest.mark.parametrize(("percent", "code"), [(10, 2), (100, 0)])
def test_a_person_raises_no_weight_past_a_stop_either(
    canary: Canary, cloud: RunningCloud, table: str, percent: int, code: int
) -> None:
    at_step = {10: 0, 100: 2}[percent]
    shifted = a_rollout().shifting(to_step=at_step, at=START).reached(at=START)
    arrived = replace(shifted, legs=tuple(replace(leg, base=leg.asked) for leg in shifted.legs))
    rollout, entry = arrived.recording(EntryKind.OPENED, "release", at=START, by="amy")
    DynamoStore(cloud.client("dynamodb"), table).open_rollout(rollout, entry)
    canary("stop", "--why", "outage of the bank")

    promoted = canary("promote", rollout.id)

    assert (promoted.code, "outage of the bank" in promoted.stderr) == (code, code == 2)


def test_a_waiting_hook_is_answered_from_the_command_line(canary: Canary, cloud: RunningCloud, table: str) -> None:
    run = HookRun(key="r-1/before-traffic/0/smoke", token="t0ken", started_at=START)
    book = DynamoHookBook(cloud.client("dynamodb"), table)
    book.begin(run)

    answered = canary("hook-answer", run.execution_id, "SUCCEEDED", "--why", "looks good")
    late = canary("hook-answer", run.key, "FAILED")
    unknown = canary("hook-answer", "r-2/x", "FAILED")

    assert (answered.code, answered.stdout) == (0, f"hook {run.key} is answered: SUCCEEDED\n")
    assert (late.code, "was answered before: SUCCEEDED" in late.stderr, "looks good" in late.stderr) == (2, True, True)
    assert (unknown.code, "no hook runs under 'r-2/x'" in unknown.stderr) == (2, True)
    kept = book.read(run.key)
    assert kept is not None
    assert kept.status is HookStatus.SUCCEEDED
