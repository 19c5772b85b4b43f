"""No item that the store writes is larger than DynamoDB takes, and no transaction (issue 4)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from canary.aws.store import DynamoStore
from canary.core.evidence import Evidence
from canary.core.judge import judge_counts
from canary.core.ledger import EntryKind
from canary.core.leg import MetricPath, PathEvidence
from canary.core.model import Counts, FunctionName, MetricWindow
from canary.core.request import MOST_TARGETS
from canary.core.rollout import Rollout
from canary.ports import RECORDED_AT_ONCE, RecordedWindows
from tests.fakes import START
from tests.rollouts import a_rollout

LARGEST_ITEM, LARGEST_TRANSACTION, MOST_ACTIONS = 400 * 1024, 4 * 1024 * 1024, 100
LENGTH = timedelta(seconds=10)
COUNTS = Counts(requests=1_234_567, errors=123_456, slow=123_456)


class Recorder:
    """Takes the place of a DynamoDB client and keeps what it was asked to write."""

    def __init__(self) -> None:
        self.writes: list[dict[str, Any]] = []

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's name
        self.writes = TransactItems


def windows(number: int) -> tuple[MetricWindow, ...]:
    return tuple(
        MetricWindow(start=START + index * LENGTH, period=LENGTH, stable=COUNTS, canary=COUNTS)
        for index in range(number)
    )


def largest_release() -> Rollout:
    """As many functions as a release may have, with names as long as Lambda's, in the middle of their evidence."""
    rollout = a_rollout(*(f"function-{number:02d}-{'x' * 50}" for number in range(MOST_TARGETS)))
    evidence = judge_counts(rollout.judge, Evidence(), windows(12)).evidence
    paths = tuple(PathEvidence(path=path, evidence=evidence) for path in MetricPath)
    return replace(rollout, legs=tuple(replace(leg, paths=paths) for leg in rollout.legs))


def test_the_largest_release_after_the_longest_gap_fits_in() -> None:
    client = Recorder()
    store = DynamoStore(cast("Any", client), "rollouts")
    rollout = largest_release()
    judged = [judge_counts(rollout.judge, Evidence(), windows(12)).results for _ in rollout.legs for _ in MetricPath]
    results = tuple(result for of_path in judged for result in of_path)
    ended, entry = rollout.recording(EntryKind.ROLLED_BACK, "why", at=START, by="controller", results=results)
    record = RecordedWindows(resource=FunctionName("function"), path=MetricPath.EMF, windows=windows(RECORDED_AT_ONCE))

    store.commit(ended, [entry], [record])

    sizes = [len(json.dumps(write["Put"]["Item"])) for write in client.writes if "Put" in write]
    assert max(sizes) < LARGEST_ITEM
    assert sum(sizes) < LARGEST_TRANSACTION
    assert len(client.writes) <= MOST_ACTIONS
