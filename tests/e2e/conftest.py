"""The `canary` command as a person types it, against functions that a person made with plain boto3."""

import io
import json
import os
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from localcloud.running import RunningCloud, running_cloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY

BIN = Path(sys.executable).parent
ROLE = "arn:aws:iam::000000000000:role/own"


@pytest.fixture(scope="session")
def fast_cloud() -> Iterator[RunningCloud]:
    """An embedded cloud whose one-minute alarms evaluate every ten seconds."""
    with running_cloud("--seed", "11", "--speed", "6") as running:
        yield running


@pytest.fixture(scope="session")
def store_table(fast_cloud: RunningCloud) -> str:
    """An empty table of rollouts, shared by all releases of the session."""
    name = "rollouts-e2e"
    fast_cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    return name


@dataclass(kw_only=True)
class Canary:
    """Runs `canary` with the variables that `localcloud env` prints; nothing else tells it where it is."""

    cloud: RunningCloud
    store: str

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(BIN / "canary"), *arguments, "--store", self.store],
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def status(self, rollout: str) -> Mapping[str, Any]:
        (told,) = json.loads(self.run("status", rollout, "--json").stdout)
        known: Mapping[str, Any] = told
        return known

    def history(self, rollout: str) -> list[Mapping[str, Any]]:
        told: list[Mapping[str, Any]] = json.loads(self.run("history", rollout, "--json").stdout)
        return told

    def variables(self) -> dict[str, str]:
        return dict(os.environ) | {
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": self.cloud.region,
            "AWS_DEFAULT_REGION": self.cloud.region,
        }


@pytest.fixture
def canary(fast_cloud: RunningCloud, store_table: str) -> Canary:
    return Canary(cloud=fast_cloud, store=store_table)


@dataclass(kw_only=True)
class Traffic:
    """Calls `function:live` at an even pace from a few threads, and counts what came back by version."""

    cloud: RunningCloud
    function: str
    rate: float
    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    CALLERS = 3

    def __enter__(self) -> Self:
        for _ in range(self.CALLERS):
            thread = threading.Thread(target=self._call, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_error: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        client = self.cloud.client("lambda")
        due = time.monotonic()
        while not self._ending.is_set():
            due += self.CALLERS / self.rate
            try:
                answer = client.invoke(FunctionName=self.function, Qualifier="live", Payload=b"{}")
            except client.exceptions.ClientError as error:
                self.lost.append(str(error))
            else:
                answer["Payload"].read()
                self.answered[answer["ExecutedVersion"]] += 1
            self._ending.wait(max(0.0, due - time.monotonic()))


@dataclass(frozen=True, kw_only=True)
class Published:
    """A function of one's own: version 1 serves `live`, version 2 is the candidate."""

    name: str
    cloud: RunningCloud

    def live(self) -> Mapping[str, Any]:
        alias = self.cloud.client("lambda").get_alias(FunctionName=self.name, Name="live")
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return {"version": alias["FunctionVersion"], "weights": weights}


Publish = Callable[..., Published]


@pytest.fixture
def publish(fast_cloud: RunningCloud) -> Publish:
    """Makes a function with plain boto3, then updates its code and publishes that as version 2."""

    def publish_it(stable: Mapping[str, str], candidate: Mapping[str, str], *, timeout: int = 3) -> Published:
        client = fast_cloud.client("lambda")
        name = f"own-{uuid.uuid4().hex[:8]}"
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler="app.handler",
            Timeout=timeout,
            Code={"ZipFile": zipped(stable)},
            Publish=True,
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        client.update_function_code(FunctionName=name, ZipFile=zipped(candidate))
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        client.publish_version(FunctionName=name, Description="the candidate")
        return Published(name=name, cloud=fast_cloud)

    return publish_it


def zipped(files: Mapping[str, str]) -> bytes:
    """A deployment package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        for path, text in files.items():
            bundle.writestr(path, text)
    return packed.getvalue()
