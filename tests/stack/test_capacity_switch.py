"""A5: the switch between on-demand and provisioned capacity, on a live table, under load."""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.engine.deploy import deploy
from localcloud.engine.jobs import Result
from localcloud.running import RunningCloud, running_cloud

pytestmark = pytest.mark.localcloud
TABLE = "table-payments-dev"
RATE = 100
WRITERS = 4


@dataclass(slots=True)
class Writers:
    """`RATE` writes a second from `WRITERS` threads, by a timetable; all that was due in the end is written.

    A writer that falls behind catches up, so that the load is `RATE` whatever else the machine does.
    """

    cloud: RunningCloud
    written: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    _begun: float = 0.0
    _until: float = math.inf
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def write(self, writer: int) -> None:
        table = self.cloud.client("dynamodb")
        number = 0
        while (due := self._begun + number * WRITERS / RATE) < self._until:
            self._stop.wait(max(0.0, due - time.monotonic()))
            if due >= self._until:
                return
            key = f"pay_{writer}_{number}"
            item = {"payment_id": {"S": key}, "status": {"S": "completed"}, "created_at": {"S": str(number)}}
            try:
                table.put_item(TableName=TABLE, Item=item)
                self.written.add(key)
            except (BotoCoreError, ClientError) as failure:
                self.failed.append(str(failure))
            number += 1

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._threads = [threading.Thread(target=self.write, args=(each,)) for each in range(WRITERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._until = time.monotonic()
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self._begun


PROGRAM = """
import pulumi
from stack.program import place_of
from stack.service import PaymentsService
from stack.settings import parse_settings

config = pulumi.Config()
keys = ("capacityMode", "startingCapacity")
given = {key: config.get(key) for key in keys if config.get(key)}
settings = parse_settings("dev", "us-east-1", given)
PaymentsService(settings, place_of(settings, "000000000000")).payments
"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program's own payments table, without the rest of the environment."""
    (tmp_path / "Pulumi.yaml").write_text("name: bluegreen-payments\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def billing_mode(cloud: RunningCloud) -> str:
    table = cloud.client("dynamodb").describe_table(TableName=TABLE)["Table"]
    return table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")


def test_writes_go_on_while_capacity_is_switched_there_and_back(
    cloud: RunningCloud, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No request fails and no item is lost; auto-scaling comes and goes with the provisioned capacity."""

    def apply(**config: str) -> Result:
        settings = {"aws:region": cloud.region, **config}
        return deploy(program, "dev", cloud.endpoint, extra_config=settings, home=program / "state")

    modes = []
    apply()
    with Writers(cloud) as writers:
        for config in (
            {"capacityMode": "provisioned", "startingCapacity": "40"},
            {"capacityMode": "provisioned"},
            {"capacityMode": "on-demand"},
        ):
            apply(**config)
            modes.append(billing_mode(cloud))
            time.sleep(1)

    assert modes == ["PROVISIONED", "PROVISIONED", "PAY_PER_REQUEST"]
    assert writers.failed == []
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
    kept = {item["payment_id"]["S"] for page in pages for item in page["Items"]}
    with capsys.disabled():
        told = f"{len(writers.written):,} writes in {writers.seconds:.1f} s, {len(writers.failed)} failed"
        print(f"\ncapacity switch: {told}, {len(kept):,} items kept")  # noqa: T201 - the report asked for
    assert len(writers.written) > 4 * RATE
    assert kept == writers.written
