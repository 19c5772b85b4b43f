"""The orders to one rollout as typed (T6): what they say, what they change, what is written down, who is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from canary.aws.alias import LambdaRouter
from canary.aws.store import DynamoStore
from canary.core.ledger import EntryKind
from canary.core.model import AliasName, FunctionName, Phase, RolloutId
from canary.core.rollout import Rollout
from localcloud.running import RunningCloud
from tests.cli.conftest import Canary, Keep
from tests.fakes import START
from tests.localcloud.functions_under_test import behind_alias
from tests.rollouts import a_rollout


@pytest.fixture
def at_10_percent(cloud: RunningCloud, keep: Keep) -> Rollout:
    """A rollout whose alias really serves two versions."""
    function = FunctionName(behind_alias(cloud, weight=0.1).name)
    routing = LambdaRouter(cloud.client("lambda")).read_routing(function, AliasName("live"))
    assert routing is not None
    now = datetime.now(UTC)
    shifted = a_rollout(function).shifting(to_step=0, at=now).reached(at=now)
    return keep(replace(shifted, legs=tuple(replace(leg, base=routing) for leg in shifted.legs)))


@pytest.mark.parametrize(
    ("orders", "phase", "kind"),
    [
        (["pause"], "paused", EntryKind.PAUSED),
        (["pause", "resume"], "progressing", EntryKind.RESUMED),
        (["skip-step"], "progressing", EntryKind.SKIPPED),
        (["promote"], "progressing", EntryKind.SHIFTED),
        (["promote --full"], "promoting", EntryKind.PROMOTING),
    ],
)
def test_an_order_is_told_and_written_down_with_who_and_why(
    canary: Canary, at_10_percent: Rollout, orders: list[str], phase: str, kind: EntryKind
) -> None:
    for order in orders:
        told = canary(*order.split(), at_10_percent.id, "--why", "the bank asks")

    assert (told.code, told.stdout) == (0, f"rollout {at_10_percent.id} is {phase}\n")
    last = canary("history", at_10_percent.id, "--json").data[-1]
    assert (last["kind"], "the bank asks" in last["reason"]) == (kind, True)
    assert last["by"] not in ("", "controller", "ci")


def test_an_approval_is_taken_where_one_is_waited_for(canary: Canary, at_10_percent: Rollout, keep: Keep) -> None:
    refused = canary("approve", at_10_percent.id)
    waiting = keep(
        replace(a_rollout("another").entered(Phase.PROGRESSING, at=START), id=RolloutId("r-2"), awaiting_since=START)
    )
    given = canary("approve", waiting.id, "--why", "looks good")

    assert (refused.code, refused.stderr) == (
        2,
        f"canary: rollout {at_10_percent.id} is progressing and waits for no approval; see canary status\n",
    )
    assert (given.code, given.stdout) == (0, "rollout r-2 is progressing\n")
    assert canary("history", "r-2", "--json").data[-1]["kind"] == "approved"


def test_an_abort_takes_the_traffic_back_before_it_returns(
    canary: Canary, cloud: RunningCloud, at_10_percent: Rollout
) -> None:
    (function,) = (leg.target.function for leg in at_10_percent.legs)

    aborted = canary("abort", "--why", "customers complain")  # the only open one
    again = canary("abort", at_10_percent.id)

    assert (aborted.code, aborted.stdout) == (0, f"rollout {at_10_percent.id} is aborted\n")
    assert (again.code, again.stdout) == (0, aborted.stdout)
    alias = cloud.client("lambda").get_alias(FunctionName=function, Name="live")
    assert (alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})) == ("1", {})
    assert [entry["kind"] for entry in canary("history", at_10_percent.id, "--json").data] == [
        "opened",
        "rolling_back",
        "aborted",
    ]


def test_an_abort_that_the_table_does_not_hear_says_what_to_type_instead(
    canary: Canary, at_10_percent: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")

    unheard = canary("abort", at_10_percent.id)

    assert unheard.code == 75
    assert unheard.stderr.endswith(
        "for each function of the release: aws lambda update-alias --function-name NAME --name live "
        "--routing-config AdditionalVersionWeights={}\n"
    )


def test_a_promotion_is_undone_and_asking_again_is_no_error(
    canary: Canary, cloud: RunningCloud, table: str, keep: Keep
) -> None:
    function = FunctionName(behind_alias(cloud).name)
    cloud.client("lambda").update_alias(FunctionName=function, Name="live", FunctionVersion="2")
    ended = keep(a_rollout(function)).entered(Phase.PROMOTED, at=START)
    promoted, entry = ended.recording(EntryKind.PROMOTED, "all is well", at=START, by="ci")
    DynamoStore(cloud.client("dynamodb"), table).commit(replace(promoted, number=promoted.number + 1), (entry,), ())

    bad = canary("undo", promoted.id, "--to", "2")
    undone = canary("undo", promoted.id, "--why", "customers complain")
    again = canary("undo", promoted.id)

    assert (bad.code, bad.stderr.startswith(f"canary: version 2 is what rollout {promoted.id} promoted;")) == (2, True)
    assert undone.stderr == ""
    assert (undone.code, undone.stdout) == (0, f"rollout {promoted.id} is undone: {function}:live went back\n")
    assert (again.code, again.stdout) == (0, undone.stdout)
    assert cloud.client("lambda").get_alias(FunctionName=function, Name="live")["FunctionVersion"] == "1"
    last = canary("history", promoted.id, "--json").data[-1]
    assert last["reason"] == "back to the version before: customers complain"


@pytest.mark.parametrize("order", ["pause", "resume", "skip-step", "approve", "promote", "abort", "undo"])
def test_orders_to_nobody_are_one_line_and_code_2(canary: Canary, order: str) -> None:
    refused = canary(order, "r-nowhere")

    assert (refused.code, refused.stdout) == (2, "")
    assert refused.stderr == "canary: there is no rollout r-nowhere; canary history lists those there were\n"


def test_in_a_narrow_terminal_ids_and_reasons_are_whole(
    canary: Canary, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They ended in an ellipsis, so that nobody could copy them; and a reason in brackets was a traceback."""
    asked = a_rollout("a-function-with-a-rather-long-name")
    kept = keep(replace(asked, id=RolloutId("r-20261121-0203-x7f2"), reason="see [/tmp/notes] and :fire:"))
    monkeypatch.setenv("COLUMNS", "30")
    status, history, ledger = canary("status"), canary("history"), canary("history", kept.id)
    monkeypatch.setenv("COLUMNS", "200")

    assert [told.code for told in (status, history, ledger)] == [0, 0, 0]
    assert "\u2026" not in status.stdout + history.stdout + ledger.stdout
    assert kept.id in status.stdout
    assert kept.id in history.stdout
    assert "see [/tmp/notes] and :fire:" in canary("history").stdout


def test_where_no_rollout_was_that_is_said(canary: Canary) -> None:
    assert (canary("history").stdout, canary("status").stdout) == ("there was no rollout yet\n", "no rollout is open\n")
