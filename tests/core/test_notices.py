"""What an on-call person is told: reason, numbers and the command to type (issue 4, notifications)."""

from dataclasses import replace

import pytest

from canary.core.destination import Destination, Medium
from canary.core.errors import ConfigError
from canary.core.evidence import Evidence
from canary.core.ledger import CountsByVersion, EntryKind, LedgerEntry
from canary.core.model import Counts, Phase
from canary.core.notices import Notice, notice_of, notices_of
from tests.fakes import START
from tests.rollouts import a_rollout

COUNTS = (
    CountsByVersion(resource="pay:live", stable=Counts(requests=900, errors=1), canary=Counts(requests=100, errors=6)),
)


def an_entry(kind: EntryKind, phase: Phase = Phase.ROLLING_BACK) -> LedgerEntry:
    rollout = a_rollout()
    _, entry = replace(rollout, phase=phase).recording(kind, "errors: 6 of 100", at=START, by="controller")
    return replace(entry, counts=COUNTS)


def told(kind: EntryKind, phase: Phase = Phase.ROLLING_BACK) -> Notice:
    notice = notice_of(an_entry(kind, phase), a_rollout(), where="--env dev")
    assert notice is not None
    return notice


def test_a_rollback_is_told_with_reason_numbers_and_the_command_to_type() -> None:
    assert told(EntryKind.ROLLING_BACK).as_text() == (
        "pay:live 1 -> 2: rolling back (r-1)\n"
        "why: errors: 6 of 100\n"
        "candidate's share: 0 %\n"
        "pay:live: version 1 900 requests, 1 errors; version 2 100 requests, 6 errors\n"
        "by controller at 2026-11-21 03:00:00 UTC\n"
        "type: canary watch r-1 --env dev"
    )


@pytest.mark.parametrize(
    ("kind", "commands"),
    [
        (EntryKind.OPENED, ("canary watch r-1 --env dev", 'canary abort r-1 --why "..." --env dev')),
        (EntryKind.AWAITING, ('canary approve r-1 --why "..." --env dev', 'canary abort r-1 --why "..." --env dev')),
        (EntryKind.PROMOTED, ('canary undo r-1 --why "..." --env dev',)),
        (EntryKind.ROLLED_BACK, ("canary history r-1 --env dev",)),
        (EntryKind.ABORTED, ("canary history r-1 --env dev",)),
        (EntryKind.UNDONE, ("canary history r-1 --env dev",)),
    ],
)
def test_each_notice_names_the_commands_that_make_sense_next(kind: EntryKind, commands: tuple[str, ...]) -> None:
    assert told(kind).commands == commands


def test_what_nobody_must_be_woken_for_makes_no_notice() -> None:
    entries = [an_entry(kind) for kind in EntryKind]

    assert {notice.kind for notice in notices_of(entries, a_rollout())} == {
        EntryKind.OPENED,
        EntryKind.AWAITING,
        EntryKind.PROMOTED,
        EntryKind.ROLLING_BACK,
        EntryKind.ROLLED_BACK,
        EntryKind.ABORTED,
        EntryKind.UNDONE,
    }


def test_an_opening_claims_no_share_and_no_counts() -> None:
    rollout, entry = a_rollout().recording(EntryKind.OPENED, "new fees", at=START, by="amy")
    assert rollout.legs[0].paths[0].evidence == Evidence()

    notice = notice_of(entry, rollout)

    assert notice is not None
    assert (notice.numbers, notice.commands[0]) == ((), "canary watch r-1")


def test_programs_get_the_same_as_data_with_stable_keys() -> None:
    assert told(EntryKind.PROMOTED, Phase.PROMOTED).as_plain() == {
        "schema": "notice/1",
        "kind": "promoted",
        "rollout": "r-1",
        "targets": ["pay:live 1 -> 2"],
        "at": "2026-11-21T03:00:00+00:00",
        "by": "controller",
        "title": "pay:live 1 -> 2: promoted (r-1)",
        "reason": "errors: 6 of 100",
        "numbers": ["pay:live: version 1 900 requests, 1 errors; version 2 100 requests, 6 errors"],
        "commands": ['canary undo r-1 --why "..." --env dev'],
    }


def test_a_destination_is_a_medium_and_a_name() -> None:
    assert Destination.parse("sns:arn:aws:sns:us-east-1:1:releases").name == "arn:aws:sns:us-east-1:1:releases"
    assert Destination.parse(" events:default ") == Destination(medium=Medium.EVENTS, name="default")


@pytest.mark.parametrize("text", ["sns", "sns:", "mail:amy", "https://hooks.example/secret", "webhook:"])
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no destination; write sns:TOPIC_ARN"):
        Destination.parse(text)


def test_a_webhook_s_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="a webhook's URL is a secret") as refused:
        Destination.parse("webhook:https://hooks.example/T0/B0/secret")

    assert "hooks.example" not in str(refused.value)
