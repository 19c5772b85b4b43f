"""Two versions behind one alias under real load: what the callers of each one see, by its own header."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from examples.releases import EXAMPLES, build_release
from loadtests.document import Api
from loadtests.run import Load
from loadtests.shapes import Shape
from tests.handlers.deployment import FRAUD_SECRET, Service, bundle
from tests.handlers.document import OPERATIONS

pytestmark = pytest.mark.localcloud


def driven(service: Service, summary: Path) -> dict[str, Any]:
    load = Load(
        host=f"{service.cloud.endpoint}{service.base_path}",
        users=8,
        rate=100,
        duration_seconds=20,
        warm_up_seconds=0,
        shape=Shape.CONSTANT,
        apis=(Api.PAYMENTS, Api.TRANSACTIONS),
        seed=7,
        snapshots=None,
        summary=summary,
    )
    secrets = {"PAYMENTS_API_KEY": service.api_key, "FRAUD_WEBHOOK_SECRET": FRAUD_SECRET}
    subprocess.run(load.command(), env=os.environ | secrets, capture_output=True, check=True)
    figures: dict[str, Any] = json.loads(summary.read_text())
    return figures


def test_callers_see_the_faults_of_the_faulty_release_and_none_of_the_other(service: Service, tmp_path: Path) -> None:
    client, name = service.cloud.client("lambda"), service.function("payment-processor")
    code = bundle(build_release(EXAMPLES / "faulty_release", tmp_path / "release"))
    client.update_function_code(FunctionName=name, ZipFile=code)
    faulty = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {faulty: 0.9}})
    summary = driven(service, tmp_path / "summary.json")
    seen = summary["versions"]
    assert summary["endpoints"].keys() == {f"{each.method} {each.template}" for each in OPERATIONS}
    assert seen.keys() == {"1", faulty}
    assert seen["1"]["failed"] == 0
    assert 0.005 < seen[faulty]["failed"] / seen[faulty]["requests"] < 0.06
    assert seen[faulty]["slow"] > 0
