"""The operator's command for dead letters, on real queues."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from handlers import dead_letters
from tests.handlers.resources import FifoQueue, drained, make_queue, sqs_of

if TYPE_CHECKING:
    from localcloud.running import RunningCloud

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(scope="module")
def queue(cloud: RunningCloud) -> FifoQueue:
    return make_queue(cloud, "letters", visibility_seconds=30)


@pytest.fixture(autouse=True)
def _two_letters(cloud: RunningCloud, queue: FifoQueue) -> None:
    drained(cloud, queue.url)
    drained(cloud, queue.dead_letter_url)
    for group in ("a", "b"):
        sqs_of(cloud).send_message(
            QueueUrl=queue.dead_letter_url,
            MessageBody=json.dumps({"group": group, "note": "4242 4242 4242 4242"}),
            MessageGroupId=group,
            MessageDeduplicationId=str(uuid4()),
            MessageAttributes={"ErrorCode": {"DataType": "String", "StringValue": "KeyError"}},
        )


def run(*arguments: str) -> int:
    return dead_letters.main(list(arguments))


def test_letters_are_shown_masked_and_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "--queue", "letters-dead.fifo") == 0
    shown: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(letter["group"], letter["ErrorCode"]) for letter in shown] == [("a", "KeyError"), ("b", "KeyError")]
    assert [letter["body"] for letter in shown] == [f'{{"group": "{g}", "note": "[card data]"}}' for g in "ab"]
    assert run("show", "--queue", "letters-dead.fifo") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_letters_are_put_back_in_their_groups(
    cloud: RunningCloud, queue: FifoQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("replay", "--queue", "letters-dead.fifo", "--to", "letters.fifo") == 0
    assert json.loads(capsys.readouterr().out) == {"replayed": 2, "failed": 0}
    assert [json.loads(body)["group"] for body in drained(cloud, queue.url)] == ["a", "b"]
    assert drained(cloud, queue.dead_letter_url) == []


def test_a_letter_that_a_function_does_not_take_stays(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "--queue", "letters-dead.fifo", "--function", "no-such-function") == 2
    assert "no-such-function" in capsys.readouterr().err


def test_an_unknown_queue_says_how_to_find_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "--queue", "none") == 2
    assert "aws sqs list-queues" in capsys.readouterr().err


def test_a_replay_needs_a_target() -> None:
    with pytest.raises(SystemExit, match="2"):
        run("replay", "--queue", "letters-dead.fifo")
