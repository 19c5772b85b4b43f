"""The `canary` command in this process, against the embedded cloud, as `localcloud env` sets it up."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from canary.aws.store import DynamoStore
from canary.cli import main
from canary.core.ledger import EntryKind
from canary.core.rollout import Rollout
from localcloud.running import RunningCloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY
from tests.fakes import START
from tests.rollout_table import rollout_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answered."""

    code: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.stdout)


Canary = Callable[..., Answer]
Keep = Callable[[Rollout], Rollout]


@pytest.fixture
def table(cloud: RunningCloud) -> str:
    """An empty table of rollouts."""
    return rollout_table(cloud)


@pytest.fixture
def canary(
    cloud: RunningCloud, table: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Canary:
    """Runs `canary ARGUMENTS --store TABLE`."""
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["canary", *arguments, "--store", table])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Answer(code=int(ended.value.code or 0), stdout=told.out, stderr=told.err)

    return run


@pytest.fixture
def keep(cloud: RunningCloud, table: str) -> Keep:
    """Keeps a rollout in the table."""

    def kept(rollout: Rollout) -> Rollout:
        recorded, entry = rollout.recording(EntryKind.OPENED, "release", at=START, by="ci")
        DynamoStore(cloud.client("dynamodb"), table).open_rollout(recorded, entry)
        return recorded

    return kept
